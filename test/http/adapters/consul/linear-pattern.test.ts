// Against JavaScript's own regular expressions, for all that both read.

import { expect, test } from 'vitest';
import { parsePattern } from '../../../../src/http/adapters/consul/linear-pattern.ts';

const patterns = [
  'abc',
  '^abc$',
  'a.c',
  'a*b+c?',
  '(ab|cd)+',
  '^(a|b)*$',
  'a{2}',
  '^a{2,3}$',
  '^a{2,}$',
  '[a-c]x',
  '[^a-c]x',
  '[]-]',
  '\\d+\\.\\d',
  '^\\w+$',
  '\\s',
  '[\\d-]+z',
  'a??b',
  '(?:x|y)z',
  '',
  '^$',
  '\\$\\^',
  'x|',
];
const texts = [
  '',
  'abc',
  'aabbcc',
  'abab',
  'cdx',
  'aa',
  'aaa',
  'aaaa',
  'bx',
  'dx',
  ']',
  '-',
  '1.2',
  'a_1',
  'a b',
  '1-z',
  'yz',
  '$^',
  'b',
];

test.each(patterns)('%s', (text) => {
  const pattern = parsePattern(text);
  if (typeof pattern !== 'function') throw new Error(pattern.fault);
  // In JavaScript an empty class needs its bracket escaped.
  const own = new RegExp(text === '[]-]' ? '[\\]-]' : text);
  expect(texts.map((one) => pattern(one))).toEqual(texts.map((one) => own.test(one)));
});

test('a pattern that backtracks for ever elsewhere is answered', () => {
  const pattern = parsePattern('^(a+)+$');
  expect(typeof pattern === 'function' && pattern(`${'a'.repeat(5000)}b`)).toBe(false);
});

test.each([
  '(',
  ')',
  '[a',
  'a{3,2}',
  'a{200}',
  '*a',
  '\\',
  '\\q',
  '(?<n>a)',
  '[b-a]',
  'x'.repeat(600),
  '((a{90}){90}){90}',
])('refused: %s', (text) => {
  expect(parsePattern(text)).toMatchObject({ fault: expect.any(String) as string });
});
