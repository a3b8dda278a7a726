// Nacos's gRPC over real connections on loopback; the registry's time and the checks of connections are moved by hand.

import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { CreatedServices } from '../../../../../src/http/adapters/nacos/created-services.ts';
import { NacosGrpc, type NacosGrpcDeps } from '../../../../../src/http/adapters/nacos/grpc/nacos-grpc.ts';
import type { FindPrincipal } from '../../../../../src/http/auth/auth.ts';
import { unauthenticated, unrestricted } from '../../../../../src/model/principal.ts';
import { DeafNacosClient, NacosClient } from '../../../../kit/adapters/nacos-client.ts';
import { FakeScheduler } from '../../../../kit/client/client-scheduler.ts';
import { createWorld, type Json } from '../../../../kit/http/http-world.ts';
import { until } from '../../../../kit/process/until.ts';
import { keyOf } from '../../../../kit/registry/harness.ts';

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

const service = { namespace: 'public', serviceName: 'web', groupName: 'DEFAULT_GROUP' };
const instance = { ip: '10.0.0.7', port: 8080, weight: 2, healthy: true, enabled: true, ephemeral: true, metadata: {} };
const id = '10.0.0.7#8080#DEFAULT#DEFAULT_GROUP@@web';

async function world(options: Partial<NacosGrpcDeps> & { isRecovered?: () => boolean } = {}) {
  const availability = { isRecovered: options.isRecovered ?? (() => true), storeTrouble: () => undefined };
  const found = createWorld({ realTimers: true, control: { availability } });
  const scheduler = new FakeScheduler();
  const { control, clock } = found;
  const defaults = { leaseSeconds: 90, dnsTtl: 5 };
  const own = {
    control,
    clock,
    scheduler,
    defaults,
    env: 'prod',
    connectionsMax: 10,
    connectionsPerClientMax: 10,
    findPrincipal: () => unrestricted('anonymous'),
  };
  const opened = await NacosGrpc.open({ ...own, ...options }, [{ host: '127.0.0.1', port: 0 }]);
  if ('failed' in opened) throw new Error('it does not listen');
  const { grpc, listens } = opened;
  closing.push(() => grpc.close());
  const port = listens[0]?.port ?? 0;
  const client = async (): Promise<NacosClient> => {
    const one = new NacosClient(port);
    closing.push(() => one.close());
    await one.setUp();
    return one;
  };
  const stored = (name = id, env = 'prod') => found.registry.find({ ...keyOf('web.prod/x'), env, instance: name });
  const pass = (ms: number) => {
    clock.advance(ms);
    found.registry.evictExpired(100);
  };
  return { ...found, grpc, port, client, scheduler, stored, pass };
}

const registration = { ...service, type: 'registerInstance', instance };

test('a client that shows what it is able to do gets the same of the server', async () => {
  const { client } = await world();
  const one = await client();
  await until('the answer', () => one.pushed.length > 0);
  expect(one.pushed).toEqual([
    {
      type: 'SetupAckRequest',
      headers: {},
      body: { headers: {}, abilityTable: { supportPersistentInstanceByGrpc: true }, module: 'internal' },
    },
  ]);
});

test('an instance is there while its client is connected, and for the grace after', async () => {
  const { client, stored, pass, grpc } = await world();
  const one = await client();
  expect(await one.request('InstanceRequest', { ...registration, requestId: '7' })).toMatchObject({
    type: 'InstanceResponse',
    body: { resultCode: 200, errorCode: 0, requestId: '7', type: 'registerInstance', success: true },
  });
  expect(stored()?.instance).toMatchObject({ liveness: { kind: 'connection' }, weight: 20, status: 'up' });
  pass(3_600_000);
  expect(stored()).toBeDefined();
  one.close();
  await until('the end', () => grpc.clients.connected === 0);
  pass(14_000);
  expect(stored()).toBeDefined();
  pass(1100);
  expect(stored()).toBeUndefined();
});

test('a client that comes back and registers again keeps its instance', async () => {
  const { client, stored, pass, grpc } = await world();
  const one = await client();
  await one.request('InstanceRequest', registration);
  const two = await client();
  await two.request('InstanceRequest', registration);
  // The old connection ends after the new one has taken the instance over.
  one.close();
  await until('the end', () => grpc.clients.connected === 1);
  pass(60_000);
  expect(stored()).toBeDefined();
  two.close();
  await until('the end', () => grpc.clients.connected === 0);
  pass(10_000);
  const three = await client();
  await three.request('InstanceRequest', registration);
  pass(60_000);
  expect(stored()).toBeDefined();
});

