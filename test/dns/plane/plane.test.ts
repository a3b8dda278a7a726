// The data plane as the main thread uses it, without threads and with two: what was told is in every answer once `applied`
// has resolved, over UDP and TCP, whichever thread a client meets; and what happens when a thread ends.

import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, test } from 'vitest';
import { name } from '../../../src/dns/name.ts';
import { DnsThread } from '../../../src/dns/plane/dns-thread.ts';
import { defaultThreads, openPlane, type Plane, type PlaneOptions } from '../../../src/dns/plane/plane.ts';
import { ClockSharing } from '../../../src/dns/plane/shared-clock.ts';
import { type DnsClient, tcpClient, udpClient } from '../../kit/dns-client.ts';
import { Harness } from '../../kit/harness.ts';
import { zoneOf } from '../../kit/static-records.ts';
import { until } from '../../kit/until.ts';

const leftovers: (() => unknown)[] = [];
afterEach(async () => {
  for (const leave of leftovers.splice(0).reverse()) await leave();
});

interface World {
  readonly harness: Harness;
  readonly plane: Plane;
  /** Live threads, as they were started. */
  readonly started: DnsThread[];
  readonly ends: unknown[];
  readonly lost: Error[];
  /** Lets time pass, for all threads. */
  elapse(ms: number): void;
  /** What every client gets, each answer once: with two threads some clients meet each. */
  everywhere(qname: string, type?: 'A' | 'SOA'): Promise<string[]>;
}

const fileZone = (address: string) =>
  zoneOf('a.', ['a. 60 SOA ns.a. h.a. 7 2 3 4 5', 'a. 60 NS ns.a.', `www.a. 60 A ${address}`]);

async function open(threads: number, more: Partial<PlaneOptions> = {}, zones = [fileZone('10.9.0.1')]): Promise<World> {
  const started: DnsThread[] = [];
  const [ends, lost]: [unknown[], Error[]] = [[], []];
  const harness: Harness = new Harness({ onLapsing: (stored) => plane.mark(stored) });
  const sharing = new ClockSharing(harness.clock.monotonicMs());
  for (const zone of zones) harness.serveZone(zone);
  const plane = (await openPlane({
    threads,
    listens: [{ host: '127.0.0.1', port: 0 }],
    origin: name('svc.'),
    negativeTtlSeconds: 5,
    hosts: [],
    view: harness.registry,
    everybody: function* () {
      for (const app of harness.registry.apps()) yield* app.instances();
    },
    zones: harness.zones,
    fileZones: zones,
    clock: harness.clock,
    clockMemory: sharing.memory,
    cacheOctetsMax: 1024 * 1024,
    tcp: { idleMs: 10_000, connectionsMax: 100, connectionsPerClientMax: 100 },
    identity: { serverId: '', serverVersion: '', cookieSecret: new Uint8Array(16) },
    onFault: (error) => lost.push(error as Error),
    onThreadEnd: (error) => ends.push(error),
    onLost: (error) => lost.push(error),
    startThread: (start, onFault) => {
      const thread = new DnsThread(start, onFault);
      started.push(thread);
      return thread;
    },
    ...more,
  })) as Plane;
  if ('failed' in plane) return plane as never;
  leftovers.push(() => plane.close());
  harness.registry.onChange((change) => plane.apply(change));

  const clients: DnsClient[] = [];
  async function everywhere(qname: string, type: 'A' | 'SOA' = 'A'): Promise<string[]> {
    if (clients.length === 0) {
      const port = plane.listens[0]?.port ?? 0;
      for (let i = 0; i < 12; i++) clients.push(await udpClient(port), await tcpClient(port));
      leftovers.push(() => {
        for (const client of clients.splice(0)) client.close();
      });
    }
    const replies = await Promise.all(clients.map((client) => client.ask(qname, type)));
    const texts = replies.map(({ rcode, answer }) =>
      [rcode, ...answer.map(({ data, ttl }) => `${data} ${ttl}`)].join(' '),
    );
    return [...new Set(texts)];
  }
  const elapse = (ms: number): void => {
    harness.elapse(ms);
    sharing.moved(ms);
    sharing.read(harness.clock.monotonicMs());
  };
  return { harness, plane, started, ends, lost, elapse, everywhere };
}

