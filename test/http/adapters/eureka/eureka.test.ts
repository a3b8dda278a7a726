// Eureka's API over our use cases: what its clients send and get, and what other fronts see of it.

import type { InjectOptions } from 'fastify';
import { expect, test } from 'vitest';
import { createWorld, type Json, type WorldOptions } from '../../../kit/http/http-world.ts';
import { keyOf } from '../../../kit/registry/harness.ts';

const center = { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' };
const port = { $: 8080, '@enabled': 'true' };
const given = { instanceId: 'w1', app: 'WEB', hostName: 'h1', ipAddr: '10.0.0.7', port, dataCenterInfo: center };

function world(options: WorldOptions = {}) {
  const adapters = { names: ['eureka', 'discovery'] as const, env: 'prod' };
  const found = createWorld({ ...options, deps: { adapters, ...options.deps } });
  const send = (method: string, path: string, body?: string | object, headers: Record<string, string> = {}) =>
    found.app.inject({
      method,
      url: `/eureka${path}`,
      headers,
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    } as InjectOptions);
  const post = (fields: object = {}, app = 'WEB') =>
    send('POST', `/apps/${app}`, { instance: { ...given, ...fields } });
  const json = async (path: string) =>
    (await send('GET', path, undefined, { accept: 'application/json' })).json() as { [name: string]: Json };
  const shown = async (path = '/apps/WEB/w1') => (await json(path))['instance'] as Json;
  const stored = (name = 'web.prod/w1') => found.registry.find(keyOf(name))?.instance;
  return { ...found, send, post, json, shown, stored };
}

test('a registration becomes addresses, lease, zone, version and status', async () => {
  const { post, stored } = world();
  const reply = await post({
    securePort: { $: 8443, '@enabled': true },
    metadata: { zone: 'eu-1a', version: '1.4.2', team: 'pay' },
    leaseInfo: { durationInSecs: 30, renewalIntervalInSecs: 5 },
    status: 'STARTING',
  });
  expect([reply.statusCode, reply.body]).toEqual([204, '']);
  expect(stored()).toMatchObject({
    addrs: [
      { portName: 'http', host: '10.0.0.7', port: 8080 },
      { portName: 'https', host: '10.0.0.7', port: 8443 },
    ],
    zone: 'eu-1a',
    version: '1.4.2',
    leaseSeconds: 30,
    status: 'waiting',
  });
});

test('what rollcall has no word for comes back as it was given, and is not in the metadata', async () => {
  const { post, shown, stored, call } = world();
  const amazon = { '@class': 'com.netflix.appinfo.AmazonInfo', name: 'Amazon', metadata: { 'ami-id': 'a1' } };
  const kept = {
    homePageUrl: 'http://h1/',
    vipAddress: 'web,www',
    secureVipAddress: 'webs',
    appGroupName: 'G',
    countryId: 7,
    dataCenterInfo: amazon,
  };
  await post({ ...kept, status: 'STARTING' });
  expect(await shown()).toMatchObject({
    ...kept,
    hostName: 'h1',
    status: 'STARTING',
    metadata: { '@class': expect.any(String) },
  });
  expect(stored()?.metadata.size).toBe(0);
  const document = (await call('GET', '/apps/prod/web/w1')).json() as Json;
  expect(document['fronts']).toMatchObject({ eureka: { appName: 'WEB', content: { countryId: 7 } } });
});

test.each<[what: string, fields: object, sentence: string]>([
  ['no id and no host', { instanceId: '', hostName: '' }, 'Missing instanceId'],
  ['no host', { hostName: undefined }, 'Missing hostname'],
  ['no address', { ipAddr: undefined }, 'Missing ip address'],
  ['no app', { app: undefined }, 'Missing appName'],
  ['another app', { app: 'other' }, 'Mismatched appName, expecting WEB but was OTHER'],
  ['no data center', { dataCenterInfo: undefined }, 'Missing dataCenterInfo'],
  ['a data center without a name', { dataCenterInfo: {} }, 'Missing dataCenterInfo Name'],
])('a registration with %s is a 400 in the words of the original', async (_what, fields, sentence) => {
  const { post, registry } = world();
  const reply = await post(fields);
  expect([reply.statusCode, reply.body, registry.instanceCount]).toEqual([400, sentence, 0]);
});

test.each<[what: string, body: string]>([
  ['broken JSON', '{bad'],
  ['no instance', '{}'],
  ['a list', '[]'],
  ['nothing', ''],
  ['a DOCTYPE', '<!DOCTYPE x [<!ENTITY a "b">]><instance>&a;</instance>'],
  ['an external entity', '<!DOCTYPE x SYSTEM "file:///etc/passwd"><instance/>'],
  ['an entity of its own', '<instance><app>&bomb;</app></instance>'],
  ['broken XML', '<instance><app></instance>'],
  ['deep XML', `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`],
  ['many elements', `<instance>${'<a/>'.repeat(2000)}</instance>`],
  ['a character that XML does not have', '<instance>\u0000</instance>'],
])('a body with %s is a 400, and nothing is registered', async (_what, body) => {
  const { send, registry } = world();
  const reply = await send('POST', '/apps/WEB', body);
  expect([reply.statusCode, registry.instanceCount]).toEqual([400, 0]);
});

test.each<[what: string, fields: object]>([
  ['a port out of range', { port: { $: 70_000, '@enabled': true } }],
  ['an address that is none', { ipAddr: 'a b' }],
  ['an id that cannot be printed', { instanceId: 'a\u0007' }],
  ['a part that is too long', { homePageUrl: `http://h/${'x'.repeat(5000)}` }],
])('%s is a 400 with a sentence', async (_what, fields) => {
  const { post, registry } = world();
  const reply = await post(fields);
  expect([reply.statusCode, registry.instanceCount]).toEqual([400, 0]);
  expect(reply.body).not.toBe('');
});

test('XML is read and is the default answer; a key that no element can have comes back', async () => {
  const { send, json } = world();
  const xml =
    '<?xml version="1.0"?><instance><instanceId>w1</instanceId><hostName>h&amp;1</hostName><app>web</app>' +
    '<ipAddr>10.0.0.7</ipAddr><port enabled="true">8080</port><status>UP</status>' +
    '<dataCenterInfo><name>MyOwn</name></dataCenterInfo><metadata><a_x0020_b>c</a_x0020_b></metadata></instance>';
  expect((await send('POST', '/apps/WEB', xml)).statusCode).toBe(204);
  expect(await json('/apps/WEB/w1')).toMatchObject({ instance: { hostName: 'h&1', metadata: { 'a b': 'c' } } });
  const reply = await send('GET', '/apps/WEB/w1');
  expect(reply.headers['content-type']).toContain('application/xml');
  expect(reply.body).toContain('<hostName>h&amp;1</hostName>');
  expect(reply.body).toContain('<a_x0020_b>c</a_x0020_b>');
});

test('a heartbeat renews; unknown, or newer than what is stored, is a 404', async () => {
  const { post, send, clock, registry } = world();
  const dirty = clock.wallMs();
  await post({ lastDirtyTimestamp: String(dirty) });
  clock.advance(60_000);
  const beat = async (path: string) => (await send('PUT', path)).statusCode;
  expect(await beat(`/apps/WEB/w1?status=UP&lastDirtyTimestamp=${dirty}`)).toBe(200);
  expect(await beat('/v2/apps/web/w1')).toBe(200);
  expect(await beat(`/apps/WEB/w1?lastDirtyTimestamp=${dirty + 1}`)).toBe(404);
  expect(await beat('/apps/WEB/nobody')).toBe(404);
  clock.advance(60_000);
  registry.evictExpired(10);
  expect(registry.instanceCount).toBe(1);
  clock.advance(60_000);
  registry.evictExpired(10);
  expect(await beat('/apps/WEB/w1')).toBe(404);
});

test('an orderly stop that is announced by a heartbeat takes the instance out', async () => {
  const { post, send, stored, shown } = world();
  await post();
  expect((await send('PUT', '/apps/WEB/w1?status=DOWN')).statusCode).toBe(200);
  expect([stored()?.status, (await shown())['status']]).toEqual(['waiting', 'DOWN']);
});

test('an older registration leaves the newer one in place', async () => {
  const { post, stored, clock } = world();
  await post({ lastDirtyTimestamp: clock.wallMs() });
  expect((await post({ port: { $: 9, '@enabled': true }, lastDirtyTimestamp: clock.wallMs() - 1 })).statusCode).toBe(
    204,
  );
  expect(stored()?.addrs[0]?.port).toBe(8080);
});

test('an override outlives registrations and heartbeats until it is deleted', async () => {
  const { post, send, shown, stored, json } = world();
  await post();
  expect((await send('PUT', '/apps/WEB/w1/status?value=OUT_OF_SERVICE')).statusCode).toBe(200);
  await post();
  await send('PUT', '/apps/WEB/w1?status=UP');
  expect(await shown()).toMatchObject({ status: 'OUT_OF_SERVICE', overriddenStatus: 'OUT_OF_SERVICE' });
  expect(stored()?.override).toMatchObject({ until: 'unbounded' });
  expect((await json('/apps'))['applications']).toMatchObject({ apps__hashcode: 'OUT_OF_SERVICE_1_' });
  expect((await send('DELETE', '/apps/WEB/w1/status?value=UP')).statusCode).toBe(200);
  expect(await shown()).toMatchObject({ status: 'UP', overriddenStatus: 'UNKNOWN' });
  expect((await send('PUT', '/apps/WEB/w1/status?value=BOGUS')).statusCode).toBe(500);
  expect((await send('PUT', '/apps/WEB/x/status?value=UP')).statusCode).toBe(404);
});

test('a drain of the command line is OUT_OF_SERVICE here', async () => {
  const { post, call, shown } = world();
  await post();
  await call('POST', '/apps/prod/web/w1/drain');
  expect(await shown()).toMatchObject({ status: 'OUT_OF_SERVICE' });
});

test('metadata is set, and cancel takes the instance away', async () => {
  const { post, send, stored } = world();
  await post({ metadata: { a: '1' } });
  expect((await send('PUT', '/apps/WEB/w1/metadata?b=d%20e')).statusCode).toBe(200);
  expect([...(stored()?.metadata ?? [])]).toEqual([
    ['a', '1'],
    ['b', 'd e'],
  ]);
  expect((await send('DELETE', '/apps/WEB/w1')).statusCode).toBe(200);
  expect((await send('DELETE', '/apps/WEB/w1')).statusCode).toBe(404);
});

test('the hashcode counts all statuses, in the delta too, and lists are always lists', async () => {
  const { post, json } = world();
  expect(await json('/apps')).toEqual({ applications: { versions__delta: '1', apps__hashcode: '', application: [] } });
  await post();
  await post({ instanceId: 'w2', status: 'STARTING' });
  await post({ instanceId: 'o1', app: 'OTHER', status: 'OUT_OF_SERVICE' }, 'OTHER');
  const hashcode = 'OUT_OF_SERVICE_1_STARTING_1_UP_1_';
  expect((await json('/apps'))['applications']).toMatchObject({ apps__hashcode: hashcode });
  expect((await json('/apps/delta'))['applications']).toMatchObject({ apps__hashcode: hashcode });
  expect((await json('/apps/other'))['application']).toMatchObject({ name: 'OTHER', instance: [{ instanceId: 'o1' }] });
});

test('the delta holds the changes of three minutes, each instance once', async () => {
  const { post, send, json, clock } = world();
  await post();
  await post({ instanceId: 'w2' });
  clock.advance(100_000);
  await send('PUT', '/apps/WEB/w1/metadata?a=b');
  await send('DELETE', '/apps/WEB/w2');
  const delta = async () => {
    const { application } = (await json('/apps/delta'))['applications'] as { application: { instance: Json[] }[] };
    return application.flatMap(({ instance }) => instance.map((one) => [one['instanceId'], one['actionType']]));
  };
  expect(await delta()).toEqual([
    ['w1', 'ADDED'],
    ['w2', 'DELETED'],
  ]);
  clock.advance(100_000);
  expect(await delta()).toEqual([
    ['w1', 'MODIFIED'],
    ['w2', 'DELETED'],
  ]);
  clock.advance(100_000);
  expect(await delta()).toEqual([]);
});

test('vips, one instance of any app, and what is not there', async () => {
  const { post, json, send, register } = world();
  await post({ vipAddress: 'a,b', secureVipAddress: 's' });
  await register('prod/pay/p1');
  const found = async (path: string) =>
    ((await json(path))['applications'] as { application: { name: string }[] }).application.map(({ name }) => name);
  expect([await found('/vips/a'), await found('/vips/b'), await found('/svips/s')]).toEqual([
    ['WEB'],
    ['WEB'],
    ['WEB'],
  ]);
  // Spring looks up by vip, so what came in over our API is found by its app.
  expect([await found('/vips/pay'), await found('/vips/nobody')]).toEqual([['PAY'], []]);
  expect(await json('/instances/w1')).toMatchObject({ instance: { app: 'WEB' } });
  for (const path of ['/instances/nobody', '/apps/NOBODY', '/apps/WEB/nobody', '/apps/a..b'])
    expect((await send('GET', path)).statusCode).toBe(404);
  expect((await send('GET', '/status')).body).toContain('<com.netflix.eureka.util.StatusInfo>');
});

test('names come back as given, and two that become one DNS name are not one app', async () => {
  const { post, json, stored } = world();
  await post({ app: 'MY_APP' }, 'MY_APP');
  expect(stored('my-app.prod/w1')).toBeDefined();
  expect((await json('/apps/MY_APP'))['application']).toMatchObject({ name: 'MY_APP' });
  const reply = await post({ app: 'MY-APP', instanceId: 'w2' }, 'MY-APP');
  expect(reply.statusCode).toBe(400);
  expect(reply.body).toContain('MY_APP');
  expect((await post({ app: 'my_app', instanceId: 'w3' }, 'my_app')).statusCode).toBe(204);
});

test('a registration leaves alone what Eureka cannot express', async () => {
  const { register, post, stored, call } = world();
  await register('prod/web/w1', { tags: ['canary'], weight: 50, group: 'blue', zone: 'eu', priority: 3 });
  await post({ lastDirtyTimestamp: undefined });
  expect(stored()).toMatchObject({ tags: ['canary'], weight: 50, group: 'blue', zone: 'eu', priority: 3 });
  // And a registration of the API leaves Eureka's part alone.
  await call('PUT', '/apps/prod/web/w1', { addrs: ['http://10.0.0.8:80'] });
  expect(stored()?.fronts?.eureka?.appName).toBe('WEB');
});

test('the same again changes nothing, and its lease begins anew', async () => {
  const { post, registry } = world();
  await post({ homePageUrl: 'http://h/' });
  const { revision } = registry;
  await post({ homePageUrl: 'http://h/' });
  expect(registry.revision).toBe(revision);
  await post({ homePageUrl: 'http://other/' });
  expect(registry.revision).toBe(revision + 1);
});

test('an id with a slash and one without an instanceId', async () => {
  const { post, send, shown } = world();
  await post({ instanceId: 'a/b:c d' });
  expect((await send('PUT', '/apps/WEB/a%2Fb%3Ac%20d')).statusCode).toBe(200);
  await post({ instanceId: undefined, hostName: 'h9' });
  expect(await shown('/apps/WEB/h9')).not.toHaveProperty('instanceId');
});

test('the password of Basic credentials is a token; recorder and log name it', async () => {
  const token = 'abcdefghijklmnop';
  const { app, send, call } = world({ deps: { tokens: [{ name: 'ci', token }] } });
  const body = { instance: given };
  const basic = (secret: string) => ({ authorization: `Basic ${Buffer.from(`any:${secret}`).toString('base64')}` });
  const denied = await send('POST', '/apps/WEB', body, basic('wrong'));
  expect([denied.statusCode, denied.headers['www-authenticate']]).toEqual([401, expect.stringContaining('Basic')]);
  expect((await send('POST', '/apps/WEB', body)).statusCode).toBe(401);
  expect((await send('POST', '/apps/WEB', body, basic(token))).statusCode).toBe(204);
  expect((await send('GET', '/apps', undefined, { authorization: `Bearer ${token}` })).statusCode).toBe(200);
  // Below /api/v1 it is none.
  expect((await app.inject({ url: '/api/v1/apps', headers: basic(token) })).statusCode).toBe(401);
  const events = (await call('GET', '/events', undefined, { authorization: `Bearer ${token}` })).json() as Json;
  expect(events['events']).toMatchObject([{ by: { front: 'eureka', token: 'ci' } }]);
});

test('store and recovery are judged as for the API', async () => {
  const failing = { isRecovered: () => true, storeTrouble: () => 'disk full' };
  expect((await world({ control: { availability: failing } }).post()).statusCode).toBe(503);
  const recovering = { isRecovered: () => false, storeTrouble: () => undefined };
  expect((await world({ control: { availability: recovering } }).post()).statusCode).toBe(503);
});

test('a lease that ends in waiting, as of a TTL check of Consul, stays one when Eureka registers the instance too', async () => {
  const { app, post, stored } = world({
    deps: { adapters: { names: ['eureka', 'consul', 'discovery'], env: 'prod' } },
  });
  const Check = { TTL: '30s', Status: 'passing', DeregisterCriticalServiceAfter: '10m' };
  const service = { Name: 'web', ID: 'w1', Address: '10.0.0.7', Port: 8080, Check };
  await app.inject({ method: 'PUT', url: '/v1/agent/service/register', payload: JSON.stringify(service) });
  await post();
  expect(stored()).toMatchObject({ liveness: { kind: 'lease-then-waiting', evictAfterSeconds: 600 }, status: 'up' });
  const form = 'env=prod&appid=web&hostname=w1&zone=z&addrs=http://10.0.0.7:8080&status=1';
  await app.inject({ method: 'POST', url: '/discovery/register', payload: form });
  expect(stored()).toMatchObject({ liveness: { kind: 'lease-then-waiting', evictAfterSeconds: 600 }, zone: 'z' });
});
