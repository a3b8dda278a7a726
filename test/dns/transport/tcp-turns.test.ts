// Turns: what one connection has waiting is answered a little at a time, and a turn of the loop ends when its time is
// spent, however dear an answer is.

import { expect, test } from 'vitest';
import { TcpTurns, type TurnTaker } from '../../../src/dns/transport/tcp-turns.ts';
import { TurnBudget } from '../../../src/dns/transport/turn-budget.ts';

const clock = { nowMs: 0 };
const budget = () => new TurnBudget(() => clock.nowMs);

/** A connection with `waiting` messages that take `ms` each; `log` gets its name for every answer. */
function connection(name: string, waiting: number, log: string[], ms = 0.05): TurnTaker {
  let left = waiting;
  return (limit, { isSpent }) => {
    expect(isSpent).toBe(false);
    for (let answered = 0; answered < limit && left > 0; answered++, left--) {
      clock.nowMs += ms;
      log.push(name);
    }
    return left > 0;
  };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('connections are answered in turn, and a turn of the loop is bounded by time', async () => {
  const turns = new TcpTurns(budget());
  const log: string[] = [];
  turns.add(connection('greedy', 10_000, log));
  turns.add(connection('modest', 1, log));
  expect(log).toEqual([]);
  await nextTurn();
  // Two milliseconds are forty answers: three shares of sixteen and one of one.
  expect(log.length).toBe(49);
  expect(log.indexOf('modest')).toBe(16);
  let others = 0;
  for (; log.length < 10_001; others++) await nextTurn();
  // All else on the loop had a turn between any two of ours.
  expect(others).toBeGreaterThan(10_000 / 60);
});

test('one dear answer ends the turn', async () => {
  const turns = new TcpTurns(budget());
  const log: string[] = [];
  turns.add(connection('dear', 1, log, 20));
  turns.add(connection('cheap', 1, log));
  await nextTurn();
  expect(log).toEqual(['dear']);
  await nextTurn();
  expect(log).toEqual(['dear', 'cheap']);
});

test('a connection that has ended is not answered, and before the end all are', async () => {
  const turns = new TcpTurns(budget());
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

test('a message that comes alone is answered as it is read, for as long as a turn takes, and after those that wait', async () => {
  const turns = new TcpTurns(budget(), budget());
  expect(turns.takesAtOnce()).toBe(true);
  clock.nowMs += 1;
  expect(turns.takesAtOnce()).toBe(true);
  clock.nowMs += 1;
  expect(turns.takesAtOnce()).toBe(false);
  await nextTurn();
  expect(turns.takesAtOnce()).toBe(true);
  turns.add(connection('waits', 1, []));
  expect(turns.takesAtOnce()).toBe(false);
  await nextTurn();
  expect(turns.takesAtOnce()).toBe(true);
});
