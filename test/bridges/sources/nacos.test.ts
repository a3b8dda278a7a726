// Nacos as a source: pages of names, lists of hosts, a login that ends, and hosts as registrations.

import { expect, onTestFinished, test } from 'vitest';
import { NacosSource } from '../../../src/bridges/sources/nacos.ts';
import { nacosInstance } from '../../../src/bridges/sources/nacos-host.ts';
import { sourceScript } from '../../kit/adapters/source-script.ts';

function following(more: { readonly credentials?: string; readonly namespace?: string } = {}) {
  const script = sourceScript();
  const { http, scheduler, follow, stop } = script;
  const { credentials, namespace = '' } = more;
  const options = { http, credentials, namespace, groups: ['DEFAULT_GROUP'], pollMs: 5000, scheduler, random: () => 0 };
  const running = follow(new NacosSource(options));
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  return script;
}

const queryOf = (path: string) => Object.fromEntries(new URLSearchParams(path.split('?')[1]));

test('reads each page of names, then the hosts of each service, again and again', async () => {
  const { next, states, scheduler, turns } = following({ namespace: 'dev' });
  const first = await next('/v1/ns/service/list');
  expect(queryOf(first.path)).toEqual({ pageNo: '1', pageSize: '500', groupName: 'DEFAULT_GROUP', namespaceId: 'dev' });
  first.answer({ doms: Array.from({ length: 500 }, () => 'web') });
  const second = await next('/v1/ns/service/list');
  expect(queryOf(second.path)['pageNo']).toBe('2');
  second.answer({ doms: ['DEFAULT_GROUP@@pay'] });
  const hosts = (ip: string) => ({ hosts: [{ ip, port: 80 }] });
  const list = await next('/v1/ns/instance/list');
  expect(queryOf(list.path)).toMatchObject({ serviceName: 'DEFAULT_GROUP@@web', healthyOnly: 'false' });
  list.answer(hosts('10.0.0.1'));
  (await next('/v1/ns/instance/list')).answer(hosts('10.0.0.2'));
  await turns();
  expect(states[0]?.instances.map(({ appName, instance }) => [appName, instance])).toEqual([
    ['web', '10.0.0.1#80#DEFAULT#DEFAULT_GROUP@@web'],
    ['pay', '10.0.0.2#80#DEFAULT#DEFAULT_GROUP@@pay'],
  ]);
  await scheduler.pass(5000);
  (await next('/v1/ns/service/list')).answer({ doms: [] });
  await turns();
  expect(states[1]?.instances).toEqual([]);
});

test.each([
  ['names that are none', { count: 0 }],
  ['no JSON', 'caused: oops'],
])('%s are an outage, not an empty registry', async (_, body) => {
  const { next, states, outages, turns } = following();
  (await next()).answer(body);
  await turns();
  expect([states, outages.length]).toEqual([[], 1]);
});

test('one service that cannot be read keeps the whole state back', async () => {
  const { next, states, outages, turns } = following();
  (await next()).answer({ doms: ['web', 'pay'] });
  (await next('/v1/ns/instance/list')).answer({ hosts: [] });
  (await next('/v1/ns/instance/list')).answer('busy', { status: 503 });
  await turns();
  expect([states, outages]).toEqual([[], [expect.stringContaining('503')]]);
});

test('logs in, and again before its token ends', async () => {
  const { next, scheduler } = following({ credentials: 'nacos:a:b' });
  const login = await next('/v1/auth/login');
  expect([login.method, login.form]).toEqual(['POST', { username: 'nacos', password: 'a:b' }]);
  login.answer({ accessToken: 't1', tokenTtl: 18 });
  const first = await next('/v1/ns/service/list');
  expect(queryOf(first.path)['accessToken']).toBe('t1');
  first.answer({ doms: [] });
  await scheduler.pass(5000);
  (await next('/v1/ns/service/list')).answer({ doms: [] });
  await scheduler.pass(5000);
  expect((await next()).path).toBe('/v1/auth/login');
});

test('an instance read from Nacos equals one registered through the Nacos API', () => {
  const host = {
    ip: '10.0.0.1',
    port: 80,
    weight: 0.25,
    clusterName: 'eu-1',
    healthy: false,
    metadata: { version: '2' },
  };
  expect(nacosInstance({ namespace: '', group: 'BLUE', service: 'web' }, host)).toEqual({
    appName: 'web.BLUE',
    instance: '10.0.0.1#80#eu-1#BLUE@@web',
    registration: {
      addrs: ['tcp://10.0.0.1:80'],
      ...{ status: 'waiting', weight: 3, metadata: { version: '2' }, zone: 'eu-1', group: 'BLUE', version: '2' },
    },
    content: { service: 'web', group: 'BLUE', cluster: 'eu-1', weight: 0.25, isUnhealthy: true },
  });
  const plain = nacosInstance(
    { namespace: 'public', group: 'DEFAULT_GROUP', service: 'web' },
    { ip: '10.0.0.1', port: 80 },
  );
  expect(plain.registration).toMatchObject({ status: 'up', weight: 10 });
  expect(plain.content).toEqual({ service: 'web' });
});
