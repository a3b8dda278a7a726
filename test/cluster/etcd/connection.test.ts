// What a member has to be, and what a connection is made with: certificates are read at each one, and while they are replaced
// that may fail, which is no reason to end the program.

import { create, toBinary } from '@bufbuild/protobuf';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/app/process-clock.ts';
import { Connection } from '../../../src/cluster/etcd/connection.ts';
import type { EtcdEndpoint } from '../../../src/cluster/etcd/endpoint.ts';
import { parseEndpoint } from '../../../src/cluster/etcd/endpoint.ts';
import { StatusResponseSchema } from '../../../src/cluster/etcd/generated/maintenance_pb.ts';
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

test('an etcd before 3.4 is refused with its version, and what is needed', async () => {
  const server = new Server();
  const identity = (bytes: Buffer): Buffer => bytes;
  const definition = {
    status: {
      ...{ path: rpcs.status.path, requestStream: false, responseStream: false },
      ...{ requestDeserialize: identity, requestSerialize: identity },
      ...{ responseDeserialize: identity, responseSerialize: identity },
    },
  };
  const old = toBinary(StatusResponseSchema, create(StatusResponseSchema, { version: '3.3.27', leader: 1n }));
  server.addService(definition, {
    status: (_call: unknown, reply: (error: null, bytes: Buffer) => void) => reply(null, Buffer.from(old)),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  const endpoint = parseEndpoint(`http://127.0.0.1:${port}`, 'endpoints') as EtcdEndpoint;
  const connection = new Connection({ endpoints: [endpoint], clock: systemClock });
  await expect
    .poll(async () => connection.call(rpcs.status, {}, 1))
    .toMatchObject({ fault: 'unavailable', detail: expect.stringMatching(/3\.3\.27.*3\.4/) as string });
  connection.close();
  server.forceShutdown();
});
