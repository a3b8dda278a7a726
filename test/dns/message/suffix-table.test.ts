// Suffixes of names, found where a message has them: against a map of texts, for names in any letter case, written and
// taken back in any number.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold, type Name, name, parentOf, ROOT } from '../../../src/dns/message/name.ts';
import { SuffixTable } from '../../../src/dns/message/suffix-table.ts';

/** A message of names one behind the other, each written whole. */
class World {
  readonly message = Buffer.alloc(65_536);
  readonly table = new SuffixTable(this.message);
  readonly model = new Map<string, number[]>();
  at = 12;

  write(text: string): void {
    const whole = name(text);
    const labels = this.table.read(whole);
    let rest = whole;
    for (let label = 0; label < labels; label++, rest = parentOf(rest)) {
      const offset = this.at + this.table.labelAt(label);
      this.table.add(whole, label, offset);
      this.model.set(fold(rest), [...(this.model.get(fold(rest)) ?? []), offset]);
    }
    this.message.write(whole, this.at, 'latin1');
    this.at += whole.length;
  }

  takeBack(to: number): void {
    this.at = to;
    this.table.truncate(to);
    for (const [suffix, offsets] of this.model)
      this.model.set(
        suffix,
        offsets.filter((offset) => offset < to),
      );
  }

  check(text: string): void {
    const whole = name(text);
    const labels = this.table.read(whole);
    let rest: Name = whole;
    for (let label = 0; label < labels; label++, rest = parentOf(rest))
      expect(this.table.find(whole, label)).toBe(this.model.get(fold(rest))?.at(-1) ?? 0);
    expect(rest).toBe(ROOT);
  }
}

describe('suffixes of names', () => {
  test('are found in another letter case, and only where all labels agree', () => {
    const world = new World();
    world.write('Orders.Prod.svc.');
    const start = 12;
    for (const [text, expected] of [
      ['orders.prod.svc.', start],
      ['PROD.SVC.', start + 7],
      ['svc.', start + 12],
      ['order.prod.svc.', 0],
      ['orders.prod.svc.x.', 0],
    ] as const) {
      world.table.read(name(text));
      expect(world.table.find(name(text), 0)).toBe(expected);
    }
  });

  test('an octet that differs from another in the bit of letter case is another, where it is no letter', () => {
    const world = new World();
    world.write('\\064.svc.');
    world.table.read(name('\\096.svc.'));
    expect(world.table.find(name('\\096.svc.'), 0)).toBe(0);
  });

  test('behind a pointer are found as well', () => {
    const world = new World();
    world.write('prod.svc.');
    const whole = name('a.prod.svc.');
    world.table.read(whole);
    world.table.add(whole, 0, world.at);
    world.message.set([1, 0x61, 0xc0, 12], world.at);
    expect(world.table.find(whole, 0)).toBe(world.at);
  });

  test('agree with a map of texts, after any writes and rollbacks', () => {
    const label = fc.constantFrom('a', 'A', 'b', 'bb', 'Svc', 'svc', 'prod', 'x-1', '@', '`');
    const text = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => `${labels.join('.')}.`);
    const step = fc.oneof(
      { weight: 5, arbitrary: text.map((one) => ({ write: one })) },
      { weight: 1, arbitrary: fc.nat().map((back) => ({ back })) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.array(text, { maxLength: 20 }), (steps, asked) => {
        const world = new World();
        const starts = [12];
        for (const one of steps) {
          if ('write' in one) {
            world.write(one.write);
            starts.push(world.at);
          } else {
            starts.length = 1 + (one.back % starts.length);
            world.takeBack(starts.at(-1) as number);
          }
        }
        for (const one of asked) world.check(one);
        for (const one of steps) if ('write' in one) world.check(one.write);
        world.table.clear();
        world.model.clear();
        for (const one of asked) world.check(one);
      }),
      { numRuns: 300 },
    );
  });

  test('of thousands of names are found, and the table is as good as new afterwards', () => {
    const world = new World();
    for (let i = 0; world.at < 16_000; i++) world.write(`n${i}.svc.`);
    world.check('n0.svc.');
    world.check('n999.svc.');
    world.takeBack(12);
    world.check('n0.svc.');
    world.write('n5.svc.');
    world.check('n5.svc.');
  });
});
