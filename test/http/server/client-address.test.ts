// Behind a proxy: whose X-Forwarded headers are believed, what replies name, and a request that names two hosts.

import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createWorld, type World, type WorldOptions } from '../../kit/http/http-world.ts';
import { RawConnection } from '../../kit/http/raw-http.ts';
import { until } from '../../kit/process/until.ts';

const open: World[] = [];

afterEach(async () => {
  for (const { app } of open.splice(0)) await app.close();
});

function world(deps: NonNullable<WorldOptions['deps']> = {}): World {
  const made = createWorld({ deps });
  open.push(made);
  return made;
}

const forwarded = {
  'x-forwarded-for': '203.0.113.9, 10.0.0.5',
  'x-forwarded-host': 'rollcall.example.org',
  'x-forwarded-proto': 'https',
  host: '127.0.0.1:7171',
};
const trusted = { isOpen: true, trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] };
const body = { addrs: ['http://10.0.0.7:8080'] };

async function registered(made: World, headers: Record<string, string>) {
  const reply = await made.call('PUT', '/apps/prod/orders/a1', body, headers);
  return { reply, renewWith: String(reply.json()['renewWith']) };
}

describe('X-Forwarded headers', () => {
  test('of a trusted proxy give the address and scheme of the client', async () => {
    const made = world(trusted);
    const { renewWith } = await registered(made, forwarded);
    expect(renewWith).toContain("'https://rollcall.example.org/api/v1/apps/prod/orders/a1/renew'");
    expect(made.log.find(({ decision }) => decision === 'registered')).toMatchObject({ remote: '203.0.113.9' });
  });

  test('of anybody else change nothing', async () => {
    for (const deps of [{ isOpen: true }, { isOpen: true, trustedProxies: ['10.0.0.0/8'] }]) {
      const made = world(deps);
      const { renewWith } = await registered(made, forwarded);
      expect(renewWith).toContain("'http://127.0.0.1:7171/api/v1/apps/prod/orders/a1/renew'");
      expect(made.log.find(({ decision }) => decision === 'registered')).toMatchObject({ remote: '127.0.0.1' });
    }
  });

  test.each([
    ['203.0.113.9:4711', '203.0.113.9'],
    ['[2001:db8::7]:4711', '2001:db8::7'],
    ['"[2001:db8::7]"', '2001:db8::7'],
    ['2001:db8::7', '2001:db8::7'],
    ['203.0.113.9, 10.0.0.5:80', '203.0.113.9'],
    // What is before an entry that is no address was not written by a proxy that is trusted.
    ['198.51.100.1, unknown, 203.0.113.9', '203.0.113.9'],
    ['unknown', '127.0.0.1'],
    [',', '127.0.0.1'],
  ])('of a trusted proxy, X-Forwarded-For %s: the client is %s', async (list, remote) => {
    const made = world(trusted);
    await registered(made, { ...forwarded, 'x-forwarded-for': list });
    expect(made.log.find(({ decision }) => decision === 'registered')).toMatchObject({ remote });
  });

  test.each([
    ["x';id;'", 'http'],
    ['javascript', 'http'],
    ['https,', 'http'],
    ["x';id;', https", 'https'],
  ])('of a trusted proxy, X-Forwarded-Proto %s: only %s comes into the command', async (list, scheme) => {
    const { renewWith } = await registered(world(trusted), { ...forwarded, 'x-forwarded-proto': list });
    expect(renewWith).toContain(`'${scheme}://rollcall.example.org/api/v1/apps/prod/orders/a1/renew'`);
  });

  test('of a trusted proxy count for web pages: its own origin may call, another may not', async () => {
    const made = world(trusted);
    const as = (origin: string) => made.call('GET', '/apps', undefined, { ...forwarded, origin });
    expect((await as('https://rollcall.example.org')).statusCode).toBe(200);
    expect((await as('https://evil.example')).statusCode).toBe(403);
  });

  test('cannot lead a browser here by a name of its own choice', async () => {
    const made = world({ trustedProxies: ['127.0.0.0/8'] });
    expect((await made.call('GET', '/apps', undefined, forwarded)).statusCode).toBe(403);
  });
});

describe('publicUrl', () => {
  const publicUrl = 'https://rollcall.example.org/registry';

  test('is what replies name, its prefix too, and a host that may be asked', async () => {
    const made = world({ publicUrl });
    const { reply, renewWith } = await registered(made, { host: 'rollcall.example.org' });
    expect(renewWith).toContain(`'${publicUrl}/api/v1/apps/prod/orders/a1/renew'`);
    expect(reply.headers.location).toBe(`${publicUrl}/api/v1/apps/prod/orders/a1`);
    expect((await made.call('GET', '/apps', undefined, { host: 'other.example.org' })).statusCode).toBe(403);
  });
});

test.each([
  ['GET /api/v1/apps', '127.0.0.1', '127.0.0.1'],
  ['PUT /api/v1/apps/prod/orders/a1/renew', '127.0.0.1', 'evil.example'],
])('%s with two Host headers: 400', async (line, one, other) => {
  const made = createWorld({ realTimers: true });
  open.push(made);
  await made.register('prod/orders/a1');
  await made.app.listen({ host: '127.0.0.1', port: 0 });
  const connection = await RawConnection.open((made.app.server.address() as AddressInfo).port);
  connection.write(`${line} HTTP/1.1\r\nhost: ${one}\r\nHOST: ${other}\r\n\r\n`);
  await until('it is answered', () => connection.statuses.length === 1);
  expect(connection.statuses).toEqual([400]);
  expect(made.counters.counts.get('renewal:renewed')).toBeUndefined();
  connection.destroy();
});
