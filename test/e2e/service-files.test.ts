// Service files beside an operator: an operator's change to an instance of a file is not undone by a restart, a touch or another service.

import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ApiClient } from '../kit/http/api-client.ts';
import { startBackends } from '../kit/http/http-backends.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const entry = (instance: string, addr: string): string =>
  `- {env: prod, appid: legacy, instance: ${instance}, addrs: ["${addr}"], checks: [{type: tcp, port: http, intervalSeconds: 1}]}\n`;

test('drained and cancelled stay so; an emptied file and a vanished folder take nothing away', async () => {
  const backends = await startBackends(['127.0.15.1']);
  const [{ addr } = { addr: '' }] = backends.all;
  const directory = scratch({
    'services.d/legacy.yaml': ['kept', 'drained', 'cancelled'].map((one) => entry(one, addr)).join(''),
  });
  const folder = join(directory, 'services.d');
  const file = join(folder, 'legacy.yaml');
  let server = await startServer({ directory, data: 'data' });
  let api = new ApiClient(server.http);
  const statuses = async () => {
    const { json } = await api.call('GET', '/api/v1/apps/prod/legacy');
    const instances = json['instances'] as { instance: string; status: string }[];
    return Object.fromEntries(instances.map(({ instance, status }) => [instance, status]));
  };
  const restart = async () => {
    api.close();
    await server.stop();
    server = await startServer({ directory, data: 'data' });
    api = new ApiClient(server.http);
  };
  const read = (times: number) => () =>
    server.logs().filter(({ msg }) => msg.startsWith('read a service file')).length === times;
  await until('all are up', async () => Object.values(await statuses()).join() === 'up,up,up');
  await api.call('POST', '/api/v1/apps/prod/legacy/drained/drain');
  await api.call('DELETE', '/api/v1/apps/prod/legacy/cancelled');
  const expected = { drained: 'waiting', kept: 'up' };
  expect(await statuses()).toEqual(expected);
  utimesSync(file, 1, 1);
  await until('it is read again', read(2));
  expect(await statuses()).toEqual(expected);
  await restart();
  expect(await statuses()).toEqual(expected);
  writeFileSync(join(folder, '.next'), ['new', 'kept', 'drained', 'cancelled'].map((one) => entry(one, addr)).join(''));
  renameSync(join(folder, '.next'), file);
  await until('the new service is up', async () => (await statuses())['new'] === 'up');
  expect(await statuses()).toEqual({ ...expected, new: 'up' });
  writeFileSync(file, '');
  await until('the complaint', () => server.output().includes('its last good version counts'));
  renameSync(folder, `${folder}.away`);
  await restart();
  expect(server.output()).toContain('it is gone: the last good version');
  expect(await statuses()).toEqual({ ...expected, new: 'up' });
  renameSync(`${folder}.away`, folder);
  writeFileSync(file, '[]\n');
  await until('all have left', async () => Object.keys(await statuses()).length === 0);
  rmSync(folder, { recursive: true });
  api.close();
  await server.stop();
  await backends.close();
  removeScratch(directory);
});
