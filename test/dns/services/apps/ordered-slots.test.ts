// What a look at a part of a large app's slots says is what a walk over them would: kept from one look to the next, or made
// anew, whatever has come, gone or changed in between, and whatever their priorities are.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OrderedSlots } from '../../../../src/dns/services/apps/ordered-slots.ts';
import { PartSums } from '../../../../src/dns/services/apps/part-sums.ts';
import { marks, priorityOf, priorityRange } from '../../../../src/dns/services/apps/slot-chunk.ts';
import { SlotSet } from '../../../../src/dns/services/apps/slot-set.ts';

const wanted = 10;
const up = 1;
const critical = 5;

interface Row {
  readonly key: number;
  readonly bits: number;
  readonly weight: number;
}

const step = fc.record({
  slot: fc.nat(600),
  key: fc
    .tuple(fc.constantFrom(0, 0, 0, 1, 7), fc.nat(2 ** 30))
    .map(([priority, hash]) => priority * priorityRange + hash),
  bits: fc.constantFrom(0b11, 0b01, 0b10, 1 << critical),
  weight: fc.constantFrom(0, 1, 10, 700),
  isGone: fc.boolean(),
});
const histories = fc.array(fc.array(step, { minLength: 1, maxLength: 250 }), { minLength: 2, maxLength: 6 });
const start = fc.float({ min: 0, max: Math.fround(0.999), noNaN: true });

/** One slot in so many is in the part; 0: all are. */
const oneIn = fc.constantFrom(0, 2, 30);

function walked(rows: ReadonlyMap<number, Row>, set: SlotSet | undefined) {
  const there = [...rows].filter(([slot]) => set?.has(slot) !== false);
  there.sort(([a, { key }], [b, { key: other }]) => key - other || a - b);
  const counts = Array.from(
    { length: marks },
    (_, bit) => there.filter(([, { bits }]) => (bits >> bit) % 2 === 1).length,
  );
  const drawable = there.filter(([, { bits }]) => (bits >> up) % 2 === 1);
  return { known: there.length, counts, drawable };
}

test('a look says what a walk would, with sums that were kept and without', () => {
  fc.assert(
    fc.property(histories, start, oneIn, (history, from, share) => {
      const order = new OrderedSlots();
      const rows = new Map<number, Row>();
      const set = share === 0 ? undefined : new SlotSet();
      const kept = new PartSums();
      for (const steps of history) {
        for (const { slot, isGone, ...row } of steps) {
          const before = rows.get(slot);
          if (before !== undefined) order.delete(before.key, slot);
          rows.delete(slot);
          set?.delete(slot);
          if (isGone) continue;
          rows.set(slot, row);
          order.insert(row.key, slot, row.bits, row.weight);
          if (share > 0 && slot % share === 0) set?.add(slot);
        }
        const part = { set, want: up, having: undefined };
        const look = order.look(part, kept);
        const { known, counts, drawable } = walked(rows, set);
        expect([look.known, [...look.counts], look.count]).toEqual([known, counts, drawable.length]);

        const drawn = look.draw(wanted, from);
        expect(drawn).toEqual(order.look(part, undefined).draw(wanted, from));
        expect(new Set(drawn.order).size).toBe(drawn.order.length);
        const priorities = drawn.order.map((slot) => priorityOf((rows.get(slot) as Row).key));
        // The most preferred there are, in their order.
        expect(priorities).toEqual(drawable.slice(0, wanted).map(([, { key }]) => priorityOf(key)));
        expect(drawn.preferred).toBe(priorities.filter((priority) => priority === priorities[0]).length);
        expect(drawn.firsts.every((first) => first < drawn.preferred)).toBe(true);
        for (const slot of drawn.order) expect(drawable.map(([one]) => one)).toContain(slot);

        const critically = [...rows].filter(([slot, { bits }]) => set?.has(slot) !== false && bits === 1 << critical);
        expect(look.first(critical, undefined, 2)).toHaveLength(Math.min(2, critically.length));
        for (const slot of look.first(critical, undefined, 2)) expect(rows.get(slot)?.bits).toBe(1 << critical);
        if (set !== undefined) expect(order.isAny(critical, set)).toBe(critically.length > 0);
      }
    }),
    { numRuns: 60 },
  );
});

test('shares decide how often each leads, within the most preferred priority', () => {
  const order = new OrderedSlots();
  for (let slot = 0; slot < 1000; slot++)
    order.insert((slot % 3) * priorityRange + slot * 7919, slot, 1 << up, slot === 9 ? 334 : 1);
  const {
    firsts,
    order: drawn,
    preferred,
  } = order.look({ set: undefined, want: up, having: undefined }, undefined).draw(100, 0.3);
  expect(preferred).toBe(100);
  expect(drawn.every((slot) => slot % 3 === 0)).toBe(true);
  const turns = firsts.filter((first) => drawn[first] === 9).length;
  // Of 334 + 333 shares it has half.
  expect(Math.abs(turns / firsts.length - 0.5)).toBeLessThan(0.05);
});

describe('a part', () => {
  test('has those with a port alone in its draw, and all of it in its counts', () => {
    const order = new OrderedSlots();
    const [set, having] = [new SlotSet(), new SlotSet()];
    for (let slot = 0; slot < 1000; slot++) {
      order.insert(slot * 7919, slot, 0b11, 10);
      if (slot % 2 === 0) set.add(slot);
      if (slot % 5 === 0) having.add(slot);
    }
    const look = order.look({ set, want: up, having }, new PartSums());
    expect([look.known, look.count]).toEqual([500, 100]);
    const drawn = look.draw(1000, 0.3);
    expect(drawn.order).toHaveLength(100);
    expect(drawn.order.every((slot) => slot % 10 === 0)).toBe(true);
  });

  test('of slots without an end of priorities costs as many looks as are drawn', () => {
    const order = new OrderedSlots();
    // One in a hundred is up, each of a priority of its own.
    for (let slot = 0; slot < 10_000; slot++)
      order.insert(slot * priorityRange, slot, slot % 100 === 0 ? 1 << up : 0, 1);
    const { order: drawn, preferred } = order
      .look({ set: undefined, want: up, having: undefined }, undefined)
      .draw(50, 0.7);
    expect(drawn).toEqual(Array.from({ length: 50 }, (_, place) => 100 * place));
    expect(preferred).toBe(1);
  });
});
