// `GET /api/v1/guard`: calm, while an app is held, and how long its list may get.

import { expect, test } from 'vitest';
import { createWorld, problemOf } from '../../kit/http/http-world.ts';

test('a calm registry reports expected and seen renewals', async () => {
  const { register, call, clock } = createWorld();
  for (let i = 0; i < 4; i++) await register(`prod/orders/o-${i}`);
  clock.advance(30_000);
  await call('PUT', '/apps/prod/orders/o-1/renew');
  const reply = await call('GET', '/guard');
  expect([reply.statusCode, reply.headers['cache-control']]).toEqual([200, 'no-store']);
  expect(reply.json()).toEqual({
    holding: false,
    registryHeld: false,
    reason: '0 of 4 instances are silent',
    since: null,
    members: 4,
    late: 0,
    suspects: 0,
    expectedRenewalsPerMinute: 8,
    seenRenewalsPerMinute: 1,
    guardPercent: 85,
    ceilingSeconds: 3600,
    evictionBudget: { perMinute: 3, lastMinute: 0, waiting: 0 },
    apps: [],
    moreApps: 0,
  });
});

test('held apps are named, the oldest first, with reason, start and numbers', async () => {
  const { register, call, clock, registry } = createWorld();
  for (let i = 0; i < 40; i++) await register(`prod/app-${i % 4}/i-${i}`);
  const pass = (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      clock.advance(1000);
      registry.evictExpired(100);
    }
  };
  // Long enough that no instance is new any more; then the first app falls silent, and 30 s later the second.
  for (let round = 0; round < 25; round++) {
    pass(30);
    for (let i = 0; i < 40; i++) {
      const silentFrom = [20, 21][i % 4] ?? 99;
      if (round < silentFrom) registry.renew({ env: 'prod', appid: `app-${i % 4}`, instance: `i-${i}` });
    }
  }
  const document = (await call('GET', '/guard')).json() as Record<string, unknown> & { since: string };
  expect(document).toMatchObject({ holding: true, registryHeld: true, members: 40, late: 20, suspects: 20 });
  expect(document['reason']).toBe("20 of the registry's 40 instances are silent, more than 15 %");
  const reason = "10 of the app's 10 instances are silent, more than 15 %";
  const counts = { env: 'prod', reason, members: 10, late: 10, suspects: 10 };
  expect(document['apps']).toMatchObject([
    { appid: 'app-0', ...counts },
    { appid: 'app-1', ...counts },
  ]);
  expect(document.since).toBe((document['apps'] as { since: string }[])[0]?.since);
  expect((await call('GET', '/apps/prod/app-0/i-0')).json()).toMatchObject({ suspect: true });
  expect((await call('GET', '/apps/prod/app-2/i-2')).json()).not.toHaveProperty('suspect');
  const short = (await call('GET', '/guard?limit=1')).json() as { apps: unknown[]; moreApps: number };
  expect([short.apps.length, short.moreApps]).toEqual([1, 1]);
});

test('a limit that is none is refused', async () => {
  const { call } = createWorld();
  const reply = await call('GET', '/guard?limit=1001&what=x');
  expect(reply.statusCode).toBe(400);
  expect(problemOf(reply).errors).toMatchObject([{ field: 'what' }, { field: 'limit' }]);
});
