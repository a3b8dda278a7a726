// Log lines about holds: one for each, or one with a count where there are too many to read.

import { pino } from 'pino';
import { expect, test } from 'vitest';
import { GuardLog } from '../../src/app/registry-log.ts';
import type { GuardEvent } from '../../src/model/guard-status.ts';
import { FakeTimers } from '../kit/http/http-world.ts';

function world() {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const timers = new FakeTimers();
  const log = new GuardLog(logger, (callback, ms) => void timers.set(callback, ms));
  const news = (kind: GuardEvent['kind'], appid?: string): GuardEvent => ({
    kind,
    app: appid === undefined ? undefined : { env: 'prod', appid },
    reason: 'of tests',
    heldMs: kind === 'held' ? 0 : 61_400,
    members: 10,
    late: 4,
    suspects: 1,
  });
  return { lines, timers, log, news };
}

test('a hold has a line at its start and one at its end', () => {
  const { lines, log, news } = world();
  log.log(news('held', 'orders'));
  log.log(news('held'));
  log.log(news('released', 'orders'));
  const counts = { reason: 'of tests', members: 10, late: 4, suspects: 1 };
  expect(lines).toMatchObject([
    { level: 40, guard: 'held', env: 'prod', appid: 'orders', ...counts },
    { level: 40, guard: 'held', msg: 'the guard holds the registry: leases that end evict no instance' },
    { level: 30, guard: 'released', appid: 'orders', heldSeconds: 61, ...counts },
  ]);
});

test('of thousands at once ten are named and the others counted; the registry always is', () => {
  const { lines, timers, log, news } = world();
  for (let i = 0; i < 5000; i++) log.log(news('held', `app-${i}`));
  log.log(news('held'));
  for (let i = 0; i < 20; i++) log.log(news('released', `app-${i}`));
  expect(lines.length).toBe(11);
  timers.pass(1000);
  expect(lines.at(-1)).toMatchObject({ held: 4990, released: 20 });
  log.log(news('released', 'app-21'));
  timers.pass(1000);
  expect(lines.length).toBe(13);
});
