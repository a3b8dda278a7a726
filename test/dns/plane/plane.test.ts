// The data plane as the main thread uses it, without threads and with two: what was sent to it is in every answer once `applied`
// has resolved, over UDP and TCP, whichever thread a client meets.

import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, test } from 'vitest';
import { name } from '../../../src/dns/message/name.ts';
import { defaultThreads } from '../../../src/dns/plane/dns-worker.ts';
import type { PlaneOptions } from '../../../src/dns/plane/plane.ts';
import { loadLibC } from '../../../src/dns/transport/batched/libc.ts';
import { brokenZone } from '../../../src/dns/zone/zone.ts';
import { tcpClient } from '../../kit/dns/dns-client.ts';
import { fileZone, openWorld } from '../../kit/dns/plane-world.ts';
import { zoneOf } from '../../kit/dns/static-records.ts';

const leftovers: (() => unknown)[] = [];
afterEach(async () => {
  for (const leave of leftovers.splice(0).reverse()) await leave();
});

const open = (threads: number, more: Partial<PlaneOptions> = {}, zones = [fileZone('10.9.0.1')]) =>
  openWorld(leftovers, threads, more, zones);

/** Where the machine has it. */
const batched = 'unavailable' in (await loadLibC()) ? 'dgram' : 'batched';

