// The tutorial registry's paths over our use cases: what its clients send, and what they get.

import type { InjectOptions } from 'fastify';
import { expect, test } from 'vitest';
import { createWorld, type WorldOptions } from '../../kit/http/http-world.ts';
import { keyOf } from '../../kit/registry/harness.ts';

const body = { name: 'orders', version: '1.0.0', address: '10.0.0.7', port: 8080, healthy: true };

function world(options: WorldOptions = {}) {
  const adapters = { names: ['tutorial'] as const, env: 'prod' };
  const found = createWorld({ ...options, deps: { adapters, ...options.deps } });
  const send = (method: string, path: string, given?: unknown, request: Partial<InjectOptions> = {}) =>
    found.app.inject({
      method: method as 'GET',
      url: `/tutorial${path}`,
      ...(given === undefined ? {} : { payload: typeof given === 'string' ? given : JSON.stringify(given) }),
      ...request,
    });
  const register = (fields: object = {}, request: Partial<InjectOptions> = {}) =>
    send('POST', '/orders/1.0.0/register', { ...body, ...fields }, request);
  return { ...found, send, register };
}

test('an instance is registered once; the same again is a 409', async () => {
  const { register, registry, counters } = world();
  const first = await register();
  expect([first.statusCode, first.json()]).toEqual([200, { success: true }]);
  const again = await register();
  expect([again.statusCode, again.json()]).toEqual([409, { success: false }]);
  const stored = registry.find(keyOf('orders.prod/10.0.0.7:8080'))?.instance;
  expect(stored).toMatchObject({ version: '1.0.0', status: 'up', addrs: [{ host: '10.0.0.7', port: 8080 }] });
  expect([counters.counts.get('registration:created'), counters.counts.get('registration:exists')]).toEqual([1, 1]);
});

test.each([
  ['no content type', {}],
  ['text/plain', { 'content-type': 'text/plain; charset=UTF-8' }],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['JSON', { 'content-type': 'application/json' }],
])('a body is JSON with any content type: %s', async (_what, headers) => {
  const { register } = world();
  expect((await register({}, { headers })).json()).toEqual({ success: true });
});

test('below /api/v1 a body still has to be JSON by its type', async () => {
  const { app } = world();
  const headers = { 'content-type': 'text/plain' };
  const reply = await app.inject({ method: 'PUT', url: '/api/v1/apps/prod/orders/a1', payload: '{}', headers });
  expect(reply.statusCode).toBe(415);
});

test('addresses are those of the version that are up', async () => {
  const { register, send } = world();
  await register();
  await register({ address: '2001:db8::7' });
  await register({ port: 8081, healthy: false });
  await send('POST', '/orders/2.0.0/register', { ...body, version: '2.0.0', port: 9000 });
  const one = await send('GET', '/orders/1.0.0/getaddresses');
  expect([one.statusCode, one.json()]).toEqual([200, { addresses: ['10.0.0.7:8080', '[2001:db8::7]:8080'] }]);
  expect((await send('GET', '/orders/2.0.0/getaddresses')).json()).toEqual({ addresses: ['10.0.0.7:9000'] });
});

test('healthy: false is registered as waiting', async () => {
  const { register, registry, send } = world();
  await register({ healthy: false });
  expect(registry.find(keyOf('orders.prod/10.0.0.7:8080'))?.instance.status).toBe('waiting');
  const reply = await send('GET', '/orders/1.0.0/getaddresses');
  expect([reply.statusCode, reply.json()]).toEqual([200, { addresses: [] }]);
});

test.each([
  ['of a service', '/pay/1.0.0/getaddresses'],
  ['of a version', '/orders/9/getaddresses'],
  ['heartbeat of a service', '/pay/1.0.0/heartbeat'],
  ['of a name that cannot be one', '/a_b/1.0.0/getaddresses'],
])('what is not there is a 404: %s', async (_what, path) => {
  const { register, send } = world();
  await register();
  const reply = await send('GET', path);
  expect([reply.statusCode, reply.json()]).toEqual([404, { success: false }]);
});

test('a heartbeat renews what this caller registered here, of that service and version, and nothing else', async () => {
  const { register, send, registry, clock, call } = world();
  const from = (remoteAddress: string) => ({ remoteAddress });
  await register({}, from('192.0.2.1'));
  await register({ port: 8081 }, from('192.0.2.1'));
  await register({ port: 8082 }, from('192.0.2.2'));
  await send('POST', '/orders/2/register', { ...body, version: '2', port: 8083 }, from('192.0.2.1'));
  await call('PUT', '/apps/prod/orders/own', { addrs: ['http://10.0.0.7:8084'], version: '1.0.0' });
  clock.advance(60_000);
  const reply = await send('GET', '/orders/1.0.0/heartbeat', undefined, from('192.0.2.1'));
  expect([reply.statusCode, reply.json()]).toEqual([200, { success: true }]);
  clock.advance(45_000);
  registry.evictExpired(10);
  const left = [...(registry.app('prod', 'orders')?.instances() ?? [])].map(({ instance }) => instance.instance);
  expect(left).toEqual(['10.0.0.7:8080', '10.0.0.7:8081']);
  expect((await send('GET', '/orders/1.0.0/heartbeat', undefined, from('192.0.2.9'))).statusCode).toBe(404);
});

test.each<[what: string, fields: object | string, field: string]>([
  ['another name', { name: 'pay' }, 'name'],
  ['another version', { version: '2' }, 'version'],
  ['no address', { address: '' }, 'address'],
  ['an address that is none', { address: 'a b' }, 'address'],
  ['a port out of range', { port: 70_000 }, 'port'],
  ['a port in text', { port: '8080' }, 'port'],
  ['healthy in text', { healthy: 'yes' }, 'healthy'],
  ['a field of its own', { wieght: 1 }, 'wieght'],
  ['an empty body', '', ''],
  ['no JSON', '{"name":', ''],
  ['a list', '[]', ''],
])('bad input is a 400 that names the field: %s', async (_what, fields, field) => {
  const { register, send, registry, counters } = world();
  const reply =
    typeof fields === 'string' ? await send('POST', '/orders/1.0.0/register', fields) : await register(fields);
  expect(reply.statusCode).toBe(400);
  expect(reply.json()).toMatchObject({ success: false, errors: [{ field }] });
  expect([registry.instanceCount, counters.counts.get('registration:invalid')]).toEqual([0, 1]);
});

test('a change has the front that it came through', async () => {
  const { register, call } = world();
  await register();
  const { events } = (await call('GET', '/events')).json() as { events: unknown[] };
  expect(events).toMatchObject([{ why: 'registered', by: { address: '127.0.0.1', front: 'tutorial' } }]);
});

test('tokens, the store and the recovery are judged as for the API', async () => {
  const { register } = world({ deps: { tokens: [{ name: 'ci', token: 'abcdefghijklmnop' }] } });
  expect((await register()).statusCode).toBe(401);
  const authorization = 'Bearer abcdefghijklmnop';
  expect((await register({}, { headers: { authorization } })).statusCode).toBe(200);
  const failing = { isRecovered: () => true, storeTrouble: () => 'disk full' };
  expect((await world({ control: { availability: failing } }).register()).statusCode).toBe(503);
  const recovering = { isRecovered: () => false, storeTrouble: () => undefined };
  expect((await world({ control: { availability: recovering } }).register()).statusCode).toBe(503);
});

test('is off unless asked for', async () => {
  const { app } = createWorld();
  expect((await app.inject('/tutorial/orders/1.0.0/getaddresses')).statusCode).toBe(404);
});
