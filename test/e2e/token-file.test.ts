// A token file from end to end: rights over the wire and on the command line, a file that changes while the server runs,
// and metrics for who may read those alone.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { typed } from '../kit/cli/cli-world.ts';
import { patientFetch } from '../kit/http/api-client.ts';
import { bearer, entry, secretOf } from '../kit/http/credential-world.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const text =
  entry('deploy', '{ rights: [read, register], env: prod, app: orders }') +
  entry('prometheus', '{ rights: [metrics] }') +
  entry('two', '{ rights: [read, register] }', ', instancesMax: 2');
let directory: string;
let server: ServerProcess;

beforeAll(async () => {
  directory = scratch({ 'tokens.yaml': text });
  server = await startServer({ directory, args: ['--token-file', 'tokens.yaml'], data: join(directory, 'data') });
});

afterAll(async () => {
  await server.stop();
  removeScratch(directory);
});

const statusOf = async (path: string, who: string): Promise<number> =>
  (await patientFetch(`${server.http}${path}`, { headers: bearer(who) })).status;

const rollcall = (line: string, who: string) =>
  typed(line.split(' '), { env: { ROLLCALL_URL: server.http, ROLLCALL_TOKEN: secretOf(who) } });

describe('rights', () => {
  test('are those of the entry, in the API and on the command line', async () => {
    const register = await rollcall('register prod/orders/a1 --addr http://127.0.0.1:1', 'deploy');
    expect(register).toMatchObject({ code: 0 });
    const other = await rollcall('register prod/pay/a1 --addr http://127.0.0.1:1', 'deploy');
    expect(other.code).toBe(1);
    expect(other.err).toContain('prod/pay');
    expect((await rollcall('whoami', 'deploy')).out).toContain('read register');
    expect(await statusOf('/metrics', 'deploy')).toBe(403);
    expect(await statusOf('/metrics', 'prometheus')).toBe(200);
    expect(await statusOf('/api/v1/apps', 'prometheus')).toBe(403);
  });
});

describe('the number of instances of an entry', () => {
  const put = async (name: string): Promise<number> => {
    const body = JSON.stringify({ addrs: ['http://10.0.0.7:1'] });
    const headers = { ...bearer('two'), 'content-type': 'application/json' };
    return (await patientFetch(`${server.http}/api/v1/apps/prod/counted/${name}`, { method: 'PUT', body, headers }))
      .status;
  };

  test('is right after a restart, before any of them has renewed', async () => {
    for (const name of ['a1', 'a2']) expect(await put(name)).toBe(201);
    expect(await put('a3')).toBe(429);
    await server.stop();
    server = await startServer({ directory, args: ['--token-file', 'tokens.yaml'], data: join(directory, 'data') });
    expect(await put('a3')).toBe(429);
    expect((await rollcall('whoami', 'two')).out).toContain('2 of at most 2');
    expect(await put('a1')).toBe(200);
    const headers = bearer('two');
    await patientFetch(`${server.http}/api/v1/apps/prod/counted/a1`, { method: 'DELETE', headers });
    expect(await put('a3')).toBe(201);
  });
});

describe('a file that changes', () => {
  const rewrite = (now: string, message: string) => {
    const before = server.logs().filter(({ msg }) => msg.includes(message)).length;
    writeFileSync(join(directory, 'tokens.yaml'), now);
    process.kill(server.pid, 'SIGHUP');
    return until(message, () => server.logs().filter(({ msg }) => msg.includes(message)).length > before);
  };

  test('is in force at SIGHUP, without a restart', async () => {
    await rewrite(text.replace('name: deploy', 'name: other'), 'has changed');
    expect((await rollcall('whoami', 'deploy')).out).toContain('token other');
    await rewrite(entry('prometheus', '{ rights: [metrics] }'), 'has changed');
    expect(await statusOf('/api/v1/apps/prod/orders', 'deploy')).toBe(401);
  });

  test('with a fault leaves what is in force, and is reported in log and metrics', async () => {
    await rewrite('- { name: x, token: short }\n', 'Cannot use the new token file');
    expect(await statusOf('/metrics', 'prometheus')).toBe(200);
    const page = await (await patientFetch(`${server.http}/metrics`, { headers: bearer('prometheus') })).text();
    expect(page).toMatch(/^rollcall_token_file_failing 1$/m);
    expect(server.output()).toContain('line 1: x: token must be');
    expect(server.output()).not.toContain('the-own-secret');
  });
});
