// What Consul's clients rely on, and what they cannot say: over the same registry as every other front.

import type { InjectOptions } from 'fastify';
import { expect, test } from 'vitest';
import { ownNodeName } from '../../../../src/http/adapters/consul/shown-node.ts';
import { createWorld, type Json, type Reply, type World, type WorldOptions } from '../../../kit/http-world.ts';

function consulWorld(options: WorldOptions = {}): World {
  return createWorld({ ...options, deps: { adapters: { names: ['consul'], env: 'prod' }, ...options.deps } });
}

type Headers = Record<string, string>;

function call(world: World, method: string, path: string, body?: unknown, headers: Headers = {}): Promise<Reply> {
  const payload = body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) };
  const type = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  return world.app.inject({ method, url: `/v1${path}`, headers: { ...type, ...headers }, ...payload } as InjectOptions);
}

const get = async <T = unknown>(world: World, path: string): Promise<T> => (await call(world, 'GET', path)).json() as T;
const put = (world: World, path: string, body?: unknown): Promise<Reply> => call(world, 'PUT', path, body);

async function register(world: World, fields: object): Promise<void> {
  const reply = await put(world, '/agent/service/register', {
    Name: 'web',
    Address: '10.0.0.7',
    Port: 8080,
    ...fields,
  });
  expect([reply.statusCode, reply.body]).toEqual([200, '']);
}

interface Entry {
  readonly Node: Json;
  readonly Service: Json;
  readonly Checks: readonly { readonly CheckID: string; readonly Status: string; readonly Output: string }[];
}

const health = (world: World, query = ''): Promise<readonly Entry[]> => get(world, `/health/service/web${query}`);

async function statusesOf(world: World): Promise<Record<string, string>> {
  const checks = await get<Record<string, { readonly Status: string }>>(world, '/agent/checks');
  return Object.fromEntries(Object.entries(checks).map(([id, { Status }]) => [id, Status]));
}

const instanceOf = (world: World, id: string, appid = 'web') =>
  world.registry.find({ env: 'prod', appid, instance: id })?.instance;

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function pass(world: World, ms: number): void {
  world.clock.advance(ms);
  world.registry.evictExpired(100);
  world.timers.pass(ms);
}

test('a service without a check takes traffic for ever', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1' });
  pass(world, 30 * 24 * 3_600_000);
  expect(instanceOf(world, 'web-1')).toMatchObject({ status: 'up', liveness: { kind: 'none' } });
  expect(await health(world, '?passing')).toHaveLength(1);
});

test('a TTL check starts critical, passes, expires into critical and is there until it is deregistered', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1', Check: { TTL: '10s' } });
  expect(instanceOf(world, 'web-1')).toMatchObject({ status: 'waiting', leaseSeconds: 10 });
  expect((await put(world, '/agent/check/pass/service:web-1')).statusCode).toBe(200);
  expect(instanceOf(world, 'web-1')?.status).toBe('up');
  for (let beat = 0; beat < 5; beat++) {
    pass(world, 6000);
    await put(world, '/agent/check/pass/service:web-1');
  }
  expect(instanceOf(world, 'web-1')?.status).toBe('up');
  pass(world, 10_500);
  expect(await statusesOf(world)).toEqual({ 'service:web-1': 'critical' });
  expect((await health(world))[0]?.Checks[1]).toMatchObject({ Output: 'TTL expired' });
  pass(world, 30 * 24 * 3_600_000);
  expect(instanceOf(world, 'web-1')?.status).toBe('waiting');
  await put(world, '/agent/check/pass/service:web-1');
  expect(instanceOf(world, 'web-1')?.status).toBe('up');
  await put(world, '/agent/service/deregister/web-1');
  expect(instanceOf(world, 'web-1')).toBeUndefined();
});

test('DeregisterCriticalServiceAfter counts from critical, and is at least a minute', async () => {
  const world = consulWorld();
  const check = { TTL: '10s', Status: 'passing', DeregisterCriticalServiceAfter: '10s' };
  await register(world, { ID: 'web-1', Check: check });
  pass(world, 11_000);
  expect(instanceOf(world, 'web-1')?.status).toBe('waiting');
  pass(world, 58_000);
  expect(instanceOf(world, 'web-1')).toBeDefined();
  pass(world, 3000);
  expect(instanceOf(world, 'web-1')).toBeUndefined();
  await register(world, { ID: 'web-2', Check: { ...check, Status: 'critical' } });
  pass(world, 61_000);
  expect(instanceOf(world, 'web-2')).toBeUndefined();
});

