// Columns line up by what a terminal shows, end at its edge, and are single words in a pipe.

import { describe, expect, test } from 'vitest';
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

test('the head is painted, and values whose column has a style for them', () => {
  const columns = ['ONE', { head: 'TWO', styleOf: (text: string) => (text === 'down' ? ('bad' as const) : undefined) }];
  const text = tableText(
    columns,
    [
      ['x', 'down'],
      ['y', 'up'],
    ],
    { terminal: { columns: 80 }, env: {} },
  );
  expect(text).toBe('\u001b[1mONE  TWO\u001b[22m\nx    \u001b[31mdown\u001b[39m\ny    up\n');
});

describe('in a narrow window', () => {
  const columns = [
    'NAME',
    { head: 'ADDRS', shrinksTo: 10 },
    { head: 'ZONE', leaves: 2 },
    { head: 'EMPTY', leaves: 1 },
    'LEFT',
  ];
  const at = (width: number): string[] =>
    tableText(columns, [['n-1', 'http://10.0.0.7:8080', 'eu-1a', '', '20m']], {
      terminal: { columns: width },
      env: { NO_COLOR: '1' },
    })
      .trimEnd()
      .split('\n');

  test('columns without a value are left out in any case', () => {
    expect(at(80)).toEqual(['NAME  ADDRS                 ZONE   LEFT', 'n-1   http://10.0.0.7:8080  eu-1a  20m']);
  });

  test('first long values are shortened, as far as they may be', () => {
    expect(at(35)).toEqual(['NAME  ADDRS             ZONE   LEFT', 'n-1   http://10.0.0.7…  eu-1a  20m']);
  });

  test('then columns leave, and others have their room', () => {
    expect(at(27)).toEqual(['NAME  ADDRS            LEFT', 'n-1   http://10.0.0.…  20m']);
  });

  test('at last lines end at the edge', () => {
    expect(at(20)).toEqual(['NAME  ADDRS       L…', 'n-1   http://10…  2…']);
  });

  test('names are shortened in the middle: it is at the end that they differ', () => {
    const names = [['prod/payments/payments-eu-west-1a-1'], ['prod/payments/東京-eu-west-1a-2']];
    const parts = { terminal: { columns: 20 }, env: { NO_COLOR: '1' } };
    expect(tableText([{ head: 'NAME', shrinksTo: 8, keeps: 'ends' }], names, parts)).toBe(
      'NAME\nprod/p…-eu-west-1a-1\nprod/p…-eu-west-1a-2\n',
    );
  });

  test('a pipe gets every column and every value', () => {
    expect(tableText(columns, [['n-1', 'a', 'b', '', 'c']], { terminal: undefined, env: {} })).toBe(
      'NAME  ADDRS  ZONE  EMPTY  LEFT\nn-1   a      b     -      c\n',
    );
  });
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
