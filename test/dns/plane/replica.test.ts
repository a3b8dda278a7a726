// A replica answers as the registry does: for any history, every question gets the same rcode, records, TTLs and serial
// from a DNS thread that received rows as from the registry itself. A cached answer of the thread may have a shorter TTL
// than there is, after a renewal, and never a longer one.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { name } from '../../../src/dns/message/name.ts';
import { InstanceFeed } from '../../../src/dns/plane/instance-feed.ts';
import { PlaneThread } from '../../../src/dns/plane/plane-thread.ts';
import type { MessageContent } from '../../../src/dns/plane/thread-message.ts';
import { applyUpdates } from '../../../src/dns/plane/update.ts';
import { DnsCounters } from '../../../src/dns/server/counters.ts';
import { sharedZoneOf } from '../../../src/dns/zone/shared-zone.ts';
import { SharedMemory } from '../../../src/runtime/packed/shared-memory.ts';
import { ClockSharing } from '../../../src/runtime/shared-clock.ts';
import { packet, type TypeName, typeNumbers } from '../../kit/dns/packet.ts';
import { reasonOf } from '../../kit/dns/reason.ts';
import { readReply } from '../../kit/dns/reply.ts';
import { originLines, zoneOf } from '../../kit/dns/static-records.ts';
import { Harness, type HarnessOptions, unguarded } from '../../kit/registry/harness.ts';

interface ComparableReply {
  readonly gist: string;
  readonly ttls: number[];
  readonly reason: string;
}

/** An update as it was posted, with the label of its instance. */
type Posted = readonly [what: 'put' | 'remove' | 'lease' | 'revision', deadlineMs?: number];

/** A harness, and threads that apply every update at once, so that rows are used again as soon as they may be. */
class Twins {
  readonly harness: Harness;
  readonly exact: PlaneThread;
  readonly cached: PlaneThread;
  readonly feed: InstanceFeed;
  readonly posted: Posted[] = [];
  readonly #threads: PlaneThread[] = [];

  constructor(options: HarnessOptions = {}) {
    this.harness = new Harness({ ...options, onNearExpiry: (stored) => this.feed.updateLease(stored) });
    this.feed = new InstanceFeed({
      post: (content) => this.#post(content),
      max: 1,
      isRead: () => true,
      whySuspect: (leased) => this.harness.registry.whySuspect(leased),
    });
    this.exact = this.thread(1);
    this.cached = this.thread(1024 * 1024);
    this.harness.registry.onChange((change) => this.feed.apply(change));
  }

  thread(cacheOctetsMax: number): PlaneThread {
    const { clock, registry } = this.harness;
    const thread = new PlaneThread(
      {
        slot: 0,
        applied: new SharedArrayBuffer(4),
        clock: new ClockSharing(0).memory,
        counters: new SharedArrayBuffer(DnsCounters.octets),
        revision: registry.revision,
        table: this.feed.memory,
        isReady: true,
        zones: [sharedZoneOf(zoneOf('svc.', originLines), new SharedMemory())],
        consulNodes: [],
        origin: name('svc.'),
        negativeTtlSeconds: 5,
        hosts: [],
        cacheOctetsMax,
        tcp: { idleMs: 1000, connectionsMax: 1, connectionsPerClientMax: 1 },
        identity: { serverId: '', serverVersion: '', cookieSecret: new Uint8Array(16), cookies: 'on' },
        delegated: [],
        transport: 'dgram',
      },
      ({ kind, ...rest }) => {
        throw new Error(`${kind} ${JSON.stringify(rest)}`);
      },
      () => false,
      () => clock.monotonicMs(),
    );
    this.#threads.push(thread);
    return thread;
  }

  #post(content: MessageContent): number {
    for (const thread of this.#threads) thread.apply({ ...content, sequence: 1 });
    if (content.kind !== 'updates') return 1;
    applyUpdates(content, {
      put: (_row, _revision, { deadlineMs }) => this.posted.push(['put', deadlineMs]),
      remove: () => this.posted.push(['remove']),
      updateLease: (_row, { deadlineMs }) => this.posted.push(['lease', deadlineMs]),
      touch: () => this.posted.push(['revision']),
    });
    return 1;
  }