describe.each([0, 2])('%i threads', (threads) => {
  test('SERVFAIL until ready, then what was told before', async () => {
    const { harness, plane, everywhere } = await open(threads);
    harness.register('orders.prod/a', { addrs: ['http://10.0.0.1:80'] });
    expect(await everywhere('orders.prod.svc')).toEqual(['SERVFAIL']);
    plane.ready();
    await plane.applied();
    expect(await everywhere('orders.prod.svc')).toEqual(['NOERROR 10.0.0.1 5']);
    expect({ threads: plane.threads, transport: plane.transport }).toEqual({ threads, transport: 'dgram' });
  });

  test('every write is in every answer once it is applied', async () => {
    const { harness, plane, everywhere } = await open(threads);
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

  test('the TTL follows a lease that ends, and one that is renewed after all', async () => {
    const { harness, plane, elapse, everywhere } = await open(threads);
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

  test('a port that somebody has is told, also where it is another plane of ours', async () => {
    const { plane } = await open(threads);
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

  test('says until when the answers of all threads may be cached, once an instance is in no new one', async () => {
    const { harness, plane, elapse, everywhere } = await open(threads);
    plane.ready();
    // The id is no label, and the label is what threads go by.
    harness.register('orders.prod/Orders 1', { addrs: ['http://10.0.0.1:80'], dnsTtl: 20 });
    const instance = { env: 'prod', appid: 'orders', instance: 'Orders 1', dnsTtl: 20 };
    const heldMs = async () => (await plane.handedOut(instance)).heldUntilMs - harness.clock.monotonicMs();
    // A process that has just begun cannot know what the one before it has handed out.
    expect(Math.floor((await heldMs()) / 1000)).toBeOneOf([21, 22]);
    elapse(40_000);
    await plane.applied();
    expect(await plane.handedOut(instance)).toMatchObject({ lastServedMs: undefined });
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
    const served = (await plane.handedOut(instance)).lastServedMs ?? 0;
    expect(harness.clock.monotonicMs() - served).toBeGreaterThanOrEqual(4000);
    expect(harness.clock.monotonicMs() - served).toBeLessThanOrEqual(5000);
    expect(Math.floor((await heldMs()) / 1000)).toBeOneOf([16, 17]);
    elapse(18_000);
    expect(await heldMs()).toBeLessThanOrEqual(0);
  });

  test('closing answers what has arrived', async () => {
    const { harness, plane } = await open(threads);
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

describe('a thread that ends by itself', () => {
  test('is replaced by one that knows everybody, and holds up no write', async () => {
    const { harness, plane, started, ends, lost, everywhere } = await open(2);
    plane.ready();
    for (let i = 0; i < 300; i++)
      harness.register(`app-${i}.prod/a`, { addrs: [`http://10.0.${i >> 8}.${i & 255}:80`] });
    await plane.applied();
    started[0]?.terminate();
    await until('a third thread', () => started.length === 3);
    harness.register('app-7.prod/a', { addrs: ['http://10.7.7.7:80'] });
    harness.cancel('app-8.prod/a');
    await plane.applied();
    await started[2]?.listening;
    // The other one goes too: who answers now is new.
    started[1]?.terminate();
    await until('a fourth thread', () => started.length === 4);
    await started[3]?.listening;
    await plane.applied();
    expect(await everywhere('app-299.prod.svc')).toEqual(['NOERROR 10.0.1.43 5']);
    expect(await everywhere('app-7.prod.svc')).toEqual(['NOERROR 10.7.7.7 5']);
    expect(await everywhere('app-8.prod.svc')).toEqual(['NXDOMAIN']);
    expect(await everywhere('www.a')).toEqual(['NOERROR 10.9.0.1 60']);
    expect([ends.length, lost]).toEqual([2, []]);
  });

  test('may have handed out everything until its end', async () => {
    const { harness, plane, started, elapse } = await open(2);
    plane.ready();
    const instance = { env: 'prod', appid: 'orders', instance: 'a', dnsTtl: 20 };
    harness.register('orders.prod/a', { dnsTtl: 20 });
    elapse(60_000);
    await plane.applied();
    const heldMs = async () => (await plane.handedOut(instance)).heldUntilMs - harness.clock.monotonicMs();
    expect(await heldMs()).toBeLessThan(0);
    // Asked while it ends, and when another one has its place.
    const asked = heldMs();
    started[0]?.terminate();
    expect(await asked).toBeLessThanOrEqual(22_500);
    await until('a third thread', () => started.length === 3);
    expect(Math.floor((await heldMs()) / 1000)).toBeOneOf([21, 22]);
  });

  test('too often is the end', async () => {
    const { plane, started, ends, lost } = await open(1);
    for (let times = 1; times <= 4; times++) {
      await started.at(-1)?.listening;
      started.at(-1)?.terminate();
      await until('its end', () => ends.length === times);
      if (times < 4) await until('another one', () => started.length === times + 1);
    }
    await until('the end', () => lost.length === 1);
    expect(lost[0]?.message).toBe('DNS threads ended 4 times in 600 s');
    expect(started).toHaveLength(4);
    await plane.applied();
  });
});

test('what a machine with so many cores uses by itself', () => {
  expect([1, 2, 3, 4, 5, 64].map(defaultThreads)).toEqual([0, 1, 2, 3, 4, 4]);
});