test('deregistering takes the instance out, and one that is not there is no fault', async () => {
  const { client, stored } = await world();
  const one = await client();
  await one.request('InstanceRequest', registration);
  const leave = { ...registration, type: 'deregisterInstance' };
  for (let at = 0; at < 2; at++) expect((await one.request('InstanceRequest', leave)).body['success']).toBe(true);
  expect(stored()).toBeUndefined();
});

test('a persistent instance outlives its client', async () => {
  const { client, stored, pass, grpc } = await world();
  const one = await client();
  const persistent = { ...registration, instance: { ...instance, ephemeral: false } };
  expect((await one.request('PersistentInstanceRequest', persistent)).type).toBe('InstanceResponse');
  one.close();
  await until('the end', () => grpc.clients.connected === 0);
  pass(3_600_000);
  expect(stored()?.instance).toMatchObject({ liveness: { kind: 'checks' }, checks: [{ type: 'tcp' }] });
});

test('a batch is all that the client has of the service', async () => {
  const { client, registry } = await world();
  const one = await client();
  const batch = (...ips: string[]) =>
    one.request('BatchInstanceRequest', {
      ...service,
      type: 'batchRegisterInstance',
      instances: ips.map((ip) => ({ ...instance, ip })),
    });
  expect(await batch('10.0.0.1', '10.0.0.2')).toMatchObject({ type: 'BatchInstanceResponse', body: { success: true } });
  await batch('10.0.0.2', '10.0.0.3');
  const hosts = [...(registry.app('prod', 'web')?.instances() ?? [])].map((one) => one.instance.addrs[0]?.host);
  expect(hosts.sort()).toEqual(['10.0.0.2', '10.0.0.3']);
});

test('a subscriber is pushed each change at once, with its clusters, and no longer when it has unsubscribed', async () => {
  const { client, register, grpc } = await world();
  const one = await client();
  const subscription = { ...service, subscribe: true, clusters: 'eu,DEFAULT' };
  const first = await one.request('SubscribeServiceRequest', subscription);
  expect(first).toMatchObject({
    type: 'SubscribeServiceResponse',
    body: { message: 'success', serviceInfo: { name: 'web', groupName: 'DEFAULT_GROUP', hosts: [] } },
  });
  await register('prod/web/web-1', { zone: 'eu' });
  await until('the push', () => one.latest()?.length === 1);
  expect(one.pushed.at(-1)?.body).toMatchObject({
    serviceInfo: { clusters: 'eu,DEFAULT', hosts: [{ ip: '10.0.0.7' }] },
  });
  await one.request('SubscribeServiceRequest', { ...subscription, subscribe: false });
  expect(grpc.clients.subscriptions).toBe(0);
  const before = one.pushed.length;
  await register('prod/web/web-2');
  await one.request('HealthCheckRequest');
  expect(one.pushed.length).toBe(before);
});

test('a client that does not acknowledge gets no more than so many, then the latest; and is closed at last', async () => {
  const { client, register, scheduler, grpc } = await world();
  const one = await client();
  one.acknowledges = false;
  await one.request('SubscribeServiceRequest', { ...service, subscribe: true, clusters: '' });
  const pushes = () => one.pushed.filter(({ type }) => type === 'NotifySubscriberRequest');
  for (let at = 0; at < 40; at++) {
    await register('prod/web/web-1', { addrs: [`http://10.0.1.${at + 1}:80`] });
    await until('the push', () => pushes().length === Math.min(at + 1, 32));
  }
  expect(pushes()).toHaveLength(32);
  one.acknowledges = true;
  one.send('NotifySubscriberResponse', { requestId: '1' });
  await until('the latest', () => one.latest()?.[0]?.['ip'] === '10.0.1.40');
  expect(pushes()).toHaveLength(33);
  for (let at = 0; at < 12; at++) {
    await one.request('HealthCheckRequest');
    await scheduler.pass(3000);
  }
  await until('the end', () => grpc.clients.connected === 0);
});

test('a client that is silent is asked whether it is alive, and closed when it does not answer', async () => {
  const { client, scheduler, grpc } = await world();
  const one = await client();
  await scheduler.pass(21_000);
  await until('the question', () => one.pushed.some(({ type }) => type === 'ClientDetectionRequest'));
  await until('its answer', async () => (await one.request('HealthCheckRequest')).type === 'HealthCheckResponse');
  await scheduler.pass(6000);
  expect(grpc.clients.connected).toBe(1);
  one.acknowledges = false;
  await scheduler.pass(30_000);
  await until('the end', () => grpc.clients.connected === 0 && one.hasEnded);
});

