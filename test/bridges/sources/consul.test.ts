// Consul as a source: queries that wait, indexes, and entries of health as registrations.

import { expect, onTestFinished, test } from 'vitest';
import { ConsulSource } from '../../../src/bridges/sources/consul.ts';
import { consulInstances } from '../../../src/bridges/sources/consul-service.ts';
import { sourceScript } from '../../kit/adapters/source-script.ts';

function following(token?: string) {
  const script = sourceScript();
  const { http, scheduler, follow, stop } = script;
  const running = follow(new ConsulSource({ http, token, scheduler, random: () => 0 }));
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  return script;
}

const at = (index: number) => ({ headers: { 'x-consul-index': String(index) } });
const entry = (id: string, more: object = {}, checks: readonly string[] = ['passing']) => ({
  Node: { Node: 'n1', Address: '10.0.0.99' },
  Service: { ID: id, Service: 'web', Address: '10.0.0.1', Port: 80, Tags: [], Meta: {}, ...more },
  Checks: checks.map((Status) => ({ Status })),
});

test('holds a query for the names and one for each service, and reports whole states alone', async () => {
  const { next, states, turns, asked } = following('secret');
  const first = await next('/v1/catalog/services');
  expect([first.path, first.headers]).toEqual(['/v1/catalog/services', { 'x-consul-token': 'secret' }]);
  first.answer({ consul: [], web: ['a'], 'my pay': [] }, at(7));
  (await next('/v1/health/service/web')).answer([entry('w')], at(5));
  await turns();
  expect(states).toEqual([]);
  (await next('/v1/health/service/my%20pay')).answer([], at(6));
  await turns();
  expect(states.at(-1)?.instances.map(({ instance }) => instance)).toEqual(['w']);
  expect(asked.map(({ path }) => path).toSorted()).toEqual([
    '/v1/catalog/services?index=7&wait=55s',
    '/v1/health/service/my%20pay?index=6&wait=55s',
    '/v1/health/service/web?index=5&wait=55s',
  ]);
});

test('an answer without news is no state, and the next question waits', async () => {
  const { next, states, turns, scheduler, asked } = following();
  (await next('/v1/catalog')).answer({ web: [] }, at(7));
  (await next('/v1/health')).answer([], at(5));
  await turns();
  const seen = states.length;
  (await next('/v1/health')).answer([], at(5));
  await turns();
  expect(asked.filter(({ path }) => path.startsWith('/v1/health'))).toEqual([]);
  await scheduler.pass(1000);
  (await next('/v1/health')).answer([entry('w')], at(9));
  await turns();
  expect(states.length).toBe(seen + 1);
});

test('an index that goes back is asked from the start', async () => {
  const { next } = following();
  (await next('/v1/catalog')).answer({}, at(70));
  (await next('/v1/catalog')).answer({}, at(3));
  expect((await next('/v1/catalog')).path).toBe('/v1/catalog/services');
});

test('is away where the names cannot be read, and reads all again when it is back', async () => {
  const { next, outages, states, scheduler, turns } = following();
  (await next('/v1/catalog')).answer({ web: [] }, at(7));
  (await next('/v1/health')).answer([entry('w')], at(5));
  await turns();
  (await next('/v1/catalog')).fail('connect ECONNREFUSED');
  (await next('/v1/health')).fail('connect ECONNREFUSED');
  await turns();
  expect(outages).toEqual(['connect ECONNREFUSED']);
  await scheduler.pass(10_000);
  (await next('/v1/catalog/services')).answer('<html>', { status: 502 });
  await scheduler.pass(20_000);
  expect(outages.at(-1)).toContain('502');
  const seen = states.length;
  (await next('/v1/catalog/services')).answer({ web: [] }, at(1));
  await turns();
  expect(states.length).toBe(seen + 1);
});

test.each([
  ['no index', { web: [] }, {}],
  ['an index of zero', { web: [] }, at(0)],
  ['no JSON', 'hello', at(1)],
])('%s is an outage', async (_, body, more) => {
  const { next, outages, turns } = following();
  (await next('/v1/catalog')).answer(body, more);
  await turns();
  expect(outages).toHaveLength(1);
});

test('many services are asked in turn, with few questions at a time', async () => {
  const { next, asked, turns, states } = following();
  const names = Array.from({ length: 150 }, (_, index) => `s${index}`);
  (await next('/v1/catalog')).answer(Object.fromEntries(names.map((name) => [name, []])), at(7));
  await turns();
  const health = () => asked.filter(({ path }) => path.startsWith('/v1/health'));
  expect(health()).toHaveLength(100);
  for (let asking = 0; asking < 150; asking++) (await next('/v1/health')).answer([], at(5));
  await turns();
  expect(states).toHaveLength(1);
  expect(health().every(({ path }) => path.endsWith('wait=1s'))).toBe(true);
});

test.each([
  [['passing', 'warning'], 'up'],
  [['passing', 'critical'], 'waiting'],
  [['passing', 'maintenance'], 'waiting'],
  [[], 'up'],
])('checks %j are %s', (checks, status) => {
  expect(consulInstances('web', [entry('w', {}, checks)])[0]?.registration['status']).toBe(status);
});

test('an instance read from Consul equals one registered through the Consul API', () => {
  const tags = ['grpc', 'x'.repeat(64)];
  const more = {
    Address: '',
    Port: 0,
    Tags: tags,
    Meta: { zone: 'eu-1', version: '2' },
    Weights: { Passing: 5, Warning: 2 },
  };
  expect(consulInstances('web', [entry('w', more)])).toEqual([
    {
      appName: 'web',
      instance: 'w',
      registration: {
        addrs: ['discard://10.0.0.99:9'],
        ...{ status: 'up', tags: ['grpc'], weight: 5, metadata: more.Meta, version: '2', zone: 'eu-1' },
      },
      content: { address: '10.0.0.99', hasNoPort: true, tags, warningWeight: 2 },
    },
  ]);
  const addrs = (fields: object) => consulInstances('web', [entry('w', fields)])[0]?.registration['addrs'];
  expect(addrs({ Address: '2001:db8::1' })).toEqual(['tcp://[2001:db8::1]:80']);
  expect(addrs({ Tags: ['http'] })).toEqual(['http://10.0.0.1:80']);
  expect(addrs({ Meta: { secure: 'true' } })).toEqual(['https://10.0.0.1:80']);
});

test('one id on several nodes is an instance on each', () => {
  const other = { ...entry('w'), Node: { Node: 'n2', Address: '10.0.0.98' } };
  expect(consulInstances('web', [entry('w'), other, entry('v')]).map(({ instance }) => instance)).toEqual([
    ...['n1/w', 'n2/w', 'v'],
  ]);
});

test('entries of any shape are read without a fault', () => {
  const odd = [null, 1, {}, { Service: [] }, { Service: { Tags: 'a', Meta: [], Weights: 3, Port: '80' }, Checks: {} }];
  expect(consulInstances('web', odd)).toHaveLength(odd.length);
});
