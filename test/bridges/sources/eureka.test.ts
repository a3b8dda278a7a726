// Eureka as a source: everything, then deltas held against the hash code, and its JSON as registrations.

import { expect, onTestFinished, test } from 'vitest';
import { EurekaSource } from '../../../src/bridges/sources/eureka.ts';
import { eurekaInstance, infosIn } from '../../../src/bridges/sources/eureka-info.ts';
import { sourceScript } from '../../kit/adapters/source-script.ts';

function following(credentials?: string) {
  const script = sourceScript();
  const { http, scheduler, follow, stop } = script;
  const running = follow(new EurekaSource({ http, credentials, pollMs: 5000, scheduler, random: () => 0 }));
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  return script;
}

const info = (id: string, more: object = {}) => ({
  ...{
    instanceId: id,
    app: 'WEB',
    ipAddr: '10.0.0.1',
    hostName: 'h',
    status: 'UP',
    port: { $: 80, '@enabled': 'true' },
  },
  ...more,
});
const answer = (hash: string, ...instances: object[]) => ({
  applications: { apps__hashcode: hash, application: [{ name: 'WEB', instance: instances }] },
});

test('everything once, then deltas: each applied as often as it comes', async () => {
  const { next, states, scheduler, turns } = following('me:secret');
  const first = await next();
  expect([first.path, first.headers]).toEqual([
    '/apps',
    { accept: 'application/json', authorization: `Basic ${btoa('me:secret')}` },
  ]);
  first.answer(answer('UP_1_', info('a')));
  for (let asked = 0; asked < 2; asked++) {
    await scheduler.pass(5000);
    const delta = answer('UP_1_', info('b', { actionType: 'ADDED' }), info('a', { actionType: 'DELETED' }));
    (await next('/apps/delta')).answer(delta);
    await turns();
    expect(states.at(-1)?.instances.map(({ instance }) => instance)).toEqual(['b']);
  }
});

test.each([
  ['a hash code that does not fit', answer('UP_3_', info('b')), 200],
  ['no delta', 'gone', 404],
])('%s has everything fetched again', async (_, body, status) => {
  const { next, states, scheduler, turns } = following();
  (await next()).answer(answer('UP_1_', info('a')));
  await scheduler.pass(5000);
  (await next('/apps/delta')).answer(body, { status });
  (await next('/apps')).answer(answer('UP_2_', info('b'), info('c')));
  await turns();
  expect(states.at(-1)?.instances.map(({ instance }) => instance)).toEqual(['b', 'c']);
});

test('is away where everything cannot be read, and no part of it is believed', async () => {
  const { next, states, outages, scheduler, turns } = following();
  (await next()).answer(answer('UP_1_', info('a')));
  await scheduler.pass(5000);
  (await next('/apps/delta')).fail('connect ECONNREFUSED');
  (await next('/apps')).answer({});
  await turns();
  expect([states.length, outages]).toEqual([1, [expect.stringContaining('applications')]]);
  await scheduler.pass(30_000);
  expect((await next()).path).toBe('/apps');
});

test('an instance read from Eureka equals one registered through the Eureka API', () => {
  const more = {
    ...{ vipAddress: 'web', status: 'STARTING', metadata: { '@class': 'x', zone: 'eu-1', n: 3 } },
    ...{ securePort: { $: '8443', '@enabled': 'true' }, port: { $: 80, '@enabled': 'false' } },
    leaseInfo: { renewalIntervalInSecs: 10 },
  };
  const [read] = infosIn({ application: { name: 'web', instance: info('a', more) } });
  expect(read === undefined ? undefined : eurekaInstance(read)).toEqual({
    appName: 'WEB',
    instance: 'a',
    registration: {
      addrs: ['https://10.0.0.1:8443'],
      ...{ status: 'waiting', metadata: { zone: 'eu-1', n: '3' }, zone: 'eu-1' },
    },
    content: { vipAddress: 'web', status: 'STARTING', renewalIntervalInSecs: 10, disabledPort: 80, hostName: 'h' },
  });
});

test('an instance without an id is named by its host', () => {
  const [read] = infosIn({ application: [{ name: 'WEB', instance: [{ hostName: 'h', ipAddr: '10.0.0.1' }] }] });
  expect(read === undefined ? undefined : eurekaInstance(read)).toMatchObject({
    instance: 'h',
    registration: { addrs: ['http://10.0.0.1:7001'], status: 'up' },
    content: { isNamedByHost: true },
  });
});
