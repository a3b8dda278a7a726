// Close names: two letters at most, the closest first, bounded in what they cost.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NameSuggestions } from '../../../../src/dns/services/names/name-suggestions.ts';
import { distance } from '../../../kit/dns/reason-truth.ts';

const list = (names: readonly string[]) => names.map((appid) => ({ appid }));
const find = (asked: string, names: readonly string[]) => new NameSuggestions().find(asked, list(names), 0);

test.each([
  ['orders', ['orders'], ['orders']],
  ['ordres', ['orders'], ['orders']],
  ['order', ['orders', 'border', 'warder'], ['border', 'orders', 'warder']],
  ['abc', ['abcd', 'abcde', 'abcdef', 'a', ''], ['abcd', 'a', 'abcde']],
  ['', ['a', 'ab', 'abc'], ['a', 'ab']],
  ['acme.pay', ['acme.play', 'acme-pay'], ['acme-pay', 'acme.play']],
])('of %s in %j: %j', (asked, names, named) => expect(find(asked, names).named).toEqual(named));

test('are exactly those within Levenshtein’s two', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 9 });
  fc.assert(
    fc.property(word, fc.uniqueArray(word, { maxLength: 8 }), (asked, names) => {
      const close = names.filter((name) => distance(asked, name) <= 2);
      const { count, named } = find(asked, names);
      expect(count).toBe(close.length);
      expect(close).toEqual(expect.arrayContaining([...named]));
      const distances = named.map((name) => distance(asked, name));
      expect(distances).toEqual([...distances].sort());
      expect(distances).toEqual(
        close
          .map((name) => distance(asked, name))
          .sort()
          .slice(0, 3),
      );
    }),
    { numRuns: 1000 },
  );
});

describe('looking', () => {
  test('is done a limited number of times per second, and again in the next', () => {
    const close = new NameSuggestions();
    const found = (nowMs: number) =>
      Array.from({ length: 1000 }, () => close.find('ordes', list(['orders']), nowMs).count).reduce((a, b) => a + b);
    const perSecond = found(5000);
    expect(perSecond).toBeGreaterThan(0);
    expect(perSecond).toBeLessThanOrEqual(50);
    expect(found(5999)).toBe(0);
    expect(found(6000)).toBe(perSecond);
  });

  test('stops in a large env', () => {
    let seen = 0;
    function* names() {
      for (let i = 0; i < 1_000_000; i++) {
        seen++;
        yield { appid: 'something-else' };
      }
    }
    expect(new NameSuggestions().find('orders', names(), 0)).toEqual({ count: 0, named: [] });
    expect(seen).toBeLessThan(5000);
  });

  test('costs little, however much the names are alike', () => {
    const alike = Array.from({ length: 2000 }, (_, i) => `${i % 10}${'ab'.repeat(100)}${i % 7}${'a'.repeat(30)}`);
    const close = new NameSuggestions();
    const before = process.cpuUsage();
    for (let i = 0; i < 50; i++) close.find(`x${'ba'.repeat(100)}y${'a'.repeat(30)}`, list(alike), 0);
    // A whole table for each pair would be ten seconds of work; this is some tenths of one.
    expect(process.cpuUsage(before).user).toBeLessThan(4_000_000);
  });
});