test('warning is up and not passing; fail is critical at once', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1', Check: { TTL: '10s', Status: 'passing' } });
  await put(world, '/agent/check/warn/service:web-1?note=slow');
  expect(instanceOf(world, 'web-1')?.status).toBe('up');
  expect(await health(world, '?passing')).toEqual([]);
  expect((await health(world))[0]?.Checks[1]).toMatchObject({ Status: 'warning', Output: 'slow' });
  await put(world, '/agent/check/fail/service:web-1?note=broken');
  expect(instanceOf(world, 'web-1')).toMatchObject({
    status: 'waiting',
    health: { verdict: 'critical', reason: 'broken' },
  });
  await put(world, '/agent/check/update/service:web-1', { Status: 'passing', Output: 'well' });
  expect((await health(world))[0]?.Checks[1]).toMatchObject({ Status: 'passing', Output: 'well' });
});

test('registering again keeps the status of a check, and what other fronts have said', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1', Check: { TTL: '10s' } });
  await put(world, '/agent/check/pass/service:web-1');
  await world.call('PATCH', '/apps/prod/web/web-1', { group: 'blue', priority: 3, dnsTtl: 60 });
  await register(world, { ID: 'web-1', Port: 9090, Check: { TTL: '10s' } });
  expect(instanceOf(world, 'web-1')).toMatchObject({ status: 'up', group: 'blue', priority: 3, dnsTtl: 60 });
  const { revision } = world.registry;
  await register(world, { ID: 'web-1', Port: 9090, Check: { TTL: '10s' } });
  expect(world.registry.revision).toBe(revision);
});

test('with several TTL checks the worst counts, and one that falls silent is seen though others go on', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1', Checks: [{ TTL: '10s' }, { TTL: '20s', Name: 'second' }] });
  await put(world, '/agent/check/pass/service:web-1:1');
  expect(instanceOf(world, 'web-1')?.status).toBe('waiting');
  await put(world, '/agent/check/pass/service:web-1:2');
  expect(instanceOf(world, 'web-1')?.status).toBe('up');
  for (let beat = 0; beat < 8; beat++) {
    pass(world, 5000);
    await put(world, '/agent/check/pass/service:web-1:1');
  }
  expect(instanceOf(world, 'web-1')?.status).toBe('waiting');
  expect(await statusesOf(world)).toEqual({ 'service:web-1:1': 'passing', 'service:web-1:2': 'critical' });
});

test('HTTP, TCP and gRPC checks are run here, at the address that they name', async () => {
  const world = consulWorld();
  await register(world, {
    ID: 'web-1',
    Checks: [
      { HTTP: 'http://10.0.0.7:8081/health?x=1', Interval: '5s', Timeout: '1s', Header: { Host: ['web.test'] } },
      { TCP: '10.0.0.7:8080', Interval: '500ms', FailuresBeforeCritical: 3 },
      { GRPC: '10.0.0.7:9090/pay.v1', Interval: '10s', DeregisterCriticalServiceAfter: '90m' },
    ],
  });
  expect(instanceOf(world, 'web-1')).toMatchObject({
    status: 'waiting',
    liveness: { kind: 'checks', evictAfterSeconds: 5400 },
    checks: [
      {
        type: 'http',
        address: 'http://10.0.0.7:8081',
        path: '/health?x=1',
        host: 'web.test',
        intervalSeconds: 5,
        failures: 1,
      },
      { type: 'tcp', address: 'tcp://10.0.0.7:8080', intervalSeconds: 1, failures: 3 },
      { type: 'grpc', address: 'grpc://10.0.0.7:9090', service: 'pay.v1' },
    ],
  });
  const key = { env: 'prod', appid: 'web', instance: 'web-1' };
  world.registry.judge(key, { verdict: 'passing', reason: 'status 200' });
  expect(await health(world, '?passing')).toHaveLength(1);
  world.registry.judge(key, { verdict: 'critical', reason: 'tcp at tcp://10.0.0.7:8080: connection refused' });
  expect(await statusesOf(world)).toEqual({
    'service:web-1:1': 'passing',
    'service:web-1:2': 'critical',
    'service:web-1:3': 'passing',
  });
  expect((await put(world, '/agent/check/pass/service:web-1:1')).statusCode).toBe(500);
  pass(world, 5_401_000);
  expect(instanceOf(world, 'web-1')).toBeUndefined();
});

