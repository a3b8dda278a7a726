// `rollcall config`: what is in force and whose word it was; problems all at once; no secrets.

import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { rollcall } from '../kit/cli/command-line.ts';

const secret = 'correct-horse-battery';

test('prints each setting with its origin, as YAML that can be read again', async () => {
  const { code, out, err } = await rollcall(['config', '--http', '[::1]:0', '--http', '127.0.0.1:0'], {
    env: { ROLLCALL_LEASE_SECONDS: '30', ROLLCALL_ZONES: 'zones # not a comment' },
    files: { 'rollcall.yaml': '# ours\norigin: SVC.Example.org\nlogLevel: warn\nleaseSeconds: 40\n' },
  });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const lineOf = (key: string): string | undefined => out.split('\n').find((line) => line.startsWith(`${key}:`));
  expect(lineOf('http')).toMatch(/^http: \["\[::1\]:0","127\.0\.0\.1:0"\] +# --http$/);
  expect(lineOf('origin')).toMatch(/^origin: svc\.example\.org\. +# rollcall\.yaml:2$/);
  expect(lineOf('leaseSeconds')).toMatch(/^leaseSeconds: 30 +# ROLLCALL_LEASE_SECONDS$/);
  expect(lineOf('stopSeconds')).toMatch(/^stopSeconds: 5 +# default$/);
  expect(parse(out)).toMatchObject({ zones: 'zones # not a comment', logLevel: 'warn', insecure: false, data: 'data' });

  const again = await rollcall(['config', 'print', '--config', 'other.yaml'], { files: { 'other.yaml': out } });
  expect(again.code).toBe(0);
  expect(parse(again.out)).toEqual(parse(out));
});

test('reports all problems at once, on stderr alone', async () => {
  const { code, out, err } = await rollcall(['config', '--log-level', 'loud'], {
    env: { ROLLCALL_HTTP: '70000', ROLLCALL_ORIGN: 'x' },
    files: { 'rollcall.yaml': 'dnss: 127.0.0.1:53\n' },
  });
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err.trimEnd().split('\n')).toEqual([
    'rollcall.yaml:1: dnss: unknown setting; did you mean dns?',
    'ROLLCALL_ORIGN: unknown setting; did you mean ROLLCALL_ORIGIN?',
    'ROLLCALL_HTTP: "70000" is not host:port; write it like 127.0.0.1:7171 or [::1]:7171',
    '--log-level: "loud" is none of trace, debug, info, warn, error, fatal, silent',
  ]);
});

test('shows no token, whichever way it came', async () => {
  const given = await rollcall(['config', '--token-file', 'tokens'], {
    env: { ROLLCALL_TOKENS: `ci=${secret}-1` },
    files: { tokens: `ops ${secret}-2\n` },
  });
  expect(given.code).toBe(0);
  expect(given.out + given.err).not.toContain(secret);
  expect(parse(given.out)).toMatchObject({
    tokens: [
      { name: 'ci', token: '***' },
      { name: 'ops', token: '***' },
    ],
    tokenFile: 'tokens',
  });
  expect(given.out).toContain('# ROLLCALL_TOKENS and tokens (--token-file)');

  const wrong = await rollcall(['config'], { env: { ROLLCALL_TOKENS: secret, ROLLCALL_TOKEN: secret } });
  expect(wrong.code).toBe(1);
  expect(wrong.out + wrong.err).not.toContain(secret);
});

test('a file that cannot be read is a problem, a missing default one is not', async () => {
  const missing = await rollcall(['config', '--config', 'no.yaml']);
  expect(missing).toEqual({ code: 1, out: '', err: '--config: cannot read "no.yaml": there is no such file\n' });
  const directory = await rollcall(['config'], { files: { 'rollcall.yaml/x': '' } });
  expect(directory.code).toBe(1);
  expect(directory.err).toMatch(/^cannot read "rollcall\.yaml": it is a directory/);
});

test('for programs: each value with its origin, secrets left out', async () => {
  const { code, out } = await rollcall(['config', 'print', '--output', 'json', '--http', '127.0.0.1:0'], {
    env: { ROLLCALL_TOKENS: `ci=${secret}` },
  });
  expect(code).toBe(0);
  expect(out).not.toContain(secret);
  expect(JSON.parse(out)).toMatchObject({
    http: { value: ['127.0.0.1:0'], from: '--http' },
    tokens: { value: [{ name: 'ci', token: '***' }], from: 'ROLLCALL_TOKENS' },
    tokenFile: { value: null, from: 'default' },
    leaseSeconds: { value: 90, from: 'default' },
  });
});
