// Watching a cache of which everything is known: the time is ours.

import { describe, expect, test } from 'vitest';
import { cacheFinding } from '../../../src/cli/doctor/cache-check.ts';
import { type Watched, watchCache } from '../../../src/cli/doctor/cache-watch.ts';

/** A resolver that keeps an answer for `keptMs` and gives TTLs that `ttl` computes from the answer's age. */
function watch(
  keptMs: number,
  ttl: (ageMs: number) => number | undefined,
  forMs: number,
  isFresh = false,
): Promise<Watched> {
  let nowMs = 1000;
  // It was asked for before, unless it is fresh.
  let filledAt = isFresh ? Number.NEGATIVE_INFINITY : nowMs - 2200;
  const world = {
    nowMs: () => nowMs,
    async sleep(ms: number) {
      nowMs += ms;
    },
    async ask() {
      nowMs += 1;
      if (nowMs - filledAt >= keptMs) filledAt = nowMs;
      return ttl(nowMs - filledAt);
    },
  };
  return watchCache(world, forMs, isFresh);
}

const countDown = (from: number) => (ageMs: number) => Math.max(0, from - Math.floor(ageMs / 1000));

describe('watchCache', () => {
  test.each([
    ['of an answer that was asked for before', false],
    ['of one asked for the first time', true],
  ])('measures the time %s', async (_what, isFresh) => {
    const { ttlMax, keptMs, countsDown } = await watch(5000, countDown(5), 15_000, isFresh);
    expect({ ttlMax, countsDown }).toEqual({ ttlMax: 5, countsDown: true });
    expect(Math.abs((keptMs ?? 0) - 5000)).toBeLessThanOrEqual(600);
  });

  test('gives up when the time is over', async () => {
    const watched = await watch(60_000, countDown(60), 5000);
    expect(watched).toMatchObject({ ttlMax: 58, keptMs: undefined, countsDown: true });
    expect(watched.unbrokenMs).toBeGreaterThan(4500);
  });

  test('does not count what it slept through', async () => {
    let [nowMs, asked] = [0, 0];
    const world = {
      nowMs: () => nowMs,
      sleep: async () => {
        asked++;
        // A suspended machine, while the TTL went 1, 0, 1.
        nowMs += asked === 3 ? 60_000 : 250;
      },
      ask: async () => (nowMs % 1000 < 500 ? 1 : 0),
    };
    const { keptMs } = await watchCache(world, 90_000, true);
    expect(keptMs).toBe(1000);
  });

  test('counts from the last gap', async () => {
    let nowMs = 0;
    const world = {
      nowMs: () => nowMs,
      sleep: async () => {
        // Each second question comes late.
        nowMs += nowMs % 1250 === 0 ? 250 : 1000;
      },
      ask: async () => 5,
    };
    expect((await watchCache(world, 20_000, false)).unbrokenMs).toBeLessThanOrEqual(250);
  });

  test('notices that nothing is cached, or that no TTL is given', async () => {
    expect(await watch(0, () => 5, 3000)).toMatchObject({ ttlMax: 5, keptMs: undefined, countsDown: false });
    expect(await watch(0, () => undefined, 3000)).toMatchObject({
      ttlMax: undefined,
      keptMs: undefined,
      countsDown: false,
    });
  });
});

describe('cacheFinding', () => {
  const subject = { what: 'cache', noun: 'addresses' };
  test.each<[string, Partial<Watched>, number | undefined, string, RegExp]>([
    ['as long as allowed', { ttlMax: 5, keptMs: 6100, countsDown: true }, 5, 'ok', /keeps addresses for 6\.1 s/],
    ['longer', { ttlMax: 5, keptMs: 9000, countsDown: true }, 5, 'fail', /kept addresses for 9\.0 s/],
    ['with a TTL of its own', { ttlMax: 60, countsDown: true }, 5, 'fail', /answers with TTL 60 .* rollcall has 5/],
    ['not at all', { ttlMax: 5 }, 5, 'ok', /asks rollcall every time/],
    ['all the time', { ttlMax: 5, countsDown: true, unbrokenMs: 14_800 }, 5, 'fail', /for all of 15 s/],
    [
      'we do not know how long',
      { ttlMax: 5, countsDown: true, unbrokenMs: 2000 },
      5,
      'warn',
      /no answer ended within 15 s/,
    ],
    ['longer than we looked', { ttlMax: 58, countsDown: true }, 60, 'warn', /no answer ended within 15 s/],
    ['without a TTL', {}, 5, 'warn', /have no TTL/],
    ['what rollcall does not have', { ttlMax: 5 }, undefined, 'warn', /rollcall gives no TTL/],
  ])('kept %s', (_how, watched, allowed, level, why) => {
    const whole = { ttlMax: undefined, keptMs: undefined, countsDown: false, unbrokenMs: 15_000, ...watched };
    expect(cacheFinding(subject, whole, allowed, 15_000)).toMatchObject({ level, why: expect.stringMatching(why) });
  });
});