test('maintenance is a hold that outlives registrations', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1' });
  expect((await put(world, '/agent/service/maintenance/web-1?enable=true&reason=upgrade')).statusCode).toBe(200);
  await register(world, { ID: 'web-1', Port: 9090 });
  expect(instanceOf(world, 'web-1')).toMatchObject({
    status: 'waiting',
    override: { reason: 'upgrade', until: 'unbounded' },
  });
  expect(await health(world)).toMatchObject([
    { Checks: [{}, { CheckID: '_service_maintenance:web-1', Status: 'critical' }] },
  ]);
  const reply = await call(world, 'GET', '/agent/health/service/id/web-1');
  expect([reply.statusCode, reply.json()]).toMatchObject([503, { AggregatedStatus: 'maintenance' }]);
  await put(world, '/agent/service/maintenance/web-1?enable=false');
  expect(instanceOf(world, 'web-1')?.status).toBe('up');
});

test('names come back as they were given, and two that become one are refused', async () => {
  const world = consulWorld();
  await register(world, { Name: 'My_App', ID: 'a' });
  expect(Object.keys(await get<Json>(world, '/catalog/services'))).toContain('My_App');
  expect(instanceOf(world, 'a', 'my-app')).toBeDefined();
  expect(await get(world, '/health/service/My_App')).toMatchObject([{ Service: { Service: 'My_App', ID: 'a' } }]);
  const reply = await put(world, '/agent/service/register', { Name: 'my-app', ID: 'b', Address: '10.0.0.8', Port: 1 });
  expect([reply.statusCode, reply.body]).toEqual([400, expect.stringContaining('My_App')]);
});

test('an id moves to another service', async () => {
  const world = consulWorld();
  await register(world, { Name: 'old', ID: 'x' });
  await register(world, { Name: 'new', ID: 'x' });
  expect(Object.keys(await get<Json>(world, '/catalog/services'))).toEqual(['consul', 'new']);
});

test('tags that are too long or too many for DNS come back, and the others select', async () => {
  const world = consulWorld();
  const rule = 'traefik.http.routers.web.rule=Host(`web.example.com`) && PathPrefix(`/`)';
  const many = Array.from({ length: 40 }, (_, at) => `t${at}`);
  await register(world, { ID: 'web-1', Tags: [rule, 'blue', ...many] });
  expect(instanceOf(world, 'web-1')?.tags).toEqual(['blue', ...many.slice(0, 31)]);
  expect((await health(world))[0]?.Service['Tags']).toEqual([rule, 'blue', ...many]);
  expect(await health(world, `?tag=BLUE&tag=t39`)).toHaveLength(1);
  expect(await health(world, '?tag=blue&tag=green')).toEqual([]);
});

test('without an address a service is where its registrant is; without a port it has none', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1', Address: '', Port: 0 });
  expect(await health(world)).toMatchObject([
    { Node: { Node: ownNodeName(), Address: '127.0.0.1' }, Service: { Address: '', Port: 0 } },
  ]);
  expect(instanceOf(world, 'web-1')?.addrs).toMatchObject([{ host: '127.0.0.1', port: 9, portName: 'discard' }]);
});

test.each([
  [{ Meta: { secure: 'true' } }, 'https'],
  [{ Meta: { secure: 'false' } }, 'http'],
  [{ Tags: ['grpc'] }, 'grpc'],
  [{ Check: { HTTP: 'http://10.0.0.7:8080/', Interval: '1s' } }, 'http'],
  [{}, 'tcp'],
])('the port of %j is %s', async (fields, portName) => {
  const world = consulWorld();
  await register(world, { ID: 'web-1', ...fields });
  expect(instanceOf(world, 'web-1')?.addrs).toMatchObject([{ portName }]);
});

