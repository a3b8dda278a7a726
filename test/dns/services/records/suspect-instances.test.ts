// Suspects on the wire: TTL 1, an extended DNS error with the reason, an answer that lasts a second and no longer, and the
// usual TTL as soon as they are back.

import { describe, expect, test } from 'vitest';
import { explain } from '../../../../src/dns/server/explain.ts';
import { suspectNote } from '../../../../src/dns/services/records/suspect-instances.ts';
import { suspicionText } from '../../../../src/model/suspicion.ts';
import { reasonOf } from '../../../kit/dns/reason.ts';
import { Harness, keyOf } from '../../../kit/registry/harness.ts';

/** Ten instances of an app, of which the first `silent` fell silent 90 s ago. */
function world(silent: number): Harness {
  const harness = new Harness();
  for (let i = 0; i < 10; i++) harness.register(`orders.prod/o-${i}`, { addrs: [`http://10.0.0.${i}:80`] });
  for (let round = 0; round < 23; round++) {
    for (let s = 0; s < 30; s++) harness.elapse(1000);
    for (let i = round >= 20 ? silent : 0; i < 10; i++) harness.registry.renew(keyOf(`orders.prod/o-${i}`));
  }
  return harness;
}

const why =
  "the guard keeps 4 of 10 instances past their lease: 4 of the registry's 10 instances are silent, more than 15 %";

describe('an answer with suspects', () => {
  test('has all of them, TTL 1 and the reason as Stale Answer', () => {
    const reply = world(4).query('orders.prod.svc', 'A', { edns: true });
    expect([reply.answer.length, new Set(reply.answer.map(({ ttl }) => ttl))]).toEqual([10, new Set([1])]);
    expect(reasonOf(reply)).toEqual({ code: 3, text: why });
  });

  test.each(['SRV', 'TXT'] as const)('is reported for %s, too', (type) => {
    const reply = world(4).query('orders.prod.svc', type, { edns: true, tcp: true });
    expect(reply.answer.every(({ ttl }) => ttl === 1)).toBe(true);
    expect(reasonOf(reply)?.code).toBe(3);
  });

  test('is reported for browsing and an address as well', () => {
    const harness = world(4);
    const browse = harness.query('_http._tcp.prod.svc', 'PTR', { edns: true });
    expect([browse.answer[0]?.ttl, reasonOf(browse)?.code]).toEqual([1, 3]);
    const reverse = harness.query('0.0.0.10.in-addr.arpa', 'PTR', { edns: true });
    expect([reverse.answer[0]?.ttl, reasonOf(reverse)?.code]).toEqual([1, 3]);
    expect(reasonOf(reverse)?.text).toContain('guard');
  });

  test('explains itself in /resolve and under _why', () => {
    const harness = world(4);
    const explained = explain('orders.prod.svc', 'A', harness.zones, harness.clock.monotonicMs());
    expect(explained).toMatchObject({ ttl: 1, reason: `10 instances of 10 up; ${why}` });
    expect(harness.data('_why.orders.prod.svc', 'TXT').join(' ')).toContain(why);
  });

  test('is kept for a second, and their return brings the usual TTL back', () => {
    const harness = world(4);
    const ttl = () => harness.query('orders.prod.svc').answer[0]?.ttl;
    expect(ttl()).toBe(1);
    const { cacheHits } = harness.counters;
    expect(ttl()).toBe(1);
    harness.clock.advance(1000);
    expect(ttl()).toBe(1);
    expect(harness.counters.cacheHits).toBe(cacheHits + 2);
    for (let i = 0; i < 4; i++) harness.renew(`orders.prod/o-${i}`);
    expect(ttl()).toBe(1);
    harness.clock.advance(1);
    expect(ttl()).toBe(5);
  });
});

test('those of whom none is kept are answered as ever', () => {
  const harness = world(4);
  const reply = harness.query('o-9.orders.prod.svc', 'A', { edns: true });
  expect([reply.answer[0]?.ttl, reasonOf(reply)]).toEqual([5, undefined]);
});

test('an instance past its lease that the guard has not looked at yet has TTL 0, not 1', () => {
  const harness = new Harness();
  harness.register('orders.prod/o', { leaseSeconds: 5 });
  harness.clock.advance(6000);
  expect(harness.query('orders.prod.svc').answer[0]?.ttl).toBe(0);
});

test('a dnsTtl of 0 is a wish that holds for suspects, too', () => {
  const harness = world(4);
  harness.patch('orders.prod/o-0', { dnsTtl: 0 });
  expect(harness.query('o-0.orders.prod.svc').answer[0]?.ttl).toBe(0);
  expect(harness.query('o-1.orders.prod.svc').answer[0]?.ttl).toBe(1);
});

test('a hold moves neither revision nor serial', () => {
  const harness = world(4);
  const before = [harness.registry.revision, harness.query('svc', 'SOA').answer[0]?.data];
  for (let s = 0; s < 100; s++) {
    harness.elapse(1000);
    if (s % 30 === 0) for (let i = 4; i < 10; i++) harness.renew(`orders.prod/o-${i}`);
  }
  expect([harness.registry.revision, harness.query('svc', 'SOA').answer[0]?.data]).toEqual(before);
});

describe('an instance of another node', () => {
  const noteOf = (why: string, nowMs: number) =>
    suspectNote([{ isSuspect: true }, { isSuspect: false }] as never, { whySuspect: () => why } as never, nowMs);
  const unheard = suspicionText({ kind: 'unheard', owner: 'n2', sinceMs: 10_000, staleAfterMs: 60_000 });

  test('whose owner is silent has for how long, at the time of the answer', () => {
    expect(noteOf(unheard, 24_500)).toMatchObject({
      kind: 'unproven',
      reason: expect.stringMatching(/^owner n2 not heard for 14 s/),
    });
  });

  test('is stale once it was silent for too long', () => {
    expect(noteOf(unheard, 70_000)?.kind).toBe('stale');
  });

  test('that its owner has marked names the owner', () => {
    const reason = expect.stringMatching(/owner n2/);
    expect(noteOf(suspicionText({ kind: 'marked', owner: 'n2' }), 0)).toMatchObject({ kind: 'unproven', reason });
  });
});
