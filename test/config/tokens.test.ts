// Tokens: three ways to give them, and messages that never repeat one, not even one that stands in the wrong place.

import { describe, expect, test } from 'vitest';
import { configOf, originsOf, problemsOf, secret, type World } from '../kit/cli/config-world.ts';

const other = 'another-secret-of-some-length';
const both = [
  { name: 'ci', token: secret },
  { name: 'ops', token: `${other}==` },
];

test.each<[string, World]>([
  ['the environment', { env: { ROLLCALL_TOKENS: `ci=${secret}, ops=${other}==` } }],
  [
    'the file',
    { files: { 'rollcall.yaml': `tokens:\n  - { name: ci, token: ${secret} }\n  - { name: ops, token: ${other}== }` } },
  ],
  ['a token file', { flags: { tokenFile: 't' }, files: { t: `# us\nci ${secret}\r\n\n  ops = ${other}==\n` } }],
  [
    'both',
    { env: { ROLLCALL_TOKENS: `ci=${secret}`, ROLLCALL_TOKEN_FILE: 't' }, files: { t: `\uFEFFops\t${other}==` } },
  ],
])('from %s', (_, world) => {
  expect(configOf(world).tokens).toEqual(both);
});

test('the origin names both places', () => {
  const world: World = {
    env: { ROLLCALL_TOKENS: `ci=${secret}` },
    flags: { tokenFile: 't' },
    files: { t: `ops ${other}` },
  };
  expect(originsOf(world).tokens).toBe('ROLLCALL_TOKENS and t (--token-file)');
  expect(originsOf({ flags: { tokenFile: 't' }, files: { t: `ops ${other}` } }).tokens).toBe('t (--token-file)');
});

const nameRule = 'needs a name of 1 to 64 of a-z 0-9 _ -';
const tokenRule = 'needs a token of 16 to 512 printable ASCII characters without blanks';

describe('problems are reported without the secret', () => {
  test.each<[string, World, string[]]>([
    ['no name', { env: { ROLLCALL_TOKENS: secret } }, ['ROLLCALL_TOKENS: entry 1 is not a name and a token']],
    [
      'swapped',
      { env: { ROLLCALL_TOKENS: `Correct/Horse/Battery=ci` } },
      [`ROLLCALL_TOKENS: entry 1 ${nameRule}`, `ROLLCALL_TOKENS: entry 1 ${tokenRule}`],
    ],
    ['too short', { env: { ROLLCALL_TOKENS: `a=${secret},b=battery` } }, [`ROLLCALL_TOKENS: entry 2 ${tokenRule}`]],
    [
      'a name twice',
      { env: { ROLLCALL_TOKENS: `a=${secret},a=${other}` } },
      ['ROLLCALL_TOKENS: the name a is given twice'],
    ],
    [
      'a token twice',
      { env: { ROLLCALL_TOKENS: `a=${secret},b=${secret}` } },
      ['ROLLCALL_TOKENS: a and b have the same token'],
    ],
    [
      'no list',
      { files: { 'rollcall.yaml': `tokens: { a: ${secret} }` } },
      ['rollcall.yaml:1: tokens: is not a list of { name, token }'],
    ],
    [
      'further keys',
      { files: { 'rollcall.yaml': `tokens: [{ name: ci, token: ${secret}, role: x }, null]` } },
      [
        'rollcall.yaml:1: tokens: entry 1 holds more than name and token',
        'rollcall.yaml:1: tokens: entry 2 is not a name and a token',
      ],
    ],
    [
      'a wrong key',
      { files: { 'rollcall.yaml': `token: ${secret}` } },
      ['rollcall.yaml:1: token: unknown setting; did you mean tokens?'],
    ],
    [
      'broken YAML',
      { files: { 'rollcall.yaml': `tokens: |${secret}\n` } },
      ['rollcall.yaml:1: Block scalar header includes extra characters'],
    ],
    [
      'a faulty file',
      { flags: { tokenFile: 't' }, files: { t: `#\n${secret}` } },
      ['--token-file: t: line 2 is not a name and a token'],
    ],
    [
      'an empty file',
      { flags: { tokenFile: 't' }, files: { t: '# none yet\n' } },
      ['--token-file: t: holds no token; write one "name token" a line'],
    ],
    ['no file', { env: { ROLLCALL_TOKEN_FILE: 't' } }, ['ROLLCALL_TOKEN_FILE: cannot read "t": there is no such file']],
    [
      'a name in both places',
      { env: { ROLLCALL_TOKENS: `ci=${secret}` }, flags: { tokenFile: 't' }, files: { t: `ci ${other}` } },
      ['--token-file: t: the name ci is given twice'],
    ],
  ])('%s', (_, world, expected) => {
    const problems = problemsOf(world);
    expect(problems).toEqual(expected);
    expect(problems.join('\n')).not.toMatch(/horse|battery|another/i);
  });
});
