// A certificate source over files that openssl made: what is taken, what is refused and why, and what a change does.

import { copyFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Certificate, CertificateSource, readCertificate } from '../../src/runtime/certificate.ts';
import { Authority } from '../kit/http/certificates.ts';
import { scratch } from '../kit/process/scratch.ts';

let authority: Authority;
let one: { cert: string; key: string };
let other: { cert: string; key: string };

beforeAll(async () => {
  authority = await Authority.create();
  one = await authority.sign('one');
  other = await authority.sign('other');
});

function copies(): { cert: string; key: string } {
  const folder = scratch();
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  copyFileSync(one.cert, files.cert);
  copyFileSync(one.key, files.key);
  return files;
}

function open(files: { cert: string; key: string }): {
  source: CertificateSource;
  reloads: Certificate[];
  problems: string[];
} {
  const source = CertificateSource.open(files);
  if ('problem' in source) throw new Error(source.problem);
  const reloads: Certificate[] = [];
  const problems: string[] = [];
  source.on({ onReload: (certificate) => reloads.push(certificate), onProblem: (text) => problems.push(text) });
  return { source, reloads, problems };
}

/** Long enough for any replacement to be complete. */
function settle(source: CertificateSource): void {
  source.check();
  source.check();
}

describe('a pair that belongs together', () => {
  test('is taken, with its names and its end', () => {
    const certificate = readCertificate({ ...one, clientCa: authority.ca });
    if ('problem' in certificate) throw new Error(certificate.problem);
    expect(certificate.names).toBe('IP Address:127.0.0.1, DNS:localhost');
    const days = (certificate.expiresAtMs - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(1.9);
    expect(days).toBeLessThan(2.1);
    expect(certificate.clientCa).toMatch(/^-----BEGIN CERTIFICATE-----/);
  });

  test('is taken when it has expired: a restart does not make things worse', async () => {
    const past = await authority.sign('past', { days: -1 });
    const certificate = readCertificate(past);
    expect('problem' in certificate ? certificate.problem : certificate.expiresAtMs).toBeLessThan(Date.now());
  });
});

describe('what is refused names its file', () => {
  const garbage = join(scratch({ 'x.pem': 'not PEM\n' }), 'x.pem');

  test.each([
    ['a key of another certificate', () => ({ cert: one.cert, key: other.key }), () => [one.cert, other.key]],
    ['a key where the certificate belongs', () => ({ cert: one.key, key: one.key }), () => [one.key]],
    ['a certificate where the key belongs', () => ({ cert: one.cert, key: one.cert }), () => [one.cert]],
    ['text', () => ({ cert: garbage, key: one.key }), () => [garbage]],
    ['a missing file', () => ({ cert: '/nowhere/cert.pem', key: one.key }), () => ['/nowhere/cert.pem']],
    ['a folder', () => ({ cert: '/tmp', key: one.key }), () => ['/tmp']],
    ['a device without an end', () => ({ cert: '/dev/zero', key: one.key }), () => ['/dev/zero']],
    ['an authority that is none', () => ({ ...one, clientCa: garbage }), () => [garbage]],
  ])('%s', (_what, files, named) => {
    const outcome = readCertificate(files());
    if (!('problem' in outcome)) throw new Error('it was taken');
    for (const path of named()) expect(outcome.problem).toContain(path);
    expect(outcome.problem.split('\n')).toHaveLength(1);
    expect(outcome.problem).not.toContain('BEGIN');
  });

  test('a key with a passphrase', async () => {
    const locked = await authority.lock(one.key);
    expect(readCertificate({ cert: one.cert, key: locked })).toMatchObject({
      problem: expect.stringContaining('passphrase'),
    });
  });

  test('a file of more than a certificate has', () => {
    const large = join(scratch({ 'x.pem': 'x'.repeat(1024 * 1024 + 1) }), 'x.pem');
    expect(readCertificate({ cert: large, key: one.key })).toMatchObject({ problem: expect.stringContaining(large) });
  });
});

describe('files that change', () => {
  test('are read once they have settled, and only then', () => {
    const files = copies();
    const { source, reloads, problems } = open(files);
    settle(source);
    expect(reloads).toEqual([]);
    copyFileSync(other.cert, files.cert);
    // The key is still the old one: a look in between must not take or refuse that.
    source.check();
    copyFileSync(other.key, files.key);
    source.check();
    expect([reloads, problems]).toEqual([[], []]);
    source.check();
    expect(problems).toEqual([]);
    expect(reloads).toHaveLength(1);
    expect(source.current).toBe(reloads[0]);
    settle(source);
    expect(reloads).toHaveLength(1);
  });

  test('keep the last good pair when they no longer belong together, and report it once', () => {
    const files = copies();
    const { source, reloads, problems } = open(files);
    const before = source.current;
    copyFileSync(other.cert, files.cert);
    settle(source);
    settle(source);
    expect(problems).toEqual([expect.stringContaining(files.key)]);
    expect(source.current).toBe(before);
    copyFileSync(other.key, files.key);
    settle(source);
    expect(reloads).toHaveLength(1);
    expect(problems).toHaveLength(1);
  });

  test('keep the last good pair when they are deleted', () => {
    const files = copies();
    const { source, problems } = open(files);
    const before = source.current;
    rmSync(files.cert);
    settle(source);
    expect(problems).toEqual([expect.stringContaining(files.cert)]);
    expect(source.current).toBe(before);
  });

  test('do not replace a valid certificate by an expired one', async () => {
    const past = await authority.sign('past-reload', { days: -1 });
    const files = copies();
    const { source, reloads, problems } = open(files);
    copyFileSync(past.cert, files.cert);
    copyFileSync(past.key, files.key);
    settle(source);
    expect(reloads).toEqual([]);
    expect(problems).toEqual([expect.stringContaining(files.cert)]);
  });

  test('are noticed behind a link to a folder, as Kubernetes replaces secrets', () => {
    const folder = scratch({ 'v1/x': '', 'v2/x': '' });
    for (const [version, pair] of Object.entries({ v1: one, v2: other })) {
      copyFileSync(pair.cert, join(folder, version, 'tls.crt'));
      copyFileSync(pair.key, join(folder, version, 'tls.key'));
    }
    symlinkSync('v1', join(folder, 'data'));
    const { source, reloads } = open({ cert: join(folder, 'data', 'tls.crt'), key: join(folder, 'data', 'tls.key') });
    symlinkSync('v2', join(folder, 'next'));
    renameSync(join(folder, 'next'), join(folder, 'data'));
    settle(source);
    expect(reloads).toHaveLength(1);
  });

  test('that are written anew with the same text change nothing', () => {
    const files = copies();
    const { source, reloads, problems } = open(files);
    rmSync(files.cert);
    copyFileSync(one.cert, files.cert);
    settle(source);
    source.reload();
    expect([reloads, problems]).toEqual([[], []]);
  });

  test('are read at once by a reload that is asked for', () => {
    const files = copies();
    const { source, problems } = open(files);
    writeFileSync(files.cert, 'not PEM\n');
    source.reload();
    expect(problems).toHaveLength(1);
  });
});
