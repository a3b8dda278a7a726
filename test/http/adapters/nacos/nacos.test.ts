// Nacos's HTTP API over our use cases: what its clients of 1.x send and get, and what other fronts see of it.

import { expect, test } from 'vitest';
import { createNacosWorld as world } from '../../../kit/adapters/nacos-world.ts';
import type { Json } from '../../../kit/http/http-world.ts';
import { keyOf } from '../../../kit/registry/harness.ts';

test('a registration becomes an address, weight, zone, version and a lease that ends in waiting', async () => {
  const { post, stored } = world();
  const reply = await post({ weight: '0.5', clusterName: 'hz', metadata: 'version=1.4.2,team=pay' });
  expect([reply.statusCode, reply.body]).toEqual([200, 'ok']);
  expect(stored('10.0.0.7#8080#hz#DEFAULT_GROUP@@web')).toMatchObject({
    addrs: [{ portName: 'tcp', host: '10.0.0.7', port: 8080 }],
    weight: 5,
    zone: 'hz',
    version: '1.4.2',
    leaseSeconds: 15,
    liveness: { kind: 'lease-then-waiting', evictAfterSeconds: 15 },
    status: 'up',
  });
});

test.each<[what: string, metadata: string, portName: string]>([
  ['secure', '{"secure":"true"}', 'https'],
  ['a protocol', '{"protocol":"dubbo"}', 'dubbo'],
  ['a protocol that is no port name', '{"protocol":"a b"}', 'tcp'],
  ['Spring', '{"preserved.register.source":"SPRING_CLOUD"}', 'http'],
])('metadata of %s names the port', async (_what, metadata, portName) => {
  const { post, stored } = world();
  await post({ metadata });
  expect(stored()?.addrs[0]?.portName).toBe(portName);
});

test('parameters come in the query or in a form, and the form wins', async () => {
  const { app, stored } = world();
  const url = '/nacos/v1/ns/instance?serviceName=web&ip=10.0.0.1&port=1';
  const reply = await app.inject({ method: 'POST', url, payload: 'ip=10.0.0.7&port=8080&clusterName=None' });
  expect(reply.body).toBe('ok');
  expect(stored()).toBeDefined();
});

