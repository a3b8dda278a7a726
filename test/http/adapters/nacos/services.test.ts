// Nacos's services, and what clients ask about the server.

import { expect, test } from 'vitest';
import { createNacosWorld as world } from '../../../kit/adapters/nacos-world.ts';
import type { Json } from '../../../kit/http/http-world.ts';

test('services are created, shown, listed and deleted', async () => {
  const { send, post, given } = world();
  const service = { serviceName: 'new', protectThreshold: '0.5' };
  expect((await send('POST', '/v1/ns/service', service)).body).toBe('ok');
  expect((await send('POST', '/v1/ns/service', service)).statusCode).toBe(400);
  expect((await send('GET', '/v1/ns/service', service)).json()).toMatchObject({ name: 'new', protectThreshold: 0.5 });
  const names = await send('GET', '/v1/ns/service/list', { pageNo: 1, pageSize: 1 });
  expect(names.json()).toEqual({ count: 1, doms: ['new'] });
  expect((await send('DELETE', '/v1/ns/service', service)).body).toBe('ok');
  expect((await send('GET', '/v1/ns/service', service)).statusCode).toBe(404);
  await post();
  expect((await send('DELETE', '/v1/ns/service', given)).statusCode).toBe(400);
  expect((await send('GET', '/v1/ns/service', given)).body).toBe(
    '{"namespaceId":"public","groupName":"DEFAULT_GROUP","name":"web","protectThreshold":0.0,"metadata":{},' +
      '"selector":{"type":"none","contextType":"NONE"},' +
      '"clusters":[{"name":"DEFAULT","healthChecker":{"type":"TCP"},"metadata":{}}]}',
  );
});

test('a list of services needs a page and its size', async () => {
  const { send } = world();
  const reply = await send('GET', '/v1/ns/service/list');
  expect([reply.statusCode, reply.body]).toEqual([400, "Param 'pageNo' is required."]);
  const second = await send('GET', '/v2/ns/service/list', { pageNo: 1 });
  expect(second.json()).toMatchObject({ code: 10_000 });
});

test.each<[method: string, path: string, status: number, body: unknown]>([
  ['GET', '/v1/ns/operator/metrics', 200, { status: 'UP' }],
  ['GET', '/v1/console/namespaces', 200, { code: 200, data: [{ namespaceShowName: 'public' }] }],
  ['GET', '/v2/console/namespace/list', 200, { code: 0, data: [{ namespaceShowName: 'public' }] }],
  ['GET', '/v1/ns/operator/servers', 200, { servers: [{ alive: true }] }],
  ['GET', '/v1/console/server/state', 200, { function_mode: 'naming' }],
  ['POST', '/v1/cs/configs', 404, { status: 404, error: 'Not Found' }],
  ['GET', '/v2/cs/config', 404, { code: 20_004 }],
  ['GET', '/v1/nothing', 404, { status: 404, message: 'No message available', path: '/nacos/v1/nothing' }],
])('%s %s', async (method, path, status, body) => {
  const { send } = world();
  const reply = await send(method, path);
  expect([reply.statusCode, reply.json()]).toEqual([status, expect.objectContaining({})]);
  expect(reply.json()).toMatchObject(body as Json);
});

test('a configuration is not there, as of a server that has none', async () => {
  const { send } = world();
  const reply = await send('GET', '/v1/cs/configs', { dataId: 'a', group: 'g' });
  expect([reply.statusCode, reply.body]).toEqual([404, expect.stringMatching(/^config data not exist/)]);
});
