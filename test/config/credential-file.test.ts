// The token file as YAML: what an entry may be, and faults that name line, entry and field, and never a value.

import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readCredentials } from '../../src/config/credential-file.ts';
import type { Credential } from '../../src/model/credential.ts';
import { configOf, problemsOf, secret } from '../kit/cli/config-world.ts';

const digest = hash('sha256', secret);
const allow = 'allow: [{ rights: [read] }]';

function entriesOf(text: string): readonly Credential[] {
  const outcome = readCredentials(text, []);
  if ('problems' in outcome) throw new Error(outcome.problems.join('\n'));
  return outcome.value.credentials;
}

function problemsIn(text: string): readonly string[] {
  const outcome = readCredentials(text, []);
  return 'problems' in outcome ? outcome.problems : [];
}

describe('an entry', () => {
  test('has a name, a credential and what it allows', () => {
    const text = `# who may what\n- { name: deploy, token: ${secret}, allow: [{ rights: [read, register], env: prod, app: orders }] }\n`;
    expect(entriesOf(text)).toEqual([
      {
        name: 'deploy',
        proof: { kind: 'secret', secrets: [{ sha256: digest, untilMs: undefined }] },
        grants: [{ rights: ['read', 'register'], env: 'prod', app: 'orders' }],
        expiresAtMs: undefined,
        instancesMax: undefined,
      },
    ]);
  });

  test('may have a digest, secrets before it, an end and a number of instances', () => {
    const [one] = entriesOf(`
- name: ci
  sha256: ${'AB'.repeat(32)}
  previous:
    - { token: ${secret}, until: 2027-01-01 }
  expires: 2027-06-01T12:00:00+02:00
  instancesMax: 5
  ${allow}
`);
    expect(one).toMatchObject({
      proof: {
        secrets: [
          { sha256: 'ab'.repeat(32), untilMs: undefined },
          { sha256: digest, untilMs: Date.UTC(2027, 0, 1) },
        ],
      },
      expiresAtMs: Date.UTC(2027, 5, 1, 10),
      instancesMax: 5,
    });
  });

  test('may be a certificate or a JWT', () => {
    const [certificate, jwt] = entriesOf(`
- { name: a, certificate: orders.prod, ${allow} }
- name: b
  jwt: { issuer: https://i.example, audience: rollcall, jwks: /etc/keys.json, claims: { sub: 'x*' } }
  ${allow}
`);
    expect(certificate?.proof).toEqual({ kind: 'certificate', certificate: 'orders.prod' });
    expect(jwt?.proof).toMatchObject({
      kind: 'jwt',
      jwt: { audiences: ['rollcall'], toleranceSeconds: 30, keys: { at: '/etc/keys.json' }, claims: { sub: 'x*' } },
    });
  });
});

const jwt = (fields: string) =>
  `- name: j\n  ${allow}\n  jwt: { issuer: i, audience: a, jwks: k, claims: { sub: x }, ${fields} }\n`;