test.each<[what: string, fields: Record<string, string | number>, status: number, body: string | RegExp]>([
  ['no service', { serviceName: '' }, 400, "Param 'serviceName' is required."],
  ['no ip', { ip: '' }, 400, "Param 'ip' is required."],
  ['no port', { port: '' }, 400, "Param 'port' is required."],
  ['a port out of range', { port: 70_000 }, 400, "Param 'port' is illegal, the value should be between 0 and 65535."],
  ['a port that is none', { port: 'x' }, 400, "Param 'port' is illegal, the value should be between 0 and 65535."],
  ['port 0', { port: 0 }, 400, /^Param 'port' is illegal/],
  ['an address that is none', { ip: '300.1.1.1' }, 400, /^caused: ip /],
  ['a weight out of range', { weight: -1 }, 400, /weights range from 0\.0 to 10000\.0/],
  ['a group and no name', { serviceName: 'g@@' }, 400, /^Param 'serviceName' is illegal/],
  ['a name that no label can hold', { serviceName: '服务' }, 400, /^Param 'serviceName' is illegal/],
  ['a namespace that no label can hold', { namespaceId: 'a.b' }, 400, /^Param 'namespaceId' is illegal/],
  ['metadata that is neither JSON nor pairs', { metadata: '{bad' }, 500, /metadata format incorrect:\{bad/],
])('a registration with %s is refused in the words of the original', async (_what, fields, status, body) => {
  const { post, registry } = world();
  const reply = await post(fields);
  expect([reply.statusCode, registry.instanceCount]).toEqual([status, 0]);
  expect(reply.body).toEqual(typeof body === 'string' ? body : expect.stringMatching(body));
});

test('without a beat an instance is unhealthy after 15 s and gone after 30 s; a light beat keeps it', async () => {
  const { post, beat, list, pass } = world();
  await post();
  pass(10_000);
  const light = await beat({ ip: '10.0.0.7', port: 8080 });
  expect(light.json()).toEqual({ clientBeatInterval: 5000, code: 10_200, lightBeatEnabled: true });
  pass(14_000);
  expect((await list()).hosts).toMatchObject([{ healthy: true }]);
  pass(1100);
  expect((await list()).hosts).toMatchObject([{ healthy: false, enabled: true }]);
  expect((await list({ healthyOnly: 'true' })).hosts).toEqual([]);
  pass(15_100);
  expect((await list()).hosts).toEqual([]);
});

test('a beat brings an unhealthy instance back as it was', async () => {
  const { post, beat, list, pass, stored } = world();
  await post({ weight: 2, metadata: '{"a":"b"}' });
  pass(16_000);
  expect(stored()?.status).toBe('waiting');
  expect((await beat({ ip: '10.0.0.7', port: 8080 })).json()).toMatchObject({ code: 10_200 });
  expect((await list()).hosts).toMatchObject([{ healthy: true, weight: 2, metadata: { a: 'b' } }]);
  pass(16_000);
  expect(stored()?.status).toBe('waiting');
});

test('a beat of an unknown instance registers it where it carries one, and is a 20404 where not', async () => {
  const { beat, list } = world();
  expect((await beat({ ip: '10.0.0.8', port: 80 })).json()).toMatchObject({ code: 20_404 });
  const carried = JSON.stringify({ ip: '10.0.0.8', port: 80, weight: 2, cluster: 'c2', metadata: { a: 1 } });
  expect((await beat({ beat: carried })).json()).toMatchObject({ code: 10_200 });
  expect((await list()).hosts).toMatchObject([
    { ip: '10.0.0.8', port: 80, weight: 2, clusterName: 'c2', metadata: { a: '1' }, ephemeral: true },
  ]);
});

test('a beat without a cluster is one of the instance that has that address', async () => {
  const { post, beat, list } = world();
  await post({ clusterName: 'c2' });
  const carried = JSON.stringify({ ip: '10.0.0.7', port: 8080, cluster: '', metadata: {} });
  await beat({ beat: carried });
  expect((await list()).hosts).toMatchObject([{ clusterName: 'c2' }]);
});

test('the preserved metadata keys set the times', async () => {
  const { post, beat, list, stored } = world();
  const metadata = JSON.stringify({
    'preserved.heart.beat.interval': '1000',
    'preserved.heart.beat.timeout': '6000',
    'preserved.ip.delete.timeout': '9000',
  });
  await post({ metadata });
  expect(stored()).toMatchObject({ leaseSeconds: 6, liveness: { evictAfterSeconds: 3 } });
  expect((await beat({ ip: '10.0.0.7', port: 8080 })).json()).toMatchObject({ clientBeatInterval: 1000 });
  expect((await list()).hosts).toMatchObject([
    { instanceHeartBeatInterval: 1000, instanceHeartBeatTimeOut: 6000, ipDeleteTimeout: 9000 },
  ]);
});

const failing = { verdict: 'critical', reason: 'tcp: connection refused' } as const;

test('a persistent instance stays without beats, and is checked over TCP', async () => {
  const { post, list, pass, stored, registry } = world();
  await post({ ephemeral: 'false' });
  pass(3_600_000);
  expect(stored()).toMatchObject({
    liveness: { kind: 'checks' },
    checks: [{ type: 'tcp', intervalSeconds: 5, failures: 3 }],
    status: 'up',
  });
  expect((await list()).hosts).toMatchObject([{ ephemeral: false, healthy: true }]);
  registry.judge({ ...keyOf('web.prod/x'), instance: '10.0.0.7#8080#DEFAULT#DEFAULT_GROUP@@web' }, failing);
  // What has failed is not well because it is registered again.
  await post({ ephemeral: 'false', weight: '2' });
  expect((await list()).hosts).toMatchObject([{ ephemeral: false, healthy: false, weight: 2 }]);
  await post();
  expect(stored()).toMatchObject({ liveness: { kind: 'lease-then-waiting' }, checks: [], status: 'up' });
});

test.each<[what: string, fields: Record<string, string>, hosts: object[]]>([
  ['disabled', { enabled: 'false' }, []],
  ['unhealthy', { healthy: 'False' }, [{ healthy: false, enabled: true }]],
  ['without weight', { weight: '0' }, [{ healthy: true, weight: 0 }]],
])('one that is registered %s takes no traffic', async (_what, fields, hosts) => {
  const { post, list, stored } = world();
  await post(fields);
  expect(stored()?.status).toBe('waiting');
  expect((await list()).hosts).toMatchObject(hosts);
});

test('disabling is a hold that a registration does not end, and enabling ends it', async () => {
  const { post, send, list, given, stored } = world();
  await post();
  await send('PUT', '/v1/ns/instance', { ...given, enabled: 'false' });
  await post();
  expect(stored()?.override).toMatchObject({ status: 'waiting', until: 'unbounded' });
  expect((await list()).hosts).toEqual([]);
  await send('PUT', '/v1/ns/instance', { ...given, enabled: 'true' });
  expect((await list()).hosts).toMatchObject([{ enabled: true, healthy: true }]);
});

test('a drain through our own API is disabled here', async () => {
  const { post, call, list } = world();
  await post();
  await call('POST', `/apps/prod/web/${encodeURIComponent('10.0.0.7#8080#DEFAULT#DEFAULT_GROUP@@web')}/drain`);
  expect((await list()).hosts).toEqual([]);
});

test('names come back byte for byte, and two that become one app are refused naming the first', async () => {
  const { post, list, send, registry } = world();
  const serviceName = 'providers:com.acme.Pay_Service:1.0:';
  await post({ serviceName, groupName: 'G_1' });
  const listed = await list({ serviceName, groupName: 'G_1' });
  expect(listed).toMatchObject({ name: `G_1@@${serviceName}`, groupName: 'G_1' });
  expect(listed.hosts).toMatchObject([{ serviceName: `G_1@@${serviceName}` }]);
  expect(registry.app('prod', 'providers-com.acme.pay-service-1.0.g-1')).toBeDefined();
  const names = await send('GET', '/v1/ns/service/list', { pageNo: 1, pageSize: 10, groupName: 'G_1' });
  expect(names.json()).toEqual({ count: 1, doms: [serviceName] });
  const refused = await post({ serviceName: serviceName.replace('_', '-'), groupName: 'G_1', ip: '10.0.0.9' });
  expect([refused.statusCode, refused.body]).toEqual([400, expect.stringContaining(`G_1@@${serviceName}`)]);
});

test('a service of one name in two groups is two apps', async () => {
  const { post, list, stored } = world();
  await post();
  await post({ groupName: 'blue', ip: '10.0.0.8' });
  expect((await list()).hosts).toMatchObject([{ ip: '10.0.0.7' }]);
  expect((await list({ groupName: 'blue' })).hosts).toMatchObject([{ ip: '10.0.0.8' }]);
  expect(stored('10.0.0.8#8080#DEFAULT#blue@@web', 'web.blue.prod')?.group).toBe('blue');
  // The name of another service that would be the same app.
  const refused = await post({ serviceName: 'web.blue', ip: '10.0.0.9' });
  expect([refused.statusCode, refused.body]).toEqual([400, expect.stringContaining('blue@@web')]);
});

test('a namespace is an env', async () => {
  const { post, list, registry } = world();
  await post({ namespaceId: 'Team_A' });
  expect(registry.app('team-a', 'web')?.size).toBe(1);
  expect((await list()).hosts).toEqual([]);
  expect((await list({ namespaceId: 'Team_A' })).hosts).toHaveLength(1);
  expect((await post({ namespaceId: 'team-a', ip: '10.0.0.8' })).statusCode).toBe(400);
});

test('lists narrow to clusters, and echo them', async () => {
  const { post, list } = world();
  await post({ clusterName: 'a' });
  await post({ clusterName: 'b', ip: '10.0.0.8' });
  await post({ ip: '10.0.0.9' });
  const narrowed = await list({ clusters: 'a,DEFAULT' });
  expect(narrowed['clusters']).toBe('a,DEFAULT');
  expect(narrowed.hosts.map(({ ip }) => ip)).toEqual(['10.0.0.7', '10.0.0.9']);
});

test('lastRefTime never goes back', async () => {
  const { list, clock } = world();
  const before = (await list())['lastRefTime'] as number;
  clock.stepWall(-60_000);
  expect((await list())['lastRefTime']).toBeGreaterThanOrEqual(before);
});

test('what came in through another front is listed, and keeps what Nacos has no word for', async () => {
  const { register, list, send, registry } = world();
  const fields = { addrs: ['http://10.0.0.9:80', 'grpc://10.0.0.9:81'], tags: ['t'], zone: 'eu', weight: 25 };
  await register('prod/web/web-1', fields);
  expect((await list()).hosts).toMatchObject([
    { instanceId: '10.0.0.9#80#eu#DEFAULT_GROUP@@web', weight: 2.5, clusterName: 'eu', ephemeral: true, healthy: true },
  ]);
  await send('PUT', '/v1/ns/instance', { serviceName: 'web', ip: '10.0.0.9', port: 80, weight: 3 });
  expect(registry.find(keyOf('web.prod/web-1'))?.instance).toMatchObject({ weight: 30, tags: ['t'], status: 'up' });
});

test('Eureka finds what Nacos has registered', async () => {
  const { post, app } = world();
  await post({ serviceName: 'WEB' });
  const reply = await app.inject({ url: '/eureka/apps/WEB', headers: { accept: 'application/json' } });
  expect(reply.json()).toMatchObject({ application: { instance: [{ ipAddr: '10.0.0.7', status: 'UP' }] } });
});

test('deregistering is ok twice, and finds the instance in any cluster', async () => {
  const { post, send, given, registry } = world();
  await post({ clusterName: 'c2' });
  expect((await send('DELETE', '/v1/ns/instance', given)).body).toBe('ok');
  expect(registry.instanceCount).toBe(0);
  expect((await send('DELETE', '/v1/ns/instance', given)).body).toBe('ok');
});

test('one instance is shown, or 404 in the words of the original', async () => {
  const { post, send, given } = world();
  await post({ weight: '0.5' });
  const shown = await send('GET', '/v1/ns/instance', given);
  expect(shown.body).toBe(
    '{"service":"DEFAULT_GROUP@@web","ip":"10.0.0.7","port":8080,"clusterName":"DEFAULT","weight":0.5,"healthy":true,' +
      '"instanceId":"10.0.0.7#8080#DEFAULT#DEFAULT_GROUP@@web","metadata":{}}',
  );
  const none = await send('GET', '/v1/ns/instance', { ...given, ip: '10.0.0.99' });
  expect([none.statusCode, none.body]).toEqual([404, 'no matched ip found!']);
});

test('a weight that we cannot hold comes back until another front changes it', async () => {
  const { post, list, call } = world();
  await post({ weight: '0.25' });
  expect((await list()).hosts).toMatchObject([{ weight: 0.25 }]);
  const path = `/apps/prod/web/${encodeURIComponent('10.0.0.7#8080#DEFAULT#DEFAULT_GROUP@@web')}`;
  await call('PATCH', path, { weight: 40 });
  expect((await list()).hosts).toMatchObject([{ weight: 4 }]);
});

test('the second version is the same in its wrapper', async () => {
  const { send, given } = world();
  expect((await send('POST', '/v2/ns/instance', given, true)).json()).toEqual({
    code: 0,
    message: 'success',
    data: 'ok',
  });
  const listed = await send('GET', '/v2/ns/instance/list', { serviceName: 'web' });
  expect(listed.json()).toMatchObject({ code: 0, data: { name: 'DEFAULT_GROUP@@web', hosts: [{ ip: '10.0.0.7' }] } });
  const names = await send('GET', '/v2/ns/service/list', { pageNo: 1, pageSize: 5 });
  expect(names.json()).toEqual({ code: 0, message: 'success', data: { count: 1, services: ['web'] } });
  const beat = await send('PUT', '/v2/ns/instance/beat', given);
  expect([beat.statusCode, beat.json()]).toEqual([
    400,
    {
      code: 20_002,
      message: 'parameter validate error',
      data: "Param 'serviceName' is illegal, it should be format as 'groupName@@serviceName'",
    },
  ]);
  const missing = await send('POST', '/v2/ns/instance');
  expect([missing.statusCode, missing.json()]).toEqual([
    400,
    {
      code: 10_000,
      message: 'parameter missing',
      data: "Required parameter 'serviceName' type String is not present",
    },
  ]);
});

test('changes name the front', async () => {
  const { post, call } = world();
  await post();
  const events = (await call('GET', '/events?app=prod/web')).json() as { events: Json[] };
  expect(events.events[0]).toMatchObject({ by: { front: 'nacos' } });
});
