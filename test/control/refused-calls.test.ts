// The record of refused calls: each once with a count, bounded in memory and in the log.

import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { type RefusedCall, RefusedCalls } from '../../src/control/refused-calls.ts';

const call: RefusedCall = {
  reason: 'right',
  who: 'token ci',
  address: '10.0.0.1',
  what: 'register by api',
  missing: 'register',
  where: 'prod/orders',
};

function world() {
  const lines: unknown[] = [];
  let nowMs = 1_000_000;
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const record = new RefusedCalls(logger, () => nowMs);
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { record, lines, pass };
}

describe('a refusal that comes again', () => {
  test('is counted, and is the latest again', () => {
    const { record, pass } = world();
    record.note(call);
    pass(10);
    record.note({ ...call, where: 'prod/pay' });
    pass(10);
    record.note(call);
    expect(record.latest(9)).toEqual([
      { ...call, firstAtMs: 1_000_000, lastAtMs: 1_000_020, count: 2 },
      { ...call, where: 'prod/pay', firstAtMs: 1_000_010, lastAtMs: 1_000_010, count: 1 },
    ]);
    expect(record.latest(1)).toHaveLength(1);
  });

  test('is logged once a minute, with how often it came', () => {
    const { record, lines, pass } = world();
    for (let time = 0; time < 100; time++) record.note(call);
    expect(lines).toHaveLength(1);
    pass(60_000);
    record.note(call);
    expect(lines).toMatchObject([{ count: 1 }, { count: 101, who: 'token ci', remote: '10.0.0.1' }]);
  });
});

test('many that are different fill neither memory nor log', () => {
  const { record, lines, pass } = world();
  for (let time = 0; time < 5000; time++) record.note({ ...call, address: `10.0.${time >> 8}.${time & 255}` });
  expect(record.latest(10_000)).toHaveLength(1000);
  expect(lines).toHaveLength(60);
  pass(60_000);
  record.note(call);
  expect(lines).toHaveLength(61);
});

test('what came from outside is printable and short', () => {
  const { record } = world();
  record.note({ ...call, where: `a\nb${'x'.repeat(500)}` });
  const [kept] = record.latest(1);
  expect(kept?.where).not.toContain('\n');
  expect(kept?.where.length).toBeLessThan(120);
});
