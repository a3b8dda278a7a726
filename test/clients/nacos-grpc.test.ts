// Where clients of Nacos find gRPC: the ready line has it, HTTP port 0 takes a free one, and a certificate of HTTP is its own.

import { readFileSync } from 'node:fs';
import { credentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { NacosClient } from '../kit/adapters/nacos-client.ts';
import { digShort } from '../kit/dns/dig.ts';
import { Authority } from '../kit/http/certificates.ts';
import { freePort, scratch } from '../kit/process/scratch.ts';
import { type Listen, type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const service = { namespace: 'public', serviceName: 'web', groupName: 'DEFAULT_GROUP' };
const instance = { ip: '10.0.0.7', port: 8080, ephemeral: true, metadata: {} };
const registration = { ...service, type: 'registerInstance', instance };

function grpcOf(server: ServerProcess): readonly Listen[] | undefined {
  return server.logs().find(({ msg }) => msg === 'rollcall is ready')?.['nacosGrpc'] as Listen[] | undefined;
}

test('with HTTP port 0 it takes a free port; what is registered is found by DNS at once', async () => {
  const server = await startServer({ env: { ROLLCALL_ADAPTERS: 'nacos' } });
  const [listen] = grpcOf(server) ?? [];
  expect(listen?.port).toBeGreaterThan(0);
  const client = new NacosClient(listen?.port ?? 0);
  try {
    await client.setUp();
    await client.request('InstanceRequest', registration);
    expect(await digShort(server.dnsPort, 'web.prod.svc A')).toEqual(['10.0.0.7']);
  } finally {
    client.close();
    await server.stop();
  }
});

test('a restart keeps the instance for the grace, and a client that does not come back loses it', async () => {
  const port = await freePort();
  const env = { ROLLCALL_ADAPTERS: 'nacos', ROLLCALL_NACOS_GRPC: `127.0.0.1:${port}` };
  const directory = scratch();
  const first = await startServer({ env, data: 'data', directory });
  const client = new NacosClient(port);
  await client.setUp();
  await client.request('InstanceRequest', registration);
  client.close();
  await first.kill();
  const second = await startServer({ env, data: 'data', directory });
  try {
    expect(await digShort(second.dnsPort, 'web.prod.svc A')).toEqual(['10.0.0.7']);
    await until('its leaving', async () => (await digShort(second.dnsPort, 'web.prod.svc A')).length === 0);
  } finally {
    await second.stop();
  }
});

test('TLS is that of HTTP, and so are client certificates', async () => {
  const authority = await Authority.create();
  const [own, ci] = [await authority.sign('rollcall'), await authority.sign('ci')];
  const server = await startServer({
    env: {
      ...{ ROLLCALL_ADAPTERS: 'nacos', ROLLCALL_TLS_CERT: own.cert, ROLLCALL_TLS_KEY: own.key },
      ...{ ROLLCALL_TLS_CLIENT_CA: authority.ca, ROLLCALL_TLS_CLIENT_AUTH: 'required' },
    },
  });
  const port = grpcOf(server)?.[0]?.port ?? 0;
  const ca = readFileSync(authority.ca);
  const without = new NacosClient(port, credentials.createSsl(ca));
  const client = new NacosClient(port, credentials.createSsl(ca, readFileSync(ci.key), readFileSync(ci.cert)));
  try {
    await expect(without.request('ServerCheckRequest')).rejects.toMatchObject({ code: 14 });
    await client.setUp();
    expect((await client.request('InstanceRequest', registration)).type).toBe('InstanceResponse');
    const log = await until('the log', () => server.logs().find(({ decision }) => decision === 'registered'));
    expect(log).toMatchObject({ certificate: 'ci' });
  } finally {
    without.close();
    client.close();
    await server.stop();
  }
});
