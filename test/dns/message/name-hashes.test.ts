// Hashes of the suffixes of a name: equal for names that are equal without letter case.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { name, nameOf, ROOT } from '../../../src/dns/message/name.ts';
import { NameHashes } from '../../../src/dns/message/name-hashes.ts';

function hashesOf(text: string): number[] {
  const hashes = new NameHashes();
  const labels = hashes.read(name(text));
  return Array.from({ length: labels }, (_, label) => hashes.hash(label));
}

test('the root has no labels', () => {
  expect(new NameHashes().read(ROOT)).toBe(0);
});

test('a suffix has the hash of the name that it is, in any letter case', () => {
  const [, prod, svc] = hashesOf('Orders.Prod.SVC.');
  expect(hashesOf('prod.svc.')).toEqual([prod, svc]);
  expect(hashesOf('PROD.svc.')).toEqual([prod, svc]);
});

test('names of one octet sequence that are cut into other labels differ', () => {
  expect(hashesOf('a.bc.')[0]).not.toBe(hashesOf('ab.c.')[0]);
  expect(hashesOf('a\\.b.')[0]).not.toBe(hashesOf('a.b.')[0]);
});

test('labels begin where they do, in names of any length', () => {
  const labels = fc.array(fc.string({ minLength: 1, maxLength: 63, unit: fc.constantFrom('a', 'Z', '0', '.') }), {
    maxLength: 127,
  });
  fc.assert(
    fc.property(labels, (texts) => {
      const whole = nameOf(texts, ROOT);
      if (whole === undefined) return;
      const hashes = new NameHashes();
      expect(hashes.read(whole)).toBe(texts.length);
      for (const [label, text] of texts.entries())
        expect(whole.slice(hashes.at(label) + 1, hashes.at(label) + 1 + text.length)).toBe(text);
    }),
  );
});
