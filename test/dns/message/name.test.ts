// Names as octets: text in both directions, limits on both sides of each boundary, and the tree they form.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  childOf,
  fold,
  isWithin,
  labelsOf,
  type Name,
  name,
  nameOf,
  nameToText,
  parentOf,
  parseName,
  ROOT,
  withSuffix,
} from '../../../src/dns/message/name.ts';

const origin = name('svc.');
const wireOf = (labels: readonly string[]) => `${labels.map((l) => String.fromCharCode(l.length) + l).join('')}\0`;

describe('a name in text', () => {
  test.each([
    ['.', []],
    ['svc.', ['svc']],
    ['orders.prod.svc.', ['orders', 'prod', 'svc']],
    ['orders.prod', ['orders', 'prod', 'svc']],
    ['@', ['svc']],
    ['MiXed.svc.', ['MiXed', 'svc']],
    ['a\\.b.svc.', ['a.b', 'svc']],
    ['a\\\\b.svc.', ['a\\b', 'svc']],
    ['a\\000\\255.svc.', ['a\0\xff', 'svc']],
    ['\\046.svc.', ['.', 'svc']],
    ['\\@.svc.', ['@', 'svc']],
    ['*.svc.', ['*', 'svc']],
    ['_http._tcp', ['_http', '_tcp', 'svc']],
    [`${'a'.repeat(63)}.`, ['a'.repeat(63)]],
  ])('%s is read', (text, labels) => {
    expect(parseName(text, origin)).toBe(wireOf(labels));
  });

  test.each([
    ['', 'name is empty', 0],
    ['a..b', 'empty label', 2],
    ['.a', 'empty label', 0],
    ['..', 'empty label', 0],
    [`${'a'.repeat(64)}.`, 'label is over 63 octets', 63],
    ['a\\', 'escape is not', 1],
    ['a\\25', 'escape is not', 1],
    ['a\\256', 'escape is not', 1],
    ['a\\2x5', 'escape is not', 1],
    [`${'a.'.repeat(127)}a.`, 'name is over 255 octets: 257', 0],
  ])('%j is refused: %s at %i', (text, fault, at) => {
    expect(parseName(text, origin)).toEqual({ fault: expect.stringContaining(fault), at });
  });

  test('may have 127 labels, and 255 octets in all', () => {
    expect(parseName('a.'.repeat(127), ROOT)).toHaveLength(255);
    const longest = `${`${'a'.repeat(63)}.`.repeat(3)}${'b'.repeat(61)}.`;
    expect(parseName(longest, ROOT)).toHaveLength(255);
    expect(parseName(`${longest.slice(0, -1)}b.`, ROOT)).toHaveProperty('fault');
    // Without a final dot the origin counts.
    expect(parseName(longest.slice(0, -5), origin)).toHaveLength(255);
    expect(parseName(longest.slice(0, -4), origin)).toHaveProperty('fault');
  });

  test('reads back to the same octets, for any octets', () => {
    const label = fc
      .uint8Array({ minLength: 1, maxLength: 12 })
      .map((octets) => Buffer.from(octets).toString('latin1'));
    fc.assert(
      fc.property(fc.array(label, { maxLength: 8 }), (labels) => {
        const text = nameToText(wireOf(labels) as Name);
        expect(text).toMatch(/^[!-~]+$/);
        expect(parseName(text, origin)).toBe(wireOf(labels));
        expect(labelsOf(name(text))).toEqual(labels);
      }),
    );
  });
});

test('folding is for A-Z alone, and never for length octets', () => {
  expect(fold(name('MiXeD.SVC.'))).toBe(name('mixed.svc.'));
  expect(fold('\x02\xc0\xdd\0' as Name)).toBe('\x02\xc0\xdd\0');
  // The longest length octet is 63, just below A.
  const long = wireOf(['A'.repeat(63)]) as Name;
  expect(fold(long)).toBe(wireOf(['a'.repeat(63)]));
  expect(fold(name('[\\]^_`@{.'))).toBe(name('[\\]^_`@{.'));
});

test('parents lead to the root', () => {
  expect(parentOf(name('a.b.svc.'))).toBe(name('b.svc.'));
  expect(parentOf(name('svc.'))).toBe(ROOT);
});

test('a name is within itself and its ancestors, by whole labels', () => {
  expect(isWithin(name('a.svc.'), name('svc.'))).toBe(true);
  expect(isWithin(name('svc.'), name('svc.'))).toBe(true);
  expect(isWithin(name('svc.'), ROOT)).toBe(true);
  expect(isWithin(name('svc.'), name('a.svc.'))).toBe(false);
  expect(isWithin(name('xsvc.'), name('svc.'))).toBe(false);
  expect(isWithin(name('a\\003svc.'), name('svc.'))).toBe(false);
});

test('children and longer names keep the limits', () => {
  expect(childOf('a', origin)).toBe(name('a.svc.'));
  expect(childOf('', origin)).toBeUndefined();
  expect(childOf('a'.repeat(64), origin)).toBeUndefined();
  const long = name('a.'.repeat(126));
  expect(childOf('a', long)).toHaveLength(255);
  expect(childOf('ab', long)).toBeUndefined();
  expect(nameOf(['a.b', 'c'], origin)).toBe(name('a\\.b.c.svc.'));
  expect(nameOf(['a', ''], origin)).toBeUndefined();
});

test('a suffix is replaced, unless the result is too long', () => {
  expect(withSuffix(name('a.old.svc.'), name('old.svc.'), name('new.example.'))).toBe(name('a.new.example.'));
  expect(withSuffix(name('a.svc.'), name('svc.'), ROOT)).toBe(name('a.'));
  expect(withSuffix(name(`${'a.'.repeat(120)}svc.`), name('svc.'), name(`${'b'.repeat(20)}.`))).toBeUndefined();
});
