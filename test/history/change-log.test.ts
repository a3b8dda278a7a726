// The log of the latest changes, against an array that forgets nothing.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChangeLog } from '../../src/history/change-log.ts';
import type { Change } from '../../src/model/change.ts';
import { Harness } from '../kit/registry/harness.ts';

/** A harness whose changes go into a log and, all of them, into an array. */
function logged(options: { max: number; octetsMax?: number }) {
  const harness = new Harness();
  const log = new ChangeLog(harness.registry, options);
  const all: Change[] = [];
  harness.registry.onChange((change) => log.append(change));
  harness.registry.onChange((change) => all.push(change));
  return { harness, log, all };
}

const revisionsOf = (changes: Iterable<Change> | undefined) =>
  changes === undefined ? undefined : Array.from(changes, ({ revision }) => revision);

describe('an empty log', () => {
  test('is complete at the revision where it began, and nowhere else', () => {
    const { log, harness } = logged({ max: 10 });
    expect(log.completeSince).toBe(100);
    expect(revisionsOf(log.since(100))).toEqual([]);
    expect(log.since(99)).toBeUndefined();
    expect(log.since(101)).toBeUndefined();
    expect(log.since(Number.NaN)).toBeUndefined();
    harness.registry.touch();
    expect(revisionsOf(log.since(101))).toEqual([]);
    expect(revisionsOf(log.since(100))).toEqual([]);
  });
});

describe('changes', () => {
  test('are given after any revision between them, gaps included', () => {
    const { log, harness } = logged({ max: 10 });
    harness.register('orders.prod/a1');
    harness.registry.touch();
    harness.register('orders.prod/a2');
    harness.cancel('orders.prod/a1');
    expect(revisionsOf(log.since(100))).toEqual([101, 103, 104]);
    expect(revisionsOf(log.since(101))).toEqual([103, 104]);
    expect(revisionsOf(log.since(102))).toEqual([103, 104]);
    expect(revisionsOf(log.since(104))).toEqual([]);
    expect(log.since(105)).toBeUndefined();
    expect(revisionsOf(log.newestFirst())).toEqual([104, 103, 101]);
  });

  test('above the number that is kept push out the oldest', () => {
    const { log, harness } = logged({ max: 2 });
    for (const id of ['a1', 'a2', 'a3', 'a4']) harness.register(`orders.prod/${id}`);
    expect([log.size, log.completeSince]).toEqual([2, 102]);
    expect(log.since(101)).toBeUndefined();
    expect(revisionsOf(log.since(102))).toEqual([103, 104]);
  });

  test('above the octets push out as many as it takes; the newest is always kept', () => {
    const { log, harness } = logged({ max: 1000, octetsMax: 10_000 });
    for (let i = 0; i < 100; i++) harness.register(`orders.prod/a${i}`);
    expect(log.octets).toBeLessThanOrEqual(10_000);
    expect(log.size).toBeGreaterThan(3);
    const metadata = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`k${i}`, 'x'.repeat(1000)]));
    for (const id of ['b1', 'b2']) harness.register(`orders.prod/${id}`, { metadata });
    expect(revisionsOf(log.newestFirst())).toEqual([202]);
    expect(log.completeSince).toBe(201);
    const tiny = logged({ max: 1000, octetsMax: 1 });
    tiny.harness.register('orders.prod/a1');
    expect(revisionsOf(tiny.log.newestFirst())).toEqual([101]);
  });
});

test('any history: what is kept is the end of it, whole and in order', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('register' as const), id: fc.integer({ min: 0, max: 5 }) }),
    fc.record({ kind: fc.constant('cancel' as const), id: fc.integer({ min: 0, max: 5 }) }),
    fc.record({ kind: fc.constant('touch' as const), id: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (steps, max) => {
      const { harness, log, all } = logged({ max });
      const { registry } = harness;
      for (const [turn, { kind, id }] of steps.entries()) {
        if (kind === 'register') harness.register(`orders.prod/a${id}`, { weight: turn });
        else if (kind === 'touch') registry.touch();
        else registry.cancel({ env: 'prod', appid: 'orders', instance: `a${id}` });
      }
      const kept = all.slice(-max);
      expect([...log.newestFirst()]).toEqual([...kept].reverse());
      expect(log.completeSince).toBe(all.length > max ? all.at(-max - 1)?.revision : 100);
      for (let revision = 98; revision <= registry.revision + 2; revision++) {
        const isKnown = revision >= log.completeSince && revision <= registry.revision;
        const expected = isKnown ? all.filter((change) => change.revision > revision) : undefined;
        expect(revisionsOf(log.since(revision))).toEqual(revisionsOf(expected));
      }
    }),
    { numRuns: 200 },
  );
});

test('a long life closes up what was dropped', () => {
  const { harness, log } = logged({ max: 3 });
  for (let i = 0; i < 5000; i++) harness.register('orders.prod/a1', { weight: i });
  expect(revisionsOf(log.since(5097))).toEqual([5098, 5099, 5100]);
  expect([log.size, log.completeSince]).toEqual([3, 5097]);
});