  /** One side's answer, with TTLs and in an order of its own. */
  reply(side: Harness | PlaneThread, qname: string, type: TypeName): ComparableReply {
    const handler = side instanceof Harness ? side.uncached : side.handler;
    const bytes = packet({ name: qname, type: typeNumbers[type], edns: true });
    const octets = handler(Buffer.from(bytes), { transport: 'tcp', address: '127.0.0.1' });
    const reply = readReply(octets as Buffer);
    const { rcode, aa, answer, authority, additional } = reply;
    const records = [answer, authority, additional.filter(({ type: other }) => other !== 'OPT')];
    const lines = records.map((section) => section.map(({ owner, type: t, data }) => `${owner} ${t} ${data}`).sort());
    const { code = 0, text = '' } = reasonOf(reply) ?? {};
    return { gist: JSON.stringify([rcode, aa, code, ...lines]), ttls: answer.map(({ ttl }) => ttl), reason: text };
  }

  /** Compares the answers to all `questions`. */
  compare(questions: readonly (readonly [qname: string, type: TypeName])[]): void {
    for (const [qname, type] of questions) {
      const [truth, exact, cached] = [this.harness, this.exact, this.cached].map((side) =>
        this.reply(side, qname, type),
      );
      // The numbers in a reason may have changed since the thread received it.
      expect({ qname, type, ...exact, reason: '' }).toEqual({ qname, type, ...truth, reason: '' });
      expect(cached?.gist).toBe(truth?.gist);
      for (const [index, ttl] of (cached?.ttls ?? []).entries())
        expect(ttl).toBeLessThanOrEqual(truth?.ttls[index] ?? 0);
    }
  }
}

const questions = [
  ...(['A', 'AAAA', 'SRV', 'TXT'] as const).map((type) => ['orders.prod.svc.', type] as const),
  ['a.orders.prod.svc.', 'TXT'],
  ['b-b.orders.prod.svc.', 'SRV'],
  ['pay.prod.svc.', 'A'],
  ['acme.pay.prod.svc.', 'SRV'],
  ['1.0._version.orders.prod.svc.', 'A'],
  ['prod.svc.', 'A'],
  ['dev.svc.', 'A'],
  ['_http._tcp.prod.svc.', 'PTR'],
  ['_services._dns-sd._udp.prod.svc.', 'PTR'],
  ['1.0.0.10.in-addr.arpa.', 'PTR'],
  ['1.113.0.203.in-addr.arpa.', 'PTR'],
  ['svc.', 'SOA'],
  ['10.in-addr.arpa.', 'SOA'],
] as const satisfies readonly (readonly [string, TypeName])[];