test('services are listed and queried', async () => {
  const { client, register } = await world();
  const one = await client();
  await one.request('InstanceRequest', registration);
  await register('prod/other/o-1', { zone: 'eu' });
  const list = { namespace: 'public', groupName: 'DEFAULT_GROUP', serviceName: '', pageNo: 1, pageSize: 10 };
  expect(await one.request('ServiceListRequest', list)).toMatchObject({
    type: 'ServiceListResponse',
    body: { count: 2, serviceNames: ['other', 'web'] },
  });
  const query = { ...service, cluster: '', healthyOnly: true, udpPort: 0 };
  expect(await one.request('ServiceQueryRequest', query)).toMatchObject({
    type: 'QueryServiceResponse',
    body: { serviceInfo: { name: 'web', hosts: [{ instanceId: id, weight: 2 }] } },
  });
});

test.each<[what: string, type: string, body: Json, errorCode: number]>([
  ['configuration', 'ConfigQueryRequest', { dataId: 'a' }, 302],
  ['an unknown type', 'Other', {}, 302],
  ['no service', 'ServiceQueryRequest', { namespace: 'public' }, 400],
  ['no instance', 'InstanceRequest', { ...service, type: 'registerInstance' }, 400],
  ['a port that is none', 'InstanceRequest', { ...registration, instance: { ...instance, port: 'x' } }, 400],
  ['an address that is none', 'InstanceRequest', { ...registration, instance: { ...instance, ip: '1.2.3.400' } }, 400],
  ['an unknown kind', 'InstanceRequest', { ...registration, type: 'other' }, 400],
  ['a batch that is none', 'BatchInstanceRequest', { ...service, type: 'batchRegisterInstance', instances: 1 }, 400],
])('%s is an ErrorResponse', async (_what, type, body, errorCode) => {
  const { client, registry } = await world();
  const one = await client();
  expect(await one.request(type, body)).toMatchObject({
    type: 'ErrorResponse',
    body: { resultCode: 500, errorCode, success: false, message: expect.any(String) },
  });
  expect(registry.instanceCount).toBe(0);
});

test('a request without a stream is one of a client that has to connect again', async () => {
  const { port } = await world();
  const one = new NacosClient(port);
  closing.push(() => one.close());
  expect((await one.request('InstanceRequest', registration)).body['errorCode']).toBe(301);
});

test('until the registry is recovered clients get "starting" and wait', async () => {
  const { port } = await world({ isRecovered: () => false });
  const one = new NacosClient(port);
  closing.push(() => one.close());
  expect((await one.request('ServerCheckRequest')).body['errorCode']).toBe(300);
});

test('where credentials are needed, a request without a token is a 403', async () => {
  const findPrincipal: FindPrincipal = ({ token }) =>
    token === 'right' ? unrestricted('token', 'ci') : unauthenticated;
  const { client, registry } = await world({ findPrincipal });
  const one = await client();
  for (const type of ['InstanceRequest', 'ServiceQueryRequest', 'SubscribeServiceRequest'])
    expect((await one.request(type, registration)).body['errorCode']).toBe(403);
  expect(registry.instanceCount).toBe(0);
  const reply = await one.request('InstanceRequest', registration, { accessToken: 'right' });
  expect([reply.type, registry.instanceCount]).toEqual(['InstanceResponse', 1]);
  expect((await one.request('ServiceListRequest', {})).body).toMatchObject({ count: 0, serviceNames: [] });
});

test('a client whose credentials have come to their end is closed, and judged anew when it comes back', async () => {
  let isOver = false;
  const findPrincipal: FindPrincipal = () => ({ ...unrestricted('token', 'ci'), isOver: () => isOver });
  const { client, scheduler, grpc } = await world({ findPrincipal });
  const one = await client();
  await one.request('SubscribeServiceRequest', { ...service, subscribe: true });
  await scheduler.pass(3000);
  expect(grpc.clients.connected).toBe(1);
  isOver = true;
  await scheduler.pass(3000);
  await until('the end', () => grpc.clients.connected === 0 && one.hasEnded);
});

