// Pushes to clients of Nacos 1.x, over real sockets on loopback; time is moved by hand.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { ServiceInfos } from '../../../../src/http/adapters/nacos/service-info.ts';
import { type NacosService, serviceNameOf } from '../../../../src/http/adapters/nacos/service-name.ts';
import { UdpPushes } from '../../../../src/http/adapters/nacos/udp-pushes.ts';
import { FakeScheduler } from '../../../kit/client/client-scheduler.ts';
import { createWorld, type Json } from '../../../kit/http/http-world.ts';

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const web = serviceNameOf({ namespace: '', group: undefined, service: 'web' }, 'prod') as NacosService;

async function client(): Promise<{ socket: Socket; port: number; next: () => Promise<[Json, RemoteInfo]> }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closing.push(() => socket.close());
  const next = async (): Promise<[Json, RemoteInfo]> => {
    const [datagram, from] = (await once(socket, 'message')) as [Buffer, RemoteInfo];
    const plain = datagram[0] === 0x1f ? gunzipSync(datagram) : datagram;
    return [JSON.parse(plain.toString()) as Json, from];
  };
  return { socket, port: socket.address().port, next };
}

async function world() {
  const found = createWorld({ realTimers: true });
  const scheduler = new FakeScheduler();
  const pushes = new UdpPushes({
    control: found.control,
    infos: new ServiceInfos(found.control.view, found.clock, { get: () => undefined }),
    scheduler,
  });
  closing.push(() => pushes.close());
  return { ...found, pushes, scheduler, client: await client() };
}

test('a change reaches a subscriber with the clusters that it asked with', async () => {
  const { pushes, client: one, register } = await world();
  pushes.subscribe(web, { seenAt: '127.0.0.1', port: one.port, clusters: 'eu' });
  const pushed = one.next();
  await register('prod/web/web-1', { zone: 'eu' });
  const [packet] = await pushed;
  expect(packet).toMatchObject({ type: 'dom', lastRefTime: expect.any(Number) });
  const data = JSON.parse(String(packet['data'])) as Json;
  expect(data).toMatchObject({ name: 'DEFAULT_GROUP@@web', clusters: 'eu', hosts: [{ ip: '10.0.0.7' }] });
});

test('a long list is compressed', async () => {
  const { pushes, client: one, register } = await world();
  pushes.subscribe(web, { seenAt: '127.0.0.1', port: one.port, clusters: '' });
  const pushed = once(one.socket, 'message') as Promise<[Buffer]>;
  await register('prod/web/web-1', { metadata: { text: 'x'.repeat(5000) } });
  const [datagram] = await pushed;
  expect(datagram.length).toBeLessThan(1000);
  expect(gunzipSync(datagram).toString()).toContain('x'.repeat(5000));
});

test('a push that is acknowledged is not repeated; one that is not is repeated once, and the subscription ends', async () => {
  const { pushes, client: one, register, scheduler } = await world();
  const subscribe = () => pushes.subscribe(web, { seenAt: '127.0.0.1', port: one.port, clusters: '' });
  subscribe();
  const pushed = one.next();
  await register('prod/web/web-1');
  const [packet, from] = await pushed;
  subscribe();
  const repeated = one.next();
  await scheduler.pass(10_000);
  const [again] = await repeated;
  expect(again['lastRefTime']).toBe(packet['lastRefTime']);
  const ack = { type: 'push-ack', lastRefTime: String(packet['lastRefTime']), data: '' };
  one.socket.send(JSON.stringify(ack), from.port, from.address);
  await expect.poll(() => pushes.unacknowledged).toBe(0);
  subscribe();
  await scheduler.pass(11_000);
  expect(pushes.subscribers).toBe(1);
  const second = one.next();
  await register('prod/web/web-2');
  await second;
  subscribe();
  await scheduler.pass(11_000);
  subscribe();
  await scheduler.pass(11_000);
  expect(pushes.subscribers).toBe(0);
});

test('a client that lists no more is forgotten', async () => {
  const { pushes, scheduler, control } = await world();
  pushes.subscribe(web, { seenAt: '127.0.0.1', port: 1234, clusters: '' });
  expect([pushes.subscribers, control.pushes.waiting]).toEqual([1, 1]);
  await scheduler.pass(16_000);
  expect([pushes.subscribers, control.pushes.waiting]).toEqual([0, 0]);
});

test('pushes go to the address of the call, which may be an IPv4 one of IPv6', async () => {
  const { pushes, client: one, register } = await world();
  pushes.subscribe(web, { seenAt: '::ffff:127.0.0.1', port: one.port, clusters: '' });
  const pushed = one.next();
  await register('prod/web/web-1');
  await pushed;
});

test('an address that a parameter names gets nothing', async () => {
  const { app, register } = createWorld({ realTimers: true, deps: { adapters: { names: ['nacos'], env: 'prod' } } });
  closing.push(() => void app.close());
  const other = createSocket('udp4');
  other.bind(0, '127.0.0.2');
  await once(other, 'listening');
  closing.push(() => other.close());
  const own = createSocket('udp4');
  const { port } = other.address();
  own.bind(port, '127.0.0.1');
  await once(own, 'listening');
  closing.push(() => own.close());
  const taken: string[] = [];
  other.on('message', () => taken.push('other'));
  const pushed = once(own, 'message');
  await app.inject(`/nacos/v1/ns/instance/list?serviceName=web&udpPort=${port}&clientIP=127.0.0.2`);
  await register('prod/web/web-1');
  await pushed;
  expect(taken).toEqual([]);
});

test('one that asks with more clusters than fit is not subscribed', async () => {
  const { pushes } = await world();
  pushes.subscribe(web, { seenAt: '127.0.0.1', port: 1234, clusters: 'x'.repeat(513) });
  expect(pushes.subscribers).toBe(0);
  pushes.subscribe(web, { seenAt: '127.0.0.1', port: 1234, clusters: 'x'.repeat(512) });
  expect(pushes.subscribers).toBe(1);
});

test('a list with a UDP port subscribes', async () => {
  const { app, control } = createWorld({ deps: { adapters: { names: ['nacos'], env: 'prod' } } });
  closing.push(() => void app.close());
  await app.inject('/nacos/v1/ns/instance/list?serviceName=web&udpPort=0&clientIP=127.0.0.1');
  expect(control.pushes.waiting).toBe(0);
  await app.inject('/nacos/v1/ns/instance/list?serviceName=web&udpPort=5000&clientIP=127.0.0.1');
  expect(control.pushes.waiting).toBe(1);
});