test('instances of other fronts are services like any other', async () => {
  const world = consulWorld();
  await world.register('prod/web/api-1', {
    addrs: ['http://10.0.0.9:80'],
    tags: ['blue'],
    metadata: { team: 'x' },
    weight: 20,
  });
  expect(await health(world, '?passing')).toMatchObject([
    {
      Service: {
        ID: 'api-1',
        Address: '10.0.0.9',
        Port: 80,
        Tags: ['blue'],
        Meta: { team: 'x' },
        Weights: { Passing: 20 },
      },
      Checks: [{}, { CheckID: 'service:api-1', Status: 'passing', Type: 'ttl' }],
    },
  ]);
  pass(world, 60_000);
  expect((await put(world, '/agent/check/pass/service:api-1')).statusCode).toBe(200);
  pass(world, 60_000);
  expect(instanceOf(world, 'api-1')).toBeDefined();
  await world.call('POST', '/apps/prod/web/api-1/drain');
  expect(await health(world, '?passing')).toEqual([]);
  expect((await put(world, '/agent/service/deregister/api-1')).statusCode).toBe(200);
  expect(instanceOf(world, 'api-1')).toBeUndefined();
});

test('a query with an index waits for a change of its own service', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1', Check: { TTL: '10s', Status: 'passing' } });
  const first = await call(world, 'GET', '/health/service/web');
  const index = Number(first.headers['x-consul-index']);
  let body: unknown;
  const waiting = call(world, 'GET', `/health/service/web?index=${index}&wait=60s`).then((reply) => {
    body = reply.json();
    return reply;
  });
  await turns();
  expect(world.longPolls.waiting).toBe(1);
  await register(world, { Name: 'other', ID: 'o-1' });
  await put(world, '/agent/check/pass/service:web-1');
  await register(world, { ID: 'web-1', Check: { TTL: '10s', Status: 'passing' } });
  await turns();
  expect(body).toBeUndefined();
  await put(world, '/agent/check/fail/service:web-1');
  const reply = await waiting;
  expect(Number(reply.headers['x-consul-index'])).toBeGreaterThan(index);
  expect(body).toMatchObject([{ Checks: [{}, { Status: 'critical' }] }]);
});

test('an index of the future waits its time and gets the present one', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1' });
  const waiting = call(world, 'GET', '/health/service/web?index=99999999&wait=1s');
  await turns();
  pass(world, 2000);
  const reply = await waiting;
  expect(reply.statusCode).toBe(200);
  expect(Number(reply.headers['x-consul-index'])).toBeLessThan(99_999_999);
});

test('catalog/services wakes for names and tags alone', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1', Check: { TTL: '10s', Status: 'passing' } });
  const { headers } = await call(world, 'GET', '/catalog/services');
  let isDone = false;
  const waiting = call(world, 'GET', `/catalog/services?index=${headers['x-consul-index']}&wait=60s`).then((reply) => {
    isDone = true;
    return reply;
  });
  await turns();
  await put(world, '/agent/check/fail/service:web-1');
  await put(world, '/agent/service/maintenance/web-1?enable=true');
  await turns();
  expect(isDone).toBe(false);
  await register(world, { ID: 'web-1', Tags: ['new'] });
  expect((await waiting).json()).toEqual({ consul: [], web: ['new'] });
});

test('a client that leaves frees its place, and there is an answer where there is none', async () => {
  const world = consulWorld({ waitingMax: 0 });
  await register(world, { ID: 'web-1' });
  const { headers } = await call(world, 'GET', '/health/service/web');
  const reply = await call(world, 'GET', `/health/service/web?index=${headers['x-consul-index']}`);
  expect(reply.statusCode).toBe(503);
  expect(world.counters.counts.get('refused:long-polls')).toBe(1);
});

test('agent/service waits for another hash', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1' });
  const first = await call(world, 'GET', '/agent/service/web-1');
  const hash = String(first.headers['x-consul-contenthash']);
  const waiting = call(world, 'GET', `/agent/service/web-1?hash=${hash}&wait=60s`);
  await turns();
  await register(world, { ID: 'web-1', Port: 9090 });
  const reply = await waiting;
  expect(reply.json()).toMatchObject({ Port: 9090 });
  expect(reply.headers['x-consul-contenthash']).not.toBe(hash);
});

