// The identity of a life in texts, and which revisions of which life they mean.

import { expect, test } from 'vitest';
import { isLifeToken, Life, lifeTokenFrom } from '../../src/model/life.ts';

const life = new Life('k3x9');

test('a revision is written with the life and read back', () => {
  expect(life.textOf(1234)).toBe('k3x9-1234');
  expect(life.revisionOf(life.textOf(1234))).toBe(1234);
});

test.each<[text: string, revision: number | 'other' | undefined]>([
  ['7', 7],
  ['0', 0],
  ['k3x9-7', 7],
  ['other-7', 'other'],
  ['k3x-7', 'other'],
  ['', undefined],
  ['-7', undefined],
  ['k3x9-', undefined],
  ['k3x9-7x', undefined],
  ['K3X9-7', undefined],
  ['1e3', undefined],
  ['9999999999999999', undefined],
])('%s means %s', (text, revision) => {
  expect(life.revisionOf(text)).toBe(revision);
});

test('a token is made of the octets given, and is one', () => {
  const token = lifeTokenFrom(Uint8Array.from({ length: 8 }, (_, index) => index * 31));
  expect(token).toMatch(/^[a-z2-7]{8}$/);
  expect(isLifeToken(token)).toBe(true);
  expect(isLifeToken('no token')).toBe(false);
});
