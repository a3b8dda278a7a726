// Columns line up by what a terminal shows, end at its edge, and are single words in a pipe.

import { expect, test } from 'vitest';
import { tableText, widthOf } from '../../../src/cli/terminal/table.ts';

const rows = [
  ['東京', 'a b', ''],
  ['x', '', 'last'],
];

test('in a pipe every value is one word', () => {
  expect(tableText(['ONE', 'TWO', 'THREE'], rows, { terminal: undefined, env: {} })).toBe(
    ['ONE   TWO     THREE', String.raw`東京  a\x20b  -`, 'x     -       last', ''].join('\n'),
  );
});

test('on a terminal values are as they are, and nothing is longer than the line', () => {
  const parts = { terminal: { columns: 80 }, env: { NO_COLOR: '1' } };
  expect(tableText(['ONE', 'TWO', 'THREE'], rows, parts)).toBe('ONE   TWO  THREE\n東京  a b\nx          last\n');
  const wide = tableText(['ONE'], [['東'.repeat(30)]], { ...parts, terminal: { columns: 21 } });
  expect(wide).toBe(`ONE\n${'東'.repeat(10)}…\n`);
});

test('only the head is painted', () => {
  const text = tableText(['ONE'], [['x']], { terminal: { columns: 80 }, env: {} });
  expect(text).toBe('\u001b[1mONE\u001b[22m\nx\n');
});

test.each([
  ['abc', 3],
  ['bücher', 6],
  ['東京', 4],
  ['👩‍🚀', 2],
  ['e\u0301', 1],
])('%s takes %i cells', (text, cells) => {
  expect(widthOf(text)).toBe(cells);
});
