// Turns: what one connection has waiting is answered a little at a time, and never holds up what else there is to do.

import { expect, test } from 'vitest';
import { TcpTurns } from '../../../src/dns/transport/tcp-turns.ts';

/** A connection with `waiting` messages; `log` gets its name for every answer. */
function connection(name: string, waiting: number, log: string[]) {
  let left = waiting;
  return (limit: number) => {
    const answered = Math.min(limit, left);
    left -= answered;
    for (let i = 0; i < answered; i++) log.push(name);
    return { answered, hasMore: left > 0 };
  };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('connections are answered in turn, and a turn of the loop is bounded', async () => {
  const turns = new TcpTurns();
  const log: string[] = [];
  turns.add(connection('greedy', 10_000, log));
  turns.add(connection('modest', 1, log));
  expect(log).toEqual([]);
  await nextTurn();
  expect(log.length).toBeLessThanOrEqual(160);
  expect(log.indexOf('modest')).toBe(16);
  let others = 0;
  for (; log.length < 10_001; others++) await nextTurn();
  // Everybody else on the loop had a turn between any two of ours.
  expect(others).toBeGreaterThan(10_000 / 160);
});

test('who left is not answered, and before the end all are', async () => {
  const turns = new TcpTurns();
  const log: string[] = [];
  const gone = connection('gone', 5, log);
  turns.add(gone);
  turns.add(connection('stays', 500, log));
  turns.delete(gone);
  turns.finish();
  expect(new Set(log)).toEqual(new Set(['stays']));
  expect(log).toHaveLength(500);
  await nextTurn();
  expect(log).toHaveLength(500);
});
