// Requests per second of one client: buckets that fill with time, one for each address or token, off unless asked for.

import { describe, expect, test } from 'vitest';
import { ClientRates } from '../../../src/http/limits/client-rate.ts';
import { createWorld, problemOf, type WorldOptions } from '../../kit/http/http-world.ts';
import { seededRandom } from '../../kit/registry/placed.ts';

describe('a bucket', () => {
  test('holds a burst, fills with time, and never holds more', () => {
    const rates = new ClientRates({ perSecond: 2, burst: 3 });
    const taken = (nowMs: number) => rates.take('a', nowMs);
    expect([taken(0), taken(0), taken(0)].map(({ left }) => left)).toEqual([2, 1, 0]);
    expect(taken(0)).toEqual({ left: 0, waitMs: 500 });
    expect(taken(250)).toEqual({ left: 0, waitMs: 250 });
    expect(taken(500)).toEqual({ left: 0, waitMs: 0 });
    expect(taken(100_000)).toEqual({ left: 2, waitMs: 0 });
  });

  test('is one client own; time that goes back takes nothing away', () => {
    const rates = new ClientRates({ perSecond: 1, burst: 1 });
    expect(rates.take('a', 1000).waitMs).toBe(0);
    expect(rates.take('a', 0).waitMs).toBe(1000);
    expect(rates.take('b', 1000).waitMs).toBe(0);
  });
});

const rate = { perSecond: 1, burst: 2 };

function limited(options: WorldOptions = {}) {
  const world = createWorld({ ...options, deps: { clientRate: rate, random: seededRandom(9), ...options.deps } });
  const from = async (remoteAddress: string, headers: Record<string, string> = {}, url = '/api/v1/apps') =>
    world.app.inject({ url, remoteAddress, headers });
  return { ...world, from };
}

test('over the limit: 429 with the time to wait, counted, and nothing done', async () => {
  const { from, register, counters, registry, clock } = limited();
  expect((await register('prod/orders/a1')).statusCode).toBe(201);
  const last = await from('127.0.0.1');
  expect([last.headers['ratelimit-policy'], last.headers['ratelimit']]).toEqual([
    '"client";q=2;w=2',
    '"client";r=0;t=0',
  ]);
  const refused = await register('prod/orders/a2');
  expect(refused.statusCode).toBe(429);
  expect(problemOf(refused)).toMatchObject({ type: 'urn:rollcall:problem:rate-limited' });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  expect(refused.headers['ratelimit']).toBe('"client";r=0;t=1');
  expect(registry.revision).toBe(101);
  expect(counters.counts.get('refused:client-rate')).toBe(1);
  clock.advance(1000);
  expect((await register('prod/orders/a2')).statusCode).toBe(201);
});

test('each client has its own; of IPv6 the /64 is one client, and a mapped address is the IPv4 one', async () => {
  const { from } = limited();
  const statuses = async (addresses: readonly string[]) => {
    const found: number[] = [];
    for (const address of addresses) found.push((await from(address)).statusCode);
    return found;
  };
  expect(await statuses(['10.0.0.1', '10.0.0.1', '10.0.0.1', '10.0.0.2'])).toEqual([200, 200, 429, 200]);
  expect(await statuses(['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::3'])).toEqual([200, 200, 429]);
  expect(await statuses(['2001:db8:0:1::1', '::ffff:10.0.0.2', '::ffff:10.0.0.2'])).toEqual([200, 200, 429]);
});

test('with tokens it goes by the name of the token, from any address', async () => {
  const tokens = [
    { name: 'web', token: 'web-0123456789abcdef' },
    { name: 'pay', token: 'pay-0123456789abcdef' },
  ];
  const { from } = limited({ deps: { tokens } });
  const as = (token: string) => ({ authorization: `Bearer ${token}-0123456789abcdef` });
  expect((await from('10.0.0.1', as('web'))).statusCode).toBe(200);
  expect((await from('10.0.0.2', as('web'))).statusCode).toBe(200);
  const refused = await from('10.0.0.3', as('web'));
  expect(refused.statusCode).toBe(429);
  expect(problemOf(refused)).toMatchObject({ type: 'urn:rollcall:problem:rate-limited' });
  expect((await from('10.0.0.1', as('pay'))).statusCode).toBe(200);
});

test('health checks and metrics do not count, and without a limit nothing does', async () => {
  const { from } = limited();
  for (let i = 0; i < 5; i++) {
    for (const url of ['/healthz', '/readyz', '/metrics?x=1']) {
      const reply = await from('10.0.0.1', {}, url);
      expect([reply.statusCode, reply.headers['ratelimit']]).toEqual([200, undefined]);
    }
  }
  expect((await from('10.0.0.1')).statusCode).toBe(200);
  const free = createWorld();
  for (let i = 0; i < 300; i++) expect((await free.app.inject('/api/v1/apps')).statusCode).toBe(200);
});
