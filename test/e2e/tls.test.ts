// HTTPS from end to end: `rollcall tls init` makes the certificates, the server speaks TLS with them, and the command line and
// the client trust them; a new certificate is taken, a wrong one ends the start with a sentence.

import { copyFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RollcallClient } from '../../src/client/client.ts';
import { ran } from '../kit/http/tls-world.ts';
import { cleanEnvironment, run } from '../kit/process/program.ts';
import { scratch } from '../kit/process/scratch.ts';
import { main, type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const directory = scratch();
const tls = join(directory, 'tls');
const at = (file: string): string => join(tls, file);
const text = (file: string): string => readFileSync(at(file), 'utf8');

let server: ServerProcess;
let url = '';

function rollcall(...args: readonly string[]): ReturnType<typeof run> {
  return run(process.execPath, [main, ...args], { cwd: directory, env: cleanEnvironment({}) });
}

beforeAll(async () => {
  expect(await rollcall('tls', 'init', '--client', 'deploy')).toMatchObject({ code: 0 });
  server = await startServer({
    directory,
    args: ['--tls-cert', at('server.pem'), '--tls-key', at('server.key')],
    env: { ROLLCALL_TLS_CLIENT_CA: at('ca.pem'), ROLLCALL_TLS_CLIENT_AUTH: 'required' },
  });
  url = `https://127.0.0.1:${server.httpPort}`;
});

// It has logged an error by then, which `stop` would mind.
afterAll(() => server.kill());

const asClient = ['--ca', at('ca.pem'), '--client-cert', at('client.pem'), '--client-key', at('client.key')];

describe('rollcall tls init', () => {
  test('leaves keys that no other user can read, and nothing that is not needed', () => {
    for (const file of ['ca.key', 'server.key', 'client.key']) expect(statSync(at(file)).mode & 0o077).toBe(0);
    for (const file of ['server.csr', 'client.csr', 'ca.srl', 'server.ext']) expect(existsSync(at(file))).toBe(false);
  });

  test('writes over nothing', async () => {
    const before = text('ca.pem');
    expect(await rollcall('tls', 'init')).toMatchObject({ code: 1, err: expect.stringContaining('ca.pem') });
    expect(text('ca.pem')).toBe(before);
  });

  test.each([
    ['--host', 'a b'],
    ['--days', '0'],
    ['--days', '826'],
    ['--client', 'a/b'],
  ])('%s %s is refused', async (flag, value) => {
    const { code, err } = await rollcall('tls', 'init', '--dir', 'other', flag, value);
    expect({ code, names: err.includes(flag) }).toEqual({ code: 2, names: true });
    expect(existsSync(join(directory, 'other'))).toBe(false);
  });
});

describe('who calls', () => {
  test('the command line, with the authority and a certificate', async () => {
    const args = ['register', 'prod/orders/orders-1', '--addr', 'http://127.0.0.1:8080', '--url', url, ...asClient];
    expect(await rollcall(...args)).toMatchObject({ code: 0 });
    const { out } = await rollcall('events', '--url', url, ...asClient);
    expect(out).toContain('deploy');
    expect(await rollcall('cancel', 'prod/orders/orders-1', '--url', url, ...asClient)).toMatchObject({ code: 0 });
  });

  test('without the authority the error names the flag', async () => {
    const { code, err } = await rollcall('ls', '--url', url);
    expect({ code, names: err.includes('--ca') }).toEqual({ code: 1, names: true });
  });

  test.each([
    [['--ca', 'missing.pem'], '--ca'],
    [['--ca', at('ca.pem'), '--client-cert', at('client.pem')], '--client-key'],
    [['--client-key', main, '--client-cert', at('client.pem')], '--client-key'],
  ])('%j is refused before any call', async (args, named) => {
    const { code, err } = await rollcall('ls', '--url', url, ...args);
    expect({ code, names: err.includes(named) }).toEqual({ code: 2, names: true });
  });

  test('rollcall/client, by HTTPS', async () => {
    const client = new RollcallClient({
      registry: url,
      ca: text('ca.pem'),
      cert: text('client.pem'),
      key: text('client.key'),
    });
    const membership = client.register({ env: 'prod', appid: 'pay', instance: 'p1', addrs: ['http://127.0.0.1:1'] });
    await membership.registered();
    await client.close();
  });

  test('a client that names files instead of PEM gets an error that names the field', () => {
    expect(() => new RollcallClient({ registry: url, ca: at('ca.pem') })).toThrow(/ca must be PEM/);
    expect(() => new RollcallClient({ registry: url, cert: text('client.pem') })).toThrow(/key/);
  });
});

describe('the certificate of the server', () => {
  test('is on the metrics page, with its end', async () => {
    const { out } = await ran('curl', [
      ...['-sS', '--cacert', at('ca.pem'), '--cert', at('client.pem'), '--key', at('client.key')],
      `${url}/metrics`,
    ]);
    const ends = Number(/^rollcall_tls_certificate_expiry_timestamp_seconds (\S+)$/m.exec(out)?.[1]);
    const days = (ends * 1000 - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(29);
    expect(days).toBeLessThan(31);
    expect(out).toMatch(/^rollcall_tls_reload_failing 0$/m);
    expect(out).toMatch(/^rollcall_tls_handshakes_total\{result="done"\} [1-9]/m);
  });

  test('is read again on SIGHUP; one that does not fit its key is not taken', async () => {
    copyFileSync(at('client.pem'), at('server.pem'));
    process.kill(server.pid, 'SIGHUP');
    const problem = await until('the refusal', () =>
      server.logs().find(({ level, problem }) => level === 50 && problem),
    );
    expect(problem['problem']).toContain(at('server.key'));
    expect(await rollcall('ls', '--url', url, ...asClient)).toMatchObject({ code: 0 });
    copyFileSync(at('client.key'), at('server.key'));
    process.kill(server.pid, 'SIGHUP');
    await until('the change', () => server.logs().find(({ msg }) => /certificate has changed/.test(msg)));
    // The new one is for no server.
    expect(await rollcall('ls', '--url', url, ...asClient)).toMatchObject({ code: 1 });
  });

  test('that does not fit its key ends the start with one sentence', async () => {
    const args = ['serve', '--http', '127.0.0.1:0', '--dns', '127.0.0.1:0', '--data', 'none'];
    const { code, out, err } = await rollcall(...args, '--tls-cert', at('ca.pem'), '--tls-key', at('client.key'));
    expect({ code, out, lines: err.trimEnd().split('\n').length }).toEqual({ code: 1, out: '', lines: 1 });
    expect(err).toContain(at('client.key'));
  });
});
