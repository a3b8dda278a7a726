// What fronts keep with an instance: merged by front, compared by content, bounded; and when two names are one app's.

import { expect, test } from 'vitest';
import { frontPartOctetsMax, isSameParts, mergedParts, nameClash, partsProblem } from '../../src/model/front-parts.ts';

const part = (appName: string, content = '{}') => ({ appName, content });

test('a front replaces its own part and no other', () => {
  const before = { eureka: part('A'), discovery: part('a') };
  expect(mergedParts(before, { eureka: part('A', '{"x":1}') })).toEqual({
    eureka: part('A', '{"x":1}'),
    discovery: part('a'),
  });
  expect(mergedParts(before, undefined)).toBe(before);
  expect(mergedParts(undefined, undefined)).toBeUndefined();
});

test('the same again is the same object', () => {
  const before = { eureka: part('A') };
  expect(mergedParts(before, { eureka: part('A') })).toBe(before);
  expect(isSameParts(before, { eureka: part('A') })).toBe(true);
  expect(isSameParts(before, { eureka: part('B') })).toBe(false);
  expect(isSameParts(before, { ...before, discovery: part('a') })).toBe(false);
  expect(isSameParts(before, undefined)).toBe(false);
});

test('a part is bounded in octets', () => {
  const longest = part('a', 'ü'.repeat((frontPartOctetsMax - 2) / 2));
  expect(partsProblem({ eureka: longest })).toBeUndefined();
  expect(partsProblem({ eureka: part('aaaa', longest.content) })).toMatchObject({ field: 'fronts.eureka' });
});

test.each([
  ['the same name', { eureka: part('A_B') }, { eureka: part('A_B') }, undefined],
  ['another name of the same front', { eureka: part('A_B') }, { eureka: part('A-B') }, 'A-B'],
  ['another case at the same front', { discovery: part('Pay') }, { discovery: part('pay') }, 'pay'],
  ['another case at another front', { eureka: part('PAY') }, { discovery: part('pay') }, undefined],
  ['another name at another front', { eureka: part('A_B') }, { discovery: part('a-b') }, 'a-b'],
  ['a name that is not the appid of our API', { eureka: part('A_B') }, undefined, 'a-b'],
  ['the appid of our API', { eureka: part('A-B') }, undefined, undefined],
])('%s', (_what, given, others, clash) => {
  expect(nameClash('a-b', given, others)).toBe(clash);
});
