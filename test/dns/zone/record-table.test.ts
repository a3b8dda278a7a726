// Packed names and records against plain maps: what was put in comes out again, for any names, in the order in which it
// was put in, though the table grew or lost entries in between.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fold, type Name, name, nameOf, parentOf, ROOT } from '../../../src/dns/message/name.ts';
import { NameTable } from '../../../src/dns/zone/name-table.ts';
import { RecordTable } from '../../../src/dns/zone/record-table.ts';

const apex = name('example.test.');
const label = fc.oneof(
  fc.constantFrom('a', 'b', '*', 'example', 'test', '\0', 'x'.repeat(63)),
  fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 63 }),
);
const anyName = fc
  .tuple(fc.array(label, { maxLength: 3 }), fc.constantFrom(apex, apex, apex, name('test.'), ROOT))
  .map(([labels, parent]) => fold(nameOf(labels, parent) ?? parent));

function withAncestors(names: Iterable<Name>): Set<Name> {
  const all = new Set<Name>([ROOT]);
  for (const start of names) for (let at = start; at !== ROOT; at = parentOf(at)) all.add(at);
  return all;
}

describe('a table of names', () => {
  it('holds what was added and all that is above it, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(anyName, { maxLength: 60 }), fc.array(anyName, { maxLength: 20 }), (added, asked) => {
        const table = new NameTable(apex);
        for (const one of added) {
          if (table.isCrowded) for (const _ of table.growing());
          expect(table.name(table.add(one))).toBe(one);
        }
        table.trim();
        const known = withAncestors([apex, ...added]);
        expect(table.length).toBe(known.size);
        for (const one of [...known, ...asked]) {
          const number = table.find(one);
          expect(number !== undefined).toBe(known.has(one));
          if (number === undefined) continue;
          expect(table.name(number)).toBe(one);
          if (one !== ROOT) expect(table.name(table.parent(number))).toBe(parentOf(one));
        }
      }),
    );
  });

  it('gives lower numbers to the names above, and the apex is at its own number', () => {
    const table = new NameTable(apex);
    const number = table.add(name('a.b.c.example.test.'));
    expect(table.name(table.apex)).toBe(apex);
    for (let at = number; at !== 0; at = table.parent(at)) expect(table.parent(at)).toBeLessThan(at);
  });

  it('may have a hundred thousand names', () => {
    const table = new NameTable(apex);
    const names = Array.from({ length: 100_000 }, (_, i) => name(`h${i}.${i % 100}.example.test.`));
    const numbers = names.map((one) => table.add(one));
    expect(new Set(numbers).size).toBe(names.length);
    expect(names.map((one) => table.find(one))).toEqual(numbers);
    expect(table.find(name('h1.2.example.test.'))).toBeUndefined();
  });
});

describe('a table of records', () => {
  const part = fc.oneof(fc.uint8Array({ maxLength: 300 }), anyName);
  const record = fc.record({
    owner: fc.constantFrom(...['a', 'b', 'c.d'].map((text) => name(`${text}.example.test.`))),
    type: fc.integer({ min: 1, max: 65_535 }),
    ttl: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    rdata: fc.array(part, { minLength: 1, maxLength: 4 }),
  });

  it('gives the records of a name in order, without those taken out', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(record, fc.boolean()), { maxLength: 40 }), (all) => {
        const table = new RecordTable(apex);
        for (const [{ owner, type, ttl, rdata }] of all) table.add(owner, type, ttl, rdata);
        table.trim();
        const kept = new Map<Name, (typeof all)[number][0][]>();
        for (const [one, isTakenOut] of all) {
          const number = table.names.find(one.owner) as number;
          const before = kept.get(one.owner) ?? [];
          kept.set(one.owner, before);
          // The first of a name has none in front of it, and stays.
          if (!isTakenOut || before.length === 0) before.push(one);
          else table.removeNext(number, [...table.of(number)][before.length - 1] as number);
        }
        for (const [owner, expected] of kept) {
          const found = [...table.of(table.names.find(owner) as number)].map((at) => ({
            owner,
            type: table.type(at),
            ttl: table.ttl(at),
            rdata: table.rdata(at),
          }));
          expect(found).toEqual(expected);
        }
        expect(table.size).toBe([...kept.values()].flat().length);
      }),
    );
  });

  it('takes data of 65 535 octets, many times', () => {
    const table = new RecordTable(apex);
    const rdata = [new Uint8Array(65_535).fill(7)];
    for (let i = 0; i < 40; i++) table.add(apex, 65_280, 0, rdata);
    for (const at of table.of(table.names.apex)) expect(table.rdata(at)).toEqual(rdata);
  });
});
