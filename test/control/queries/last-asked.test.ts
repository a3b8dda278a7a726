// When apps were last asked for, from one process to the next.

import { expect, test } from 'vitest';
import { LastAsked } from '../../../src/control/queries/last-asked.ts';
import { askedAppsMax } from '../../../src/model/asked-record.ts';

const day = 86_400_000;
const now = 1_800_000_000_000;
const orders = { env: 'prod', appid: 'orders' };

test('goes on where the process before ended', () => {
  const first = new LastAsked(undefined, now - 8 * day);
  first.note(orders, now - 7 * day);
  first.note(orders, now - 8 * day);
  const second = new LastAsked(first.record(now - 60_000), now);
  expect(second.sinceMs).toBe(now - 8 * day);
  expect(second.of(orders)).toBe(now - 7 * day);
  expect(second.of({ env: 'dev', appid: 'orders' })).toBeUndefined();
});

test.each([
  ['a gap of more than a day', now - day - 1],
  ['a clock that was a day ahead', now + day + 1],
])('begins anew after %s', (_what, writtenMs) => {
  const asked = new LastAsked({ sinceMs: now - 8 * day, writtenMs, apps: [['prod/orders', now - 1]] }, now);
  expect(asked.sinceMs).toBe(now);
  expect(asked.of(orders)).toBeUndefined();
});

test('is never kept since a time to come', () => {
  expect(new LastAsked({ sinceMs: now + 60_000, writtenMs: now + 60_000, apps: [] }, now).sinceMs).toBe(now);
});

test('is bounded, and forgets those that were asked for least recently', () => {
  const asked = new LastAsked(undefined, now);
  for (let i = 0; i < askedAppsMax + 1; i++) asked.note({ env: 'prod', appid: `app${i}` }, now + i);
  expect(asked.record(now).apps.length).toBeLessThanOrEqual(askedAppsMax);
  expect(asked.of({ env: 'prod', appid: 'app0' })).toBeUndefined();
  expect(asked.of({ env: 'prod', appid: `app${askedAppsMax}` })).toBe(now + askedAppsMax);
});