describe('a fault is named by line, entry and field', () => {
  test.each<[what: string, text: string, expected: readonly (string | RegExp)[]]>([
    ['no credential', `- { name: a, ${allow} }`, [/^line 1: a: has no credential/]],
    [
      'two',
      `- name: a\n  token: ${secret}\n  sha256: ${digest}\n  ${allow}`,
      [/^line 3: a: sha256 has token and sha256: give exactly one/],
    ],
    ['no allow', `- { name: a, token: ${secret} }`, [/^line 1: a: allow must be a list/]],
    [
      'a right that is none',
      `- name: a\n  token: ${secret}\n  allow:\n    - { rights: [write] }`,
      [/^line 4: a: allow\[0\]\.rights must be a list of some of read/],
    ],
    [
      'a pattern that is none',
      `- { name: a, token: ${secret}, allow: [{ rights: [read], env: 'a b' }] }`,
      [/allow\[0\]\.env must be a name/],
    ],
    ['a short secret', `- { name: a, token: battery, ${allow} }`, [/^line 1: a: token must be 16 to 512/]],
    ['no digest', `- { name: a, sha256: battery, ${allow} }`, [/^line 1: a: sha256 must be 64/]],
    [
      'a name that is none',
      `- { name: Correct Horse, token: ${secret}, ${allow} }`,
      [/^line 1: entry 1: name must be/],
    ],
    [
      'a field that is none',
      `- { name: a, token: ${secret}, ${allow}, role: x }`,
      [/^line 1: a: has role, which it cannot have/],
    ],
    [
      'a secret as a field',
      `- { name: a, token: ${secret}, ${allow}, correct-horse: x }`,
      [/^line 1: a: has a field, which/],
    ],
    [
      'a time that is none',
      `- { name: a, token: ${secret}, ${allow}, expires: soon }`,
      [/^line 1: a: expires must be a time/],
    ],
    [
      'a month that is none',
      `- { name: a, token: ${secret}, ${allow}, expires: 2027-13-01 }`,
      [/expires must be a time/],
    ],
    [
      'previous without until',
      `- { name: a, token: ${secret}, ${allow}, previous: { token: ${secret}2 } }`,
      [/^line 1: a: previous must have until/],
    ],
    [
      'previous of a certificate',
      `- { name: a, certificate: x, ${allow}, previous: { token: ${secret}, until: 2027-01-01 } }`,
      [/previous is for token/],
    ],
    ['no mapping', `- battery`, [/^line 1: entry 1: must be a mapping/]],
    [
      'an empty list',
      '[]',
      ['holds no list of entries; write "- { name: …, token: …, allow: [{ rights: [read] }] }" for each'],
    ],
    ['broken YAML', `- { name: a, token: ${secret}`, [/^line \d+: /]],
    [
      'a name twice',
      `- { name: a, token: ${secret}, ${allow} }\n- { name: a, certificate: x, ${allow} }`,
      ['the name a is given twice'],
    ],
    [
      'a secret twice',
      `- { name: a, token: ${secret}, ${allow} }\n- { name: b, sha256: ${digest}, ${allow} }`,
      ['a and b have the same secret'],
    ],
    ['the algorithm none', jwt('algorithms: [none]'), [/jwt\.algorithms must be a list of some of RS256/]],
    ['a shared key', jwt('algorithms: [HS256]'), [/jwt\.algorithms/]],
    [
      'keys over plain HTTP',
      jwt('').replace('jwks: k', 'jwks: http://i.example/k'),
      [/jwt\.jwks must be a path or an https URL/],
    ],
    ['a CA for a file', jwt('ca: x'), [/jwt\.ca is for a URL/]],
    ['no claims', jwt('').replace('{ sub: x }', '{}'), [/jwt\.claims must be a mapping/]],
    ['a large tolerance', jwt('toleranceSeconds: 301'), [/jwt\.toleranceSeconds/]],
  ])('%s', (_what, text, expected) => {
    const problems = problemsIn(text);
    expect(problems).toHaveLength(expected.length);
    for (const [at, wanted] of expected.entries()) {
      if (typeof wanted === 'string') expect(problems[at]).toBe(wanted);
      else expect(problems[at]).toMatch(wanted);
    }
    expect(problems.join('\n')).not.toMatch(/horse|battery/i);
  });

  test('a file that is wrong all over is reported in part', () => {
    expect(problemsIn('- battery\n'.repeat(100))).toHaveLength(20);
    expect(problemsIn('- battery\n'.repeat(1001))[0]).toContain('at most 1000');
  });
});

describe('the old form', () => {
  test('has all rights', () => {
    expect(entriesOf(`ci ${secret}\n`)).toMatchObject([{ name: 'ci', grants: [{ rights: ['admin'] }] }]);
    const outcome = readCredentials(`- ${secret}\n`, []);
    expect(outcome).toMatchObject({ tokens: [{ name: '-' }] });
  });

  test('leaves certificates as they were, the new one lists those that count', () => {
    expect(readCredentials(`ci ${secret}`, [])).toMatchObject({ value: { isListed: false } });
    expect(readCredentials(`- { name: a, token: ${secret}, ${allow} }`, [])).toMatchObject({
      value: { isListed: true },
    });
  });
});

test('tokens of the settings count beside the file', () => {
  const files = { t: `- { name: a, token: ${secret}2, ${allow} }` };
  const config = configOf({ env: { ROLLCALL_TOKENS: `ci=${secret}` }, flags: { tokenFile: 't' }, files });
  expect(config.credentials.credentials.map(({ name }) => name)).toEqual(['ci', 'a']);
  const clash = { t: `- { name: ci, token: ${secret}2, ${allow} }` };
  expect(problemsOf({ env: { ROLLCALL_TOKENS: `ci=${secret}` }, flags: { tokenFile: 't' }, files: clash })).toEqual([
    '--token-file: t: the name ci is given twice',
  ]);
});

test('a public address needs no other token than those of the file', () => {
  const env = { ROLLCALL_HTTP: '0.0.0.0:7171', ROLLCALL_PLAIN_HTTP: 'true' };
  const files = { t: `- { name: a, token: ${secret}, ${allow} }` };
  expect(problemsOf({ env, flags: { tokenFile: 't' }, files })).toEqual([]);
});
