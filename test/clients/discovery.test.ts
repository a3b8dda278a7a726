// bilibili's own Go client against rollcall: it finds this server as infra.discovery, registers, and is given each change.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { goClient, reported, startClient } from '../kit/adapters/foreign-clients.ts';
import { digShort } from '../kit/dns/dig.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';

let server: ServerProcess;

beforeAll(async () => {
  server = await startServer({ env: { ROLLCALL_ADAPTERS: 'discovery' } });
});

afterAll(async () => {
  await server?.stop();
});

test('Go naming registers, watches and leaves', async (context) => {
  const fetched = await goClient('naming.go', ['github.com/bilibili/discovery v1.2.0']);
  if ('missing' in fetched) return context.skip(fetched.missing);
  const client = startClient(fetched, [`127.0.0.1:${server.httpPort}`]);
  await reported(client, 'registered');
  await reported(client, '[host-a]');
  expect(await digShort(server.dnsPort, 'account.service.web.dev.svc A')).toEqual(['127.0.20.1']);
  const path = `${server.http}/api/v1/apps/dev/account.service.web/host-b`;
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ addrs: ['http://127.0.20.2:8000'], zone: 'sh001' });
  expect((await fetch(path, { method: 'PUT', headers, body })).status).toBe(201);
  await reported(client, '[host-a host-b]');
  const { code } = await client.stop('SIGTERM');
  expect(code).toBe(0);
  expect(await digShort(server.dnsPort, 'account.service.web.dev.svc A')).toEqual(['127.0.20.2']);
});