test('the catalog has nodes of its own, whose services another program watches', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web' });
  const check = { CheckID: 'ping', Name: 'ping', Status: 'passing', ServiceID: 'web' };
  const entry = { Node: 'db-1', Address: '10.0.0.50', NodeMeta: { rack: 'a' }, Service: { Service: 'web', Port: 9 } };
  const reply = await put(world, '/catalog/register', { ...entry, Check: check });
  expect([reply.statusCode, reply.body]).toEqual([200, 'true']);
  const found = await health(world, '?near=db-1');
  expect(found).toMatchObject([
    {
      Node: { Node: 'db-1', Address: '10.0.0.50' },
      Service: { ID: 'web', Address: '' },
      Checks: [{ CheckID: 'ping' }],
    },
    { Node: { Node: ownNodeName() } },
  ]);
  expect(await health(world, '?node-meta=rack:a')).toHaveLength(1);
  await put(world, '/catalog/register', {
    Node: 'db-1',
    Address: '10.0.0.50',
    Check: { ...check, Status: 'critical' },
  });
  expect(await health(world, '?passing')).toHaveLength(1);
  expect(await get(world, '/catalog/node/db-1')).toMatchObject({
    Node: { Node: 'db-1' },
    Services: { web: { Port: 9 } },
  });
  expect(await get<Json[]>(world, '/catalog/nodes')).toHaveLength(2);
  expect(Object.keys(await get<Json>(world, '/agent/services'))).toEqual(['web']);
  await put(world, '/catalog/deregister', { Node: 'db-1' });
  expect(await health(world)).toHaveLength(1);
  expect(await get(world, '/catalog/node/db-1')).toBeNull();
});

test('a filter narrows every list', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1', Meta: { version: '1.4.2' } });
  await register(world, { ID: 'web-2', Meta: { version: '2.0.0' } });
  const of = (path: string, filter: string) => get<object>(world, `${path}?filter=${encodeURIComponent(filter)}`);
  expect(await of('/health/service/web', 'Service.Meta.version == "2.0.0"')).toMatchObject([
    { Service: { ID: 'web-2' } },
  ]);
  expect(await of('/catalog/service/web', 'ServiceID == "web-1"')).toHaveLength(1);
  expect(Object.keys(await of('/agent/services', 'ID matches "2$"'))).toEqual(['web-2']);
  const reply = await call(world, 'GET', '/health/service/web?filter=%3D%3D');
  expect([reply.statusCode, reply.body]).toEqual([400, expect.stringMatching(/^Failed to create boolean expression/)]);
});

test.each([
  ['/health/service/web?dc=nope', 500, 'No path to datacenter'],
  ['/health/service/web?index=abc', 400, 'Invalid index'],
  ['/health/service/web?wait=xx', 400, 'Invalid wait time'],
  ['/health/service/web?stale&consistent', 400, 'Cannot specify ?stale with ?consistent, conflicting semantics.'],
  ['/health/state/bogus', 400, "Invalid check status: 'bogus'"],
  ['/agent/service/nobody', 404, 'unknown service ID: nobody'],
  ['/nothing', 404, 'Invalid URL path: not a recognized HTTP API endpoint'],
  ['/kv/a/b', 404, ''],
])('GET %s is %i', async (path, status, text) => {
  const world = consulWorld();
  const reply = await call(world, 'GET', path);
  expect([reply.statusCode, reply.body]).toEqual([status, text]);
});