describe.each([
  [0, 'dgram'],
  [2, batched],
  [2, 'dgram'],
] as const)('%i threads, %s', (threads, transport) => {
  test('SERVFAIL until ready, then with all that was sent before', async () => {
    const { harness, plane, everywhere } = await open(threads, { transport });
    harness.register('orders.prod/a', { addrs: ['http://10.0.0.1:80'] });
    expect(await everywhere('orders.prod.svc')).toEqual(['SERVFAIL']);
    plane.ready();
    await plane.applied();
    expect(await everywhere('orders.prod.svc')).toEqual(['NOERROR 10.0.0.1 5']);
    expect({ threads: plane.threads, transport: plane.transport }).toEqual({ threads, transport });
  });

  test('every write is in every answer once it is applied', async () => {
    const { harness, plane, everywhere } = await open(threads, { transport });
    plane.ready();
    for (let round = 1; round <= 20; round++) {
      harness.register('orders.prod/a', { addrs: [`http://10.0.0.${round}:80`] });
      await plane.applied();
      expect(await everywhere('orders.prod.svc')).toEqual([`NOERROR 10.0.0.${round} 5`]);
    }
    harness.cancel('orders.prod/a');
    await plane.applied();
    expect(await everywhere('orders.prod.svc')).toEqual(['NXDOMAIN']);
    const asked = [...plane.counters.queries()].reduce((sum, { count }) => sum + count, 0);
    expect(asked).toBe(21 * 24);
  });

  test('a broken zone is SERVFAIL everywhere, and one that is dropped is gone everywhere', async () => {
    const { plane, everywhere } = await open(threads, { transport }, [fileZone('10.9.0.1'), brokenZone(name('b.'))]);
    plane.ready();
    await plane.applied();
    expect(await everywhere('www.b')).toEqual(['SERVFAIL']);
    expect(await everywhere('www.a')).toEqual(['NOERROR 10.9.0.1 60']);
    if (threads === 0) return;
    for (const apex of ['a.', 'b.']) plane.dropZone(name(apex));
    await plane.applied();
    expect(await everywhere('www.a')).toEqual(['REFUSED']);
    expect(await everywhere('www.b')).toEqual(['REFUSED']);
  });

  test('the TTL follows a lease that ends, and one that is renewed after all', async () => {
    const { harness, plane, elapse, everywhere } = await open(threads, { transport });
    plane.ready();
    harness.register('orders.prod/a', { addrs: ['http://10.0.0.1:80'], leaseSeconds: 30, dnsTtl: 10 });
    await plane.applied();
    const ttlAfter = async (ms: number): Promise<string[]> => {
      elapse(ms);
      await plane.applied();
      return everywhere('orders.prod.svc');
    };
    expect(await ttlAfter(18_500)).toEqual(['NOERROR 10.0.0.1 10']);
    // The threads' clock goes on meanwhile: on a slow machine it may be a second less, or two. See replica.test.ts.
    for (const answer of await ttlAfter(5000)) expect(answer).toMatch(/^NOERROR 10\.0\.0\.1 [456]$/);
    harness.renew('orders.prod/a');
    expect(await ttlAfter(2500)).toEqual(['NOERROR 10.0.0.1 10']);
    expect(await ttlAfter(27_500)).toEqual(['NXDOMAIN']);
  });

  test('a zone of a file is there, and another one in its place at once, with the serial', async () => {
    const large = (net: string) =>
      zoneOf('a.', [
        'a. 60 SOA ns.a. h.a. 7 2 3 4 5',
        'a. 60 NS ns.a.',
        ...Array.from({ length: 5000 }, (_, i) => `h${i}.a. 60 A ${net}.${i >> 8}.${i & 255}`),
      ]);
    const { harness, plane, everywhere } = await open(threads, {}, [large('10.1')]);
    plane.ready();
    await plane.applied();
    expect(await everywhere('h4999.a')).toEqual(['NOERROR 10.1.19.135 60']);
    // Three versions use two pieces of memory.
    for (const net of ['10.2', '10.3', '10.4']) {
      const zone = large(net);
      harness.registry.touch();
      harness.serveZone(zone);
      plane.serveZone(zone);
      await plane.applied();
      expect(await everywhere('h4999.a')).toEqual([`NOERROR ${net}.19.135 60`]);
    }
    const [soa] = await everywhere('svc', 'SOA');
    expect(soa?.split(' ')[3]).toBe(String(harness.registry.revision));
  });

  test('a port in use is reported, also where another plane of ours has it', async () => {
    const { plane } = await open(threads, { transport });
    const again = await open(threads, { listens: plane.listens });
    expect(again).toMatchObject({ failed: plane.listens[0], error: { code: 'EADDRINUSE' } });
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.0.0.1', resolve);
    });
    leftovers.push(() => socket.close());
    const listen = { host: '127.0.0.1', port: socket.address().port };
    expect(await open(threads, { listens: [listen] })).toMatchObject({ failed: listen, error: { code: 'EADDRINUSE' } });
  });

  test('gives until when the answers of all threads may be cached, once an instance is in no new one', async () => {
    const { harness, plane, elapse, everywhere } = await open(threads, { transport });
    plane.ready();
    // The id is no label, and the label is what threads go by.
    harness.register('orders.prod/Orders 1', { addrs: ['http://10.0.0.1:80'], dnsTtl: 20 });
    const instance = { env: 'prod', appid: 'orders', instance: 'Orders 1', dnsTtl: 20 };
    const heldMs = async () => (await plane.answersHeld(instance)).heldUntilMs - harness.clock.monotonicMs();
    // A process that has just begun cannot know what the one before it has handed out.
    expect(Math.floor((await heldMs()) / 1000)).toBeOneOf([21, 22]);
    elapse(40_000);
    await plane.applied();
    expect(await plane.answersHeld(instance)).toMatchObject({ lastServedMs: undefined });
    expect(await heldMs()).toBeLessThan(0);
    expect(await everywhere('orders.prod.svc')).toEqual(['NOERROR 10.0.0.1 20']);
    expect(Math.floor((await heldMs()) / 1000)).toBeOneOf([21, 22]);
    elapse(5000);
    // From the cache.
    expect(await everywhere('orders.prod.svc')).toEqual(['NOERROR 10.0.0.1 20']);
    elapse(5000);
    harness.cancel('orders.prod/Orders 1');
    await plane.applied();
    expect(await everywhere('orders.prod.svc')).toEqual(['NXDOMAIN']);
    // The threads' clock is ahead by a second at most.
    const served = (await plane.answersHeld(instance)).lastServedMs ?? 0;
    expect(harness.clock.monotonicMs() - served).toBeGreaterThanOrEqual(4000);
    expect(harness.clock.monotonicMs() - served).toBeLessThanOrEqual(5000);
    expect(Math.floor((await heldMs()) / 1000)).toBeOneOf([16, 17]);
    elapse(18_000);
    expect(await heldMs()).toBeLessThanOrEqual(0);
  });

  test('explains what is answered now, and how many zones there are', async () => {
    const { harness, plane } = await open(threads, { transport });
    plane.ready();
    await plane.applied();
    const before = plane.zoneCount;
    harness.register('orders.prod/a', { addrs: ['http://192.0.2.1:80'] });
    expect(await plane.explain('orders.prod.svc', 'A')).toMatchObject({
      answer: ['orders.prod.svc. 5 IN A 192.0.2.1'],
    });
    expect(await plane.explain('_http._tcp.prod.svc', 'PTR')).toMatchObject({
      answer: ['_http._tcp.prod.svc. 5 IN PTR a~orders._http._tcp.prod.svc.'],
    });
    expect(await plane.explain('1.2.0.192.in-addr.arpa', 'PTR')).toMatchObject({ rcode: 'NOERROR' });
    expect(await plane.explain('a..b', 'A')).toMatchObject({ problems: [{ field: 'name' }] });
    // The zone of a public address is made when it is asked for, and is in no count.
    expect(plane.zoneCount).toBe(before);
    harness.cancel('orders.prod/a');
    expect(await plane.explain('orders.prod.svc', 'A')).toMatchObject({ rcode: 'NXDOMAIN' });
  });

  test('closing answers what has arrived', async () => {
    const { harness, plane } = await open(threads, { transport });
    plane.ready();
    harness.register('orders.prod/a', { addrs: ['http://10.0.0.1:80'] });
    await plane.applied();
    const client = await tcpClient(plane.listens[0]?.port ?? 0);
    const asked = Array.from({ length: 100 }, () => client.ask('orders.prod.svc'));
    await asked[0];
    await plane.close();
    for (const { rcode } of await Promise.all(asked)) expect(rcode).toBe('NOERROR');
    client.close();
  });
});

test('what a machine with so many cores uses by itself', () => {
  expect([1, 2, 3, 4, 5, 64].map(defaultThreads)).toEqual([1, 1, 2, 3, 4, 4]);
});
