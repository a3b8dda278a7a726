// What no text of others may do to a terminal, and what stays as it is.

import { expect, test } from 'vitest';
import { isPrintable, printable, printableDocument, printableWord } from '../../../src/cli/terminal/printable.ts';

test.each([
  ['\u001b[31mred', String.raw`\x1b[31mred`],
  ['a\nb\tc\r', String.raw`a\x0ab\x09c\x0d`],
  ['\u009b2J\u007f', String.raw`\x9b2J\x7f`],
  ['safe\u202egnp.exe', String.raw`safe\u202egnp.exe`],
  ['a\u2028b\ufeff', String.raw`a\u2028b\ufeff`],
  ['\ud800', '\ufffd'],
  ['bücher 東京 ❤️ \\x1b', 'bücher 東京 ❤️ \\x1b'],
])('%j is printed as %s', (text, wanted) => {
  expect(printable(text)).toBe(wanted);
  expect(isPrintable(text)).toBe(wanted === text || text === '\ud800');
});

test('a document keeps its lines, and its escapes are those of JSON', () => {
  const value = { a: 'x\u001b\u009b\u202e\n' };
  const text = printableDocument(JSON.stringify(value, undefined, 2));
  expect(text).toMatch(/^[ -~\n]+$/);
  expect(JSON.parse(text)).toEqual(value);
});

test('a word has no blank in it and is never empty', () => {
  expect(printableWord('a b\u00a0c')).toBe(String.raw`a\x20b\xa0c`);
  expect(printableWord('')).toBe('-');
});