test.each([
  ['/agent/service/register', '{"ID":"x"}', 400, 'Missing service name'],
  ['/agent/service/register', '{"Name":1}', 400, 'Request decode failed: json: cannot unmarshal number'],
  ['/agent/service/register', '{"Name":"x","Nope":1}', 400, 'Request decode failed: json: unknown field "Nope"'],
  ['/agent/service/register', '[1]', 400, 'Request decode failed: '],
  ['/agent/service/register', '\xff', 400, 'Request decode failed: '],
  ['/agent/service/register', `${'['.repeat(100)}`, 400, 'Request decode failed: '],
  ['/agent/service/register', '{"Name":"x","Address":"a b"}', 400, 'Invalid service: '],
  ['/agent/service/register', '{"Name":"...","Address":"10.0.0.1"}', 400, 'Invalid service name: '],
  ['/agent/service/register', '{"Name":"x","Port":70000}', 400, 'Invalid Port'],
  ['/agent/service/register', '{"Name":"x","Kind":"connect-proxy"}', 400, 'Invalid service: there is no service mesh'],
  ['/agent/service/register', '{"Name":"x","Weights":{"Passing":-1}}', 400, 'Invalid Weights'],
  ['/agent/service/register', '{"Name":"x","Check":{"Args":["sh"],"Interval":"1s"}}', 400, 'Scripts are disabled'],
  ['/agent/service/register', '{"Name":"x","Check":{"HTTP":"ftp://x/","Interval":"1s"}}', 400, 'Invalid check: '],
  [
    '/agent/service/register',
    '{"Name":"x","Check":{"HTTP":"http://x/","Interval":"1s","Method":"POST"}}',
    400,
    'Invalid check: ',
  ],
  ['/agent/service/register', '{"Name":"x","Check":{"DockerContainerID":"x","Interval":"1s"}}', 400, 'Invalid check: '],
  [
    '/agent/service/register',
    '{"Name":"x","Check":{"TTL":"ten"}}',
    400,
    'Request decode failed: time: invalid duration',
  ],
  [
    '/agent/service/register',
    '{"Name":"x","Check":{"TTL":"10s","Status":"bogus"}}',
    400,
    "Invalid check status: 'bogus'",
  ],
  [
    '/agent/service/register',
    '{"Name":"x","Checks":[{"TTL":"10s"},{"TCP":"10.0.0.1:1","Interval":"1s"}]}',
    400,
    'Invalid check: ',
  ],
  ['/agent/check/register', '{"Name":"x","TTL":"10s"}', 400, 'Invalid check: there are no checks of a node'],
  ['/agent/check/register', '{"Name":"x","TTL":"10s","ServiceID":"nobody"}', 404, 'Unknown service ID "nobody"'],
  ['/agent/check/update/nobody', '{"Status":"passing"}', 404, 'Unknown check ID "nobody"'],
  ['/agent/check/update/nobody', '', 400, 'Request decode failed: '],
  ['/agent/service/maintenance/nobody', undefined, 400, 'Missing value for enable'],
  ['/agent/service/maintenance/nobody?enable=perhaps', undefined, 400, 'Invalid value for enable: "perhaps"'],
  ['/agent/service/maintenance/nobody?enable=true', undefined, 404, 'Unknown service ID "nobody"'],
  ['/catalog/register', '{"Node":"x"}', 400, 'Must provide node and address'],
  ['/catalog/register', '{"Node":"x","Address":"10.0.0.1","Datacenter":"other"}', 500, 'No path to datacenter'],
  ['/catalog/deregister', '{}', 400, 'Must provide node'],
])('PUT %s of %j is %i', async (path, body, status, text) => {
  const world = consulWorld();
  const reply = await put(world, path, body);
  expect([reply.statusCode, reply.body.slice(0, text.length)]).toEqual([status, text]);
  expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8');
});

test('checks can be added to a service and taken away', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1' });
  const check = { Name: 'extra', ServiceID: 'web-1', TTL: '10s' };
  expect((await put(world, '/agent/check/register', check)).statusCode).toBe(200);
  expect(instanceOf(world, 'web-1')).toMatchObject({ status: 'waiting', liveness: { kind: 'lease-then-waiting' } });
  await put(world, '/agent/check/pass/extra');
  expect(instanceOf(world, 'web-1')?.status).toBe('up');
  await put(world, '/agent/check/deregister/extra');
  expect(instanceOf(world, 'web-1')).toMatchObject({ status: 'up', liveness: { kind: 'none' } });
});

test('the secret is in X-Consul-Token, in the query, or a bearer token', async () => {
  const tokens = [{ name: 'ci', token: 'a-secret-of-sixteen' }];
  const world = createWorld({ deps: { adapters: { names: ['consul'], env: 'prod' }, tokens } });
  const status = async (path: string, headers: Headers = {}) =>
    (await call(world, 'GET', path, undefined, headers)).statusCode;
  expect(await status('/catalog/services')).toBe(401);
  expect(await status('/catalog/services?token=')).toBe(401);
  expect(await status('/catalog/services', { 'x-consul-token': 'another' })).toBe(401);
  expect(await status('/catalog/services', { 'x-consul-token': 'a-secret-of-sixteen' })).toBe(200);
  expect(await status('/catalog/services?token=a-secret-of-sixteen')).toBe(200);
  expect(await status('/catalog/services', { authorization: 'Bearer a-secret-of-sixteen' })).toBe(200);
});

test('changes name the front', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1', Check: { TTL: '10s' } });
  await put(world, '/agent/check/pass/service:web-1');
  const reply = await world.call('GET', '/events?app=prod/web');
  expect(JSON.stringify(reply.json())).toContain('"front":"consul"');
});

test('another method than the one of a call is refused with those that it takes', async () => {
  const reply = await call(consulWorld(), 'DELETE', '/catalog/services');
  expect([reply.statusCode, reply.headers['allow'], reply.body]).toEqual([
    405,
    'OPTIONS,GET',
    'method DELETE not allowed',
  ]);
});
