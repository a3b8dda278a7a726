// Hashes against their published values (http://isthe.com/chongo/tech/comp/fnv, MurmurHash3's fmix32): they are in ETags and
// labels, so they have to stay what they are.

import { expect, test } from 'vitest';
import { mixed, textHash } from '../../src/runtime/text-hash.ts';

test.each([
  ['', 0x811c9dc5],
  ['a', 0xe40c292c],
  ['foobar', 0xbf9cf968],
])('FNV-1a of "%s"', (text, hash) => expect(textHash(text) >>> 0).toBe(hash));

test('goes on from another text', () => expect(textHash('bar', textHash('foo'))).toBe(textHash('foobar')));

test.each([
  [0, 0],
  [1, 0x514e28b7],
])('the last step of MurmurHash3 of %i', (hash, last) => expect(mixed(hash)).toBe(last));