describe('a replica', () => {
  // One has a label that is not its id: it stands beside the rows, and at addresses of some that are in them.
  const place = fc.constantFrom('orders.prod/a', 'orders.prod/b', 'orders.prod/B b', 'acme.pay.prod/a', 'orders.dev/a');
  const body = fc.record({
    addrs: fc.constantFrom(
      ['http://10.0.0.1:80'],
      ['http://203.0.113.1:80'],
      ['http://10.0.0.2:80', 'grpc://[2001:db8::1]:90'],
      ['http://203.0.113.1:80', 'dns+udp://mq.example.org:53'],
    ),
    status: fc.constantFrom('up', 'up', 'waiting'),
    version: fc.constantFrom('', '1.0'),
    metadata: fc.constantFrom({}, { team: 'a', note: 'ü=1' }),
    leaseSeconds: fc.constantFrom(5, 8, 20),
    dnsTtl: fc.constantFrom(0, 5, 10),
  });
  const step = fc.record({
    what: fc.constantFrom('register', 'register', 'renew', 'renew', 'cancel', 'patch', 'elapse', 'elapse'),
    place,
    body,
    ms: fc.constantFrom(1, 900, 1000, 2500, 4000),
  });

  test('answers as the registry does, for any history', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const twins = new Twins();
        const { harness } = twins;
        for (const { what, place: where, body: registration, ms } of steps) {
          const isThere = harness.data(`a.${where.split('/')[0]}.svc.`, 'TXT').length > 0;
          if (what === 'elapse') harness.elapse(ms);
          else if (what === 'register') harness.register(where, registration);
          else if (isThere && where.endsWith('/a') && what === 'renew') harness.renew(where);
          else if (isThere && where.endsWith('/a') && what === 'cancel') harness.cancel(where);
          else if (isThere && where.endsWith('/a')) harness.patch(where, { weight: harness.registry.revision });
          twins.compare(questions);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('gives one address once, whether or not its instances are in rows', () => {
    const twins = new Twins();
    for (const id of ['a', 'B b', 'c'])
      twins.harness.register(`orders.prod/${id}`, { addrs: ['http://203.0.113.1:80'] });
    twins.compare(questions);
    expect(twins.reply(twins.exact, 'orders.prod.svc.', 'A').ttls).toHaveLength(1);
    for (const id of ['a', 'B b']) {
      twins.harness.cancel(`orders.prod/${id}`);
      twins.compare(questions);
    }
  });

  test('that starts while changes go on ends up the same', () => {
    const twins = new Twins();
    const { harness, feed } = twins;
    const { registry } = harness;
    for (const id of ['a', 'b', 'c', 'd']) harness.register(`orders.prod/${id}`, { addrs: [`http://10.0.0.1:80`] });
    harness.register('acme.pay.prod/a', { leaseSeconds: 5, dnsTtl: 10 });
    const late = twins.thread(1);
    const changes = [
      // Of those that it has heard of and of those that it has not.
      () => harness.patch('orders.prod/a', { weight: 3 }),
      () => harness.cancel('orders.prod/d'),
      () => harness.cancel('orders.prod/b'),
      () => harness.register('orders.dev/a', { version: '1.0' }),
      () => harness.register('orders.prod/b', { addrs: [`http://10.0.0.2:80`] }),
    ];
    const all = function* () {
      for (const app of registry.apps()) yield* app.instances();
    };
    for (const content of feed.all(all(), () => registry.revision, 1)) {
      late.apply({ ...content, sequence: 1 });
      changes.shift()?.();
    }
    for (const change of changes) change();
    for (const [qname, type] of questions) {
      expect(twins.reply(late, qname, type)).toEqual(twins.reply(harness, qname, type));
    }
  });
});

test('renewals post nothing, until a lease is about to end', () => {
  const { harness, posted } = new Twins();
  const open = Number.POSITIVE_INFINITY;
  harness.register('orders.prod/a', { leaseSeconds: 90, dnsTtl: 5 });
  for (let renewals = 0; renewals < 10; renewals++) {
    harness.elapse(30_000);
    harness.renew('orders.prod/a');
  }
  expect(posted).toEqual([['put', open]]);
  harness.elapse(83_999);
  expect(posted).toHaveLength(1);
  harness.elapse(1);
  const deadlineMs = harness.clock.monotonicMs() + 6000;
  expect(posted.slice(1)).toEqual([['lease', deadlineMs]]);
  harness.renew('orders.prod/a');
  expect(posted.slice(2)).toEqual([['lease', open]]);
  harness.elapse(84_000);
  harness.elapse(6000);
  expect(posted.slice(3).map(([what]) => what)).toEqual(['lease', 'remove']);
});

describe('an instance that the guard keeps', () => {
  /** An app of ten of whom four have been silent beyond their lease. */
  function held(): Twins {
    const twins = new Twins();
    const { harness } = twins;
    for (let i = 0; i < 10; i++) harness.register(`orders.prod/o-${i}`, { addrs: [`http://10.0.0.${i}:80`] });
    for (let second = 1; second <= 690; second++) {
      harness.elapse(1000);
      if (second % 30 === 0) for (let i = second <= 600 ? 0 : 4; i < 10; i++) harness.renew(`orders.prod/o-${i}`);
    }
    expect(harness.registry.guard.status(1)).toMatchObject({ isHolding: true, suspects: 4 });
    return twins;
  }

  test('is answered for a second, with the reason, as the registry itself does', () => {
    const twins = held();
    const names = ['orders.prod.svc.', 'o-1.orders.prod.svc.', '_http._tcp.prod.svc.', 'o-9.orders.prod.svc.'];
    for (const qname of names) {
      for (const type of ['A', 'PTR'] as const) {
        const [truth, stored] = [twins.harness, twins.cached].map((side) => twins.reply(side, qname, type));
        expect(stored).toEqual(truth);
      }
    }
    const [orders, alive] = [
      twins.reply(twins.cached, names[0] ?? '', 'A'),
      twins.reply(twins.cached, names[3] ?? '', 'A'),
    ];
    expect([new Set(orders.ttls), alive.ttls]).toEqual([new Set([1]), [5]]);
    expect(orders.reason).toContain('guard keeps 4 of 10');
    expect(alive.reason).toBe('');
  });

  test('is an instance like others once it is heard', () => {
    const twins = held();
    twins.reply(twins.cached, 'o-1.orders.prod.svc.', 'A');
    twins.harness.renew('orders.prod/o-1');
    expect(twins.reply(twins.cached, 'o-1.orders.prod.svc.', 'A')).toMatchObject({ ttls: [5], reason: '' });
  });
});

describe('an instance whose lease has ended and that is not evicted yet', () => {
  const ended = (): Twins => {
    const twins = new Twins({ guard: unguarded });
    for (const id of ['a', 'b']) twins.harness.register(`orders.prod/${id}`, { leaseSeconds: 10 });
    twins.harness.register('users.prod/a', { leaseSeconds: 60 });
    twins.harness.clock.advance(10_000);
    const { registry } = twins.harness;
    twins.feed.endLeases(registry.endLeases(100), registry.touch());
    return twins;
  };
  const lasting = ({ gist, ttls }: ComparableReply) => ({ gist, ttls });
  const rcodeOf = (twins: Twins, side: PlaneThread, qname: string): unknown =>
    JSON.parse(twins.reply(side, qname, 'A').gist)[0];

  test('is in no answer, and evicted as any other', () => {
    const twins = ended();
    const { registry } = twins.harness;
    const { revision } = registry;
    for (const side of [twins.exact, twins.cached]) expect(rcodeOf(twins, side, 'orders.prod.svc.')).toBe('NXDOMAIN');
    expect([registry.instanceCount, registry.endedCount, registry.hasDueLeases]).toEqual([3, 2, false]);
    expect(registry.evictExpired(1)).toBe(1);
    expect(registry.evictExpired(10)).toBe(1);
    expect([registry.instanceCount, registry.endedCount, registry.revision]).toEqual([1, 0, revision + 2]);
    expect(twins.posted.at(-1)).toEqual(['revision']);
    const serials = [twins.exact, twins.harness].map((side) => twins.reply(side, 'svc.', 'SOA').gist);
    expect(serials[0]).toBe(serials[1]);
  });

  test('is answered with again once it is heard, and a thread that starts meanwhile does not know the others', () => {
    const twins = ended();
    const { harness, feed } = twins;
    harness.renew('orders.prod/b');
    const late = twins.thread(1);
    for (const content of feed.all(harness.registry.living(), () => harness.registry.revision, 1))
      late.apply({ ...content, sequence: 1 });
    for (const side of [twins.exact, twins.cached, late])
      expect(rcodeOf(twins, side, 'a.orders.prod.svc.')).toBe('NXDOMAIN');
    harness.registry.evictExpired(10);
    for (const qname of ['orders.prod.svc.', 'a.orders.prod.svc.', 'b.orders.prod.svc.', 'users.prod.svc.'])
      for (const side of [twins.exact, twins.cached, late])
        expect(twins.reply(side, qname, 'A')).toMatchObject(lasting(twins.reply(harness, qname, 'A')));
    harness.elapse(10_000);
    expect(harness.registry.instanceCount).toBe(1);
  });

  test('stays where a patch gives it more time', () => {
    const twins = ended();
    const { harness } = twins;
    harness.patch('orders.prod/a', { leaseSeconds: 60 });
    expect(harness.registry.evictExpired(10)).toBe(1);
    expect(twins.reply(twins.cached, 'orders.prod.svc.', 'A').gist).toBe(
      twins.reply(harness, 'orders.prod.svc.', 'A').gist,
    );
    harness.elapse(50_000);
    expect(harness.registry.app('prod', 'orders')).toBeUndefined();
  });
});
