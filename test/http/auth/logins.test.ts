// Logging in with name and secret, and the short tokens that are given for it.

import { describe, expect, test } from 'vitest';
import { Credentials } from '../../../src/http/auth/credentials.ts';
import { Logins } from '../../../src/http/auth/logins.ts';
import { WrongCredentials } from '../../../src/http/auth/wrong-credentials.ts';
import { entry, secretOf, TokenFile } from '../../kit/http/credential-world.ts';
import { FakeClock } from '../../kit/process/clock.ts';

function world(text = entry('nacos', '{ rights: [read], env: prod }')) {
  const clock = new FakeClock();
  const source = text === '' ? undefined : new TokenFile(text);
  const credentials = new Credentials({ tokens: [], source, wallMs: () => clock.wallMs() });
  const logins = new Logins({ credentials, wrong: new WrongCredentials(clock) });
  const login = (name: string, secret = secretOf(name)) => logins.login(name, secret, '10.0.0.1', 60_000);
  const tokenOf = (name: string): string => {
    const given = login(name);
    if (given.kind !== 'granted') throw new Error(given.kind);
    return given.token;
  };
  return { clock, source, credentials, logins, login, tokenOf };
}

describe('a log-in', () => {
  test('gives a token with the rights of the credential, for a while', () => {
    const { clock, credentials, tokenOf } = world();
    const token = tokenOf('nacos');
    const found = credentials.bySecret(token);
    expect(found).toMatchObject({ kind: 'known', principal: { kind: 'token', name: 'nacos' } });
    if (found?.kind === 'known') expect(found.principal.may('read', 'prod')).toBe(true);
    clock.advance(60_000);
    expect(credentials.bySecret(token)).toMatchObject({ kind: 'expired' });
  });

  test('needs the name that belongs to the secret', () => {
    const { login } = world(entry('a', '') + entry('b', ''));
    expect(login('a', secretOf('b'))).toEqual({ kind: 'wrong' });
    expect(login('a', 'nothing')).toEqual({ kind: 'wrong' });
    expect(login('a').kind).toBe('granted');
  });

  test('ends with the credential behind it', () => {
    const { source, credentials, tokenOf } = world();
    const token = tokenOf('nacos');
    source?.write(entry('other', ''));
    expect(credentials.bySecret(token)).toMatchObject({ kind: 'expired' });
  });

  test('is limited where too many were wrong', () => {
    const { login } = world();
    for (let time = 0; time < 20; time++) expect(login('nacos', `wrong${time}`).kind).toBe('wrong');
    expect(login('nacos', 'wrong').kind).toBe('limited');
    expect(login('nacos').kind).toBe('limited');
  });

  test('has room for so many tokens, and forgets the oldest', () => {
    const { credentials, tokenOf } = world();
    const first = tokenOf('nacos');
    for (let count = 0; count < 10_000; count++) tokenOf('nacos');
    expect(credentials.bySecret(first)).toBeUndefined();
  });

  test('of a server without credentials is always granted', () => {
    const { login, logins } = world('');
    expect(logins.isOpen).toBe(true);
    expect(login('any', 'thing').kind).toBe('granted');
  });
});
