// A journal leads from any serial that it knows to the latest one, and says so where it cannot.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { name } from '../../../src/dns/message/name.ts';
import type { ZoneRecord } from '../../../src/dns/zone/zone.ts';
import { type ZoneDifference, ZoneJournal } from '../../../src/dns/zone/zone-journal.ts';

const record = (n: number): ZoneRecord => ({
  owner: name(`r${n}.svc.`),
  type: 1,
  ttl: 5,
  rdata: [Uint8Array.of(10, 0, n >> 8, n & 255)],
});
const step = (fromSerial: number, added = [record(fromSerial)], removed: ZoneRecord[] = []): ZoneDifference => ({
  fromSerial,
  toSerial: fromSerial + 1,
  removed,
  added,
});

describe('a journal', () => {
  test('has all differences from a serial on, none from the latest, and does not know others', () => {
    const journal = new ZoneJournal(100);
    for (const serial of [7, 8, 9]) journal.add(step(serial));
    expect(journal.since(8)?.map(({ toSerial }) => toSerial)).toEqual([9, 10]);
    expect(journal.since(10)).toEqual([]);
    expect(journal.since(6)).toBeUndefined();
    expect(journal.since(11)).toBeUndefined();
    expect(new ZoneJournal(100).since(1)).toBeUndefined();
  });

  test('forgets the oldest above its limit, whole differences at a time', () => {
    const journal = new ZoneJournal(5);
    journal.add(step(1, [record(1), record(2), record(3)]));
    journal.add(step(2, [record(4)], [record(1)]));
    journal.add(step(3));
    expect(journal.since(1)).toBeUndefined();
    expect(journal.since(2)).toHaveLength(2);
  });

  test('one difference above the limit is not kept: the whole zone is less', () => {
    const journal = new ZoneJournal(2);
    journal.add(step(1, [record(1), record(2), record(3)]));
    expect(journal.since(1)).toBeUndefined();
    expect(journal.since(2)).toBeUndefined();
  });

  test('a gap ends what was before it', () => {
    const journal = new ZoneJournal(100);
    journal.add(step(1));
    journal.add(step(5));
    expect(journal.since(1)).toBeUndefined();
    expect(journal.since(5)).toHaveLength(1);
  });

  test('leads from every version that it knows to the latest', () => {
    const changes = fc.array(fc.tuple(fc.boolean(), fc.nat(20)), { maxLength: 60 });
    fc.assert(
      fc.property(changes, fc.integer({ min: 1, max: 40 }), (list, limit) => {
        const journal = new ZoneJournal(limit);
        const versions = [new Set<number>()];
        for (const [isAdded, n] of list) {
          const before = versions.at(-1) as Set<number>;
          const after = new Set(before);
          if (isAdded) after.add(n);
          else after.delete(n);
          const difference = (from: Set<number>, to: Set<number>) =>
            [...from].filter((one) => !to.has(one)).map(record);
          journal.add(step(versions.length - 1, difference(after, before), difference(before, after)));
          versions.push(after);
        }
        for (const [serial, version] of versions.entries()) {
          const owners = new Set([...version].map((n) => record(n).owner));
          for (const { removed, added } of journal.since(serial) ?? []) {
            for (const { owner } of removed) expect(owners.delete(owner)).toBe(true);
            for (const { owner } of added) owners.add(owner);
          }
          if (journal.since(serial) === undefined) continue;
          expect(owners).toEqual(new Set([...(versions.at(-1) as Set<number>)].map((n) => record(n).owner)));
        }
      }),
    );
  });
});
