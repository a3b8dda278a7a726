// What Consul's clients rely on, over the same registry as every other front.

import { expect, test } from 'vitest';
import {
  call,
  consulWorld,
  get,
  type Headers,
  health,
  instanceOf,
  pass,
  put,
  register,
  statusesOf,
} from '../../../kit/adapters/consul-world.ts';
import { createWorld } from '../../../kit/http/http-world.ts';

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

test('durations may be empty, or numbers of nanoseconds, and keys may be spelled in any way', async () => {
  const world = consulWorld();
  const check = { ttl: 20_000_000_000, Interval: '', deregister_critical_service_after: '', STATUS: 'passing' };
  await register(world, { ID: 'web-1', check });
  expect(instanceOf(world, 'web-1')).toMatchObject({ status: 'up', leaseSeconds: 20 });
  expect(instanceOf(world, 'web-1')?.liveness).toEqual({ kind: 'lease-then-waiting' });
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

test('registering again keeps the status of a check, and what other fronts have set', async () => {
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

test('an HTTP check has the method, the headers and the body that it was given', async () => {
  const world = consulWorld();
  const check = {
    HTTP: 'http://10.0.0.7:8080/health',
    Interval: '5s',
    Method: 'post',
    Header: { authorization: ['Bearer x'], accept: ['text/plain', 'text/html'], Host: ['web.test'] },
    Body: '{"deep":true}',
  };
  await register(world, { ID: 'web-1', Check: check });
  expect(instanceOf(world, 'web-1')?.checks).toMatchObject([
    {
      method: 'POST',
      headers: { authorization: 'Bearer x', accept: 'text/plain, text/html' },
      host: 'web.test',
      requestBody: '{"deep":true}',
      warning: '429',
    },
  ]);
});

test('an HTTP check that warns is up and not ?passing', async () => {
  const world = consulWorld();
  const key = { env: 'prod', appid: 'web', instance: 'web-1' };
  await register(world, { ID: 'web-1', Check: { HTTP: 'http://10.0.0.7:8080/', Interval: '5s' } });
  world.registry.judge(key, { verdict: 'passing', reason: 'http GET / at http://10.0.0.7:8080: status 200' });
  const before = world.registry.revision;
  world.registry.judge(key, { verdict: 'warning', reason: 'http GET / at http://10.0.0.7:8080: status 429' });
  expect(world.registry.revision).toBeGreaterThan(before);
  expect(instanceOf(world, 'web-1')?.status).toBe('up');
  expect(await health(world, '?passing')).toEqual([]);
  expect(await statusesOf(world)).toEqual({ 'service:web-1': 'warning' });
  expect((await call(world, 'GET', '/agent/health/service/id/web-1')).statusCode).toBe(429);
});

test('a service with a TTL check and one that is run here is up while both pass', async () => {
  const world = consulWorld();
  const key = { env: 'prod', appid: 'web', instance: 'web-1' };
  const checks = [
    { TTL: '10s', Status: 'passing' },
    { TCP: '10.0.0.7:8080', Interval: '5s' },
  ];
  await register(world, { ID: 'web-1', Checks: checks });
  expect(await statusesOf(world)).toEqual({ 'service:web-1:1': 'passing', 'service:web-1:2': 'critical' });
  world.registry.judge(key, { verdict: 'passing', reason: 'tcp at tcp://10.0.0.7:8080: connected' });
  expect(instanceOf(world, 'web-1')?.status).toBe('up');
  await put(world, '/agent/check/fail/service:web-1:1');
  expect(instanceOf(world, 'web-1')?.status).toBe('waiting');
  expect(await statusesOf(world)).toEqual({ 'service:web-1:1': 'critical', 'service:web-1:2': 'passing' });
  await put(world, '/agent/check/pass/service:web-1:1');
  expect(await health(world, '?passing')).toHaveLength(1);
  pass(world, 10_500);
  expect(await statusesOf(world)).toEqual({ 'service:web-1:1': 'critical', 'service:web-1:2': 'passing' });
  await put(world, '/agent/check/pass/service:web-1:1');
  expect(instanceOf(world, 'web-1')?.status).toBe('up');
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

test('maintenance leaves with the service, a hold of an operator that has an end does not', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1' });
  await put(world, '/agent/service/maintenance/web-1?enable=true');
  await put(world, '/agent/service/deregister/web-1');
  await register(world, { ID: 'web-1' });
  expect(instanceOf(world, 'web-1')?.status).toBe('up');
  await world.call('POST', '/apps/prod/web/web-1/drain?hold=1h');
  await put(world, '/agent/service/deregister/web-1');
  await register(world, { ID: 'web-1' });
  expect(instanceOf(world, 'web-1')?.status).toBe('waiting');
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
  expect(await status('/catalog/services')).toBe(403);
  expect(await status('/catalog/services?token=')).toBe(403);
  expect(await status('/catalog/services', { 'x-consul-token': 'another' })).toBe(403);
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
