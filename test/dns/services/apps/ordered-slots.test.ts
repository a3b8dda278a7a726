// A part of a large app's slots: its sums are kept from one draw to the next, and are those of a part that is looked at anew,
// whatever has come, gone or changed in between.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OrderedSlots } from '../../../../src/dns/services/apps/ordered-slots.ts';
import type { PartSums } from '../../../../src/dns/services/apps/part-sums.ts';
import { SlotSet } from '../../../../src/dns/services/apps/slot-set.ts';

const wanted = 10;
const up = 1;

interface Row {
  readonly key: number;
  readonly bits: number;
  readonly weight: number;
}

/** Slots that are in the part: every third one. */
const inPart = (slot: number): boolean => slot % 3 === 0;

const step = fc.record({
  slot: fc.nat(400),
  key: fc.nat(2 ** 30),
  bits: fc.constantFrom(0b11, 0b01, 0b10, 0b100001),
  weight: fc.constantFrom(0, 1, 10, 700),
  isGone: fc.boolean(),
});

test('kept sums of a part are those of a part that is looked at anew', () => {
  const histories = fc.array(fc.array(step, { minLength: 1, maxLength: 150 }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(histories, fc.float({ min: 0, max: Math.fround(0.999), noNaN: true }), (history, start) => {
      const order = new OrderedSlots();
      const rows = new Map<number, Row>();
      const set = new SlotSet();
      const kept: PartSums = new WeakMap();
      for (const steps of history) {
        for (const { slot, isGone, ...row } of steps) {
          const before = rows.get(slot);
          if (before !== undefined) order.delete(before.key, slot);
          rows.delete(slot);
          set.delete(slot);
          if (isGone) continue;
          rows.set(slot, row);
          order.insert(row.key, slot, row.bits, row.weight);
          if (inPart(slot)) set.add(slot);
        }
        const part = { set, want: up, having: undefined };
        const drawn = order.drawPart(part, kept, wanted, start);
        expect(drawn).toEqual(order.drawPart(part, new WeakMap(), wanted, start));
        const passed = order.pass(set, up, undefined);
        expect([drawn.known, drawn.count, [...drawn.counts]]).toEqual([
          passed.known,
          passed.slots.length,
          [...passed.counts],
        ]);
        expect(drawn.order).toHaveLength(Math.min(wanted, drawn.count));
        expect(new Set(drawn.order).size).toBe(drawn.order.length);
        for (const slot of drawn.order) expect(passed.slots).toContain(slot);
      }
    }),
    { numRuns: 60 },
  );
});

test('those with a port alone are drawn, and all of the part are counted', () => {
  const order = new OrderedSlots();
  const [set, having] = [new SlotSet(), new SlotSet()];
  for (let slot = 0; slot < 1000; slot++) {
    order.insert(slot * 7919, slot, 0b11, 10);
    if (slot % 2 === 0) set.add(slot);
    if (slot % 5 === 0) having.add(slot);
  }
  const drawn = order.drawPart({ set, want: up, having }, new WeakMap(), 1000, 0.3);
  expect([drawn.known, drawn.count]).toEqual([500, 100]);
  expect(drawn.order.every((slot) => slot % 10 === 0)).toBe(true);
});
