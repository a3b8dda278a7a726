// `rollcall token`: a secret and its entry, which the file takes; and what is wrong with a file.

import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readCredentials } from '../../../src/config/credential-file.ts';
import { typed } from '../../kit/cli/cli-world.ts';

describe('token new', () => {
  test('prints a secret, and an entry with its digest that the file takes', async () => {
    const { code, out } = await typed([
      'token',
      'new',
      'deploy',
      '--right',
      'register',
      '--env',
      'prod',
      '--app',
      'team-*',
    ]);
    expect(code).toBe(0);
    const [secret = '', , , ...entry] = out.split('\n');
    expect(secret).toMatch(/^[\w-]{43}$/);
    const outcome = readCredentials(entry.join('\n'), []);
    expect(outcome).toMatchObject({
      value: {
        credentials: [
          {
            name: 'deploy',
            proof: { kind: 'secret', secrets: [{ sha256: hash('sha256', secret) }] },
            grants: [{ rights: ['register'], env: 'prod', app: 'team-*' }],
          },
        ],
      },
    });
    expect(entry.join('\n')).not.toContain(secret);
  });

  test('makes another one each time', async () => {
    const first = await typed(['token', 'new', 'a']);
    const second = await typed(['token', 'new', 'a']);
    expect(first.out.split('\n')[0]).not.toBe(second.out.split('\n')[0]);
  });

  test.each([
    [['token', 'new', 'Not A Name'], 'name must be'],
    [['token', 'new', 'a', '--right', 'write'], 'rights must be'],
    [['token', 'new', 'a', '--expires', 'soon'], 'expires must be'],
    [['token', 'new', 'a', '--env', 'a b'], 'env must be'],
  ])('%j is refused', async (line, printed) => {
    const { code, out, err } = await typed(line);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(printed);
  });
});

describe('token check', () => {
  const check = (text: string, ...more: string[]) =>
    typed(['token', 'check', 'tokens.yaml', ...more], { files: { 'tokens.yaml': text } });

  test('lists who is in the file, without secrets', async () => {
    const text =
      '- { name: ci, token: correct-horse-battery, allow: [{ rights: [read], env: prod }], expires: 2099-01-01 }';
    const { code, out } = await check(text, '--output', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      entries: [
        {
          name: 'ci',
          kind: 'secret',
          allow: [{ rights: ['read'], env: 'prod' }],
          expires: '2099-01-01T00:00:00.000Z',
          instancesMax: null,
        },
      ],
    });
    expect((await check(text)).out).toContain('read prod/*');
  });

  test('names each fault with file and line', async () => {
    const { code, err } = await check('- { name: ci, token: correct-horse-battery }');
    expect(code).toBe(1);
    expect(err).toMatch(/tokens\.yaml: line 1: ci: allow must be/);
    expect(err).not.toContain('horse');
    expect((await typed(['token', 'check', 'none'])).code).toBe(1);
  });
});
