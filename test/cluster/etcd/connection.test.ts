// Certificates are read at each connection: while they are replaced that may fail, and is no reason to end the program.

import { expect, test } from 'vitest';
import { systemClock } from '../../../src/app/process-clock.ts';
import { Connection } from '../../../src/cluster/etcd/connection.ts';
import type { EtcdEndpoint } from '../../../src/cluster/etcd/endpoint.ts';
import { parseEndpoint } from '../../../src/cluster/etcd/endpoint.ts';
import { rpcs } from '../../../src/cluster/etcd/rpcs.ts';

test('files that cannot be read are the trouble that calls get, and the next attempt reads again', async () => {
  let reads = 0;
  const endpoint = parseEndpoint('https://127.0.0.1:1', 'endpoints') as EtcdEndpoint;
  const connection = new Connection({
    endpoints: [endpoint],
    clock: systemClock,
    tls: () => {
      reads++;
      throw new Error('cannot read ca.pem');
    },
  });
  const reply = await connection.call(rpcs.status, {}, 1);
  expect(reply).toMatchObject({
    fault: 'unavailable',
    detail: expect.stringContaining('cannot read ca.pem') as string,
  });
  await expect.poll(() => reads).toBeGreaterThan(1);
  expect(connection.attempts).toBe(reads);
  connection.close();
});
