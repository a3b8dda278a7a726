// A data folder that is moved away under a running server: readiness and writes report it.

import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ApiClient } from '../kit/http/api-client.ts';
import { startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

test('readiness fails without a write, and writes are refused', async () => {
  const server = await startServer({ data: 'data' });
  onTestFinished(async () => void (await server.kill()));
  const api = new ApiClient(server.http);
  onTestFinished(() => api.close());
  renameSync(join(server.directory, 'data'), join(server.directory, 'elsewhere'));
  await until('it is noticed', async () => {
    const { json } = await api.call('GET', '/readyz');
    return String(json['store']).includes('is gone');
  });
  const { status, json } = await api.call('PUT', '/api/v1/apps/prod/a/one', {
    body: { addrs: ['http://10.0.0.8:80'] },
  });
  expect([status, json['type']]).toEqual([503, 'urn:rollcall:problem:store-failing']);
});