test('bytes that are no HTTP/2, and messages that are too long, harm no other client', async () => {
  const { port, client } = await world();
  const one = await client();
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  socket.write('GET / HTTP/1.1\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve));
  const long = { ...registration, instance: { ...instance, metadata: { a: 'x'.repeat(2 * 1024 * 1024) } } };
  await expect(one.request('InstanceRequest', long)).rejects.toMatchObject({ code: 8 });
  expect((await one.request('InstanceRequest', registration)).type).toBe('InstanceResponse');
});

test('connections over the limit are closed at once, and there is room again when one ends', async () => {
  const { port, client, grpc } = await world({ connectionsMax: 1 });
  const one = await client();
  const socket = connect(port, '127.0.0.1');
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  one.close();
  await until('the end', () => grpc.connections === 0);
  const two = await client();
  expect((await two.request('InstanceRequest', registration)).type).toBe('InstanceResponse');
});

test('one client alone takes no more connections than its share', async () => {
  const { port, client, grpc, counters } = await world({ connectionsPerClientMax: 1 });
  const one = await client();
  const socket = connect(port, '127.0.0.1');
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  expect([grpc.connections, counters.counts.get('refused:client-connections')]).toEqual([1, 1]);
  expect((await one.request('InstanceRequest', registration)).type).toBe('InstanceResponse');
});

test('a client that asks on and reads nothing is closed', async () => {
  const { port, client, grpc, counters } = await world({ unsent: { perConnectionMax: 150_000, totalMax: 1_000_000 } });
  const one = await client();
  const metadata = { a: 'x'.repeat(4000) };
  for (let at = 0; at < 50; at++)
    await one.request('InstanceRequest', { ...registration, instance: { ...instance, metadata, port: 1000 + at } });
  const deaf = new DeafNacosClient(port);
  closing.push(() => deaf.close());
  await deaf.setUp();
  await until('being connected', () => grpc.counts.clients === 2);
  for (let at = 0; at < 3; at++) deaf.request('ServiceQueryRequest', service);
  await until('the end', () => grpc.connections === 1);
  expect([counters.counts.get('refused:unsent-replies'), counters.unsentOctets]).toEqual([1, 0]);
  expect((await one.request('ServiceQueryRequest', service)).type).toBe('QueryServiceResponse');
});

test('what is asked for and pushed is counted', async () => {
  const { client, grpc } = await world();
  const one = await client();
  await one.request('SubscribeServiceRequest', { ...service, subscribe: true, clusters: '' });
  await one.request('InstanceRequest', registration);
  await one.request('ConfigQueryRequest', {});
  await until('a push', () => one.latest()?.length === 1);
  expect(grpc.counts).toMatchObject({ connections: 1, clients: 1, subscriptions: 1 });
  expect(grpc.counts.pushes).toBeGreaterThan(0);
  const counted = [...grpc.counts.requests()].filter(({ type }) => type !== 'HealthCheckRequest');
  expect(counted).toEqual([
    { type: 'ServerCheckRequest', result: 'done', count: 1 },
    { type: 'SubscribeServiceRequest', result: 'done', count: 1 },
    { type: 'InstanceRequest', result: 'done', count: 1 },
    { type: 'other', result: 'refused', count: 1 },
  ]);
});

test('an address that is taken is a failure to listen', async () => {
  const { port, control, clock } = await world();
  const defaults = { leaseSeconds: 90, dnsTtl: 5 };
  const limits = { findPrincipal: () => unauthenticated, connectionsMax: 10, connectionsPerClientMax: 10 };
  const opened = await NacosGrpc.open({ control, clock, defaults, env: 'prod', ...limits }, [
    { host: '127.0.0.1', port: 0 },
    { host: '127.0.0.1', port },
  ]);
  expect(opened).toMatchObject({ failed: { port }, error: { code: 'EADDRINUSE' } });
});

test('a connection on which no client introduces itself is closed, and one of a client is not', async () => {
  const { client, grpc, port, scheduler } = await world();
  const one = await client();
  const silent = connect(port, '127.0.0.1');
  closing.push(() => silent.destroy());
  await until('all', () => grpc.connections === 2);
  for (let at = 0; at < 7; at++) {
    await one.request('HealthCheckRequest');
    await scheduler.pass(10_000);
  }
  await until('the end', () => grpc.connections === 1);
  expect((await one.request('HealthCheckRequest')).type).toBe('HealthCheckResponse');
});

test('the clusters of a subscription are bounded', async () => {
  const { client, grpc } = await world();
  const one = await client();
  const clusters = 'x'.repeat(513);
  const reply = await one.request('SubscribeServiceRequest', { ...service, subscribe: true, clusters });
  expect(reply).toMatchObject({ type: 'ErrorResponse', body: { errorCode: 400 } });
  expect(grpc.clients.subscriptions).toBe(0);
});

test('services that were created over HTTP are listed, and their threshold counts', async () => {
  const services = new CreatedServices();
  const name = { namespace: 'public', env: 'prod', service: 'made', group: 'DEFAULT_GROUP', appid: 'made' };
  services.set({ ...name, grouped: 'DEFAULT_GROUP@@made' }, { protectThreshold: 1, metadata: {} });
  const { client } = await world({ services });
  const one = await client();
  const asked = { namespace: 'public', groupName: 'DEFAULT_GROUP', pageNo: 1, pageSize: 10 };
  expect((await one.request('ServiceListRequest', asked)).body).toMatchObject({ count: 1, serviceNames: ['made'] });
  await one.request('InstanceRequest', { ...registration, serviceName: 'made' });
  const { body } = await one.request('ServiceQueryRequest', { ...asked, serviceName: 'made' });
  expect(body).toMatchObject({ serviceInfo: { reachProtectionThreshold: true, hosts: [{ healthy: true }] } });
});
