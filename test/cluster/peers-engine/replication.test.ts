// When a write counts as replicated: every node that is not known to be dead has it.

import { expect, test } from 'vitest';
import { Replication } from '../../../src/cluster/peers-engine/replication.ts';

function world(...expected: readonly (string | undefined)[]) {
  const time = { nowMs: 0, expected };
  const replication = new Replication({ life: 'L', nowMs: () => time.nowMs, expected: () => time.expected });
  return { time, replication };
}

test('once each of the others has reported that it has it', async () => {
  const { replication } = world('n2', 'n3');
  for (const node of ['n2', 'n3']) replication.acknowledged(node, 'L', 10);
  const confirmed = replication.confirmed(11, 60_000);
  replication.acknowledged('n2', 'L', 11);
  replication.acknowledged('n3', 'L', 12);
  expect(await confirmed).toBe(true);
});

test('not, and without a wait, where one does not follow at present', async () => {
  const { time, replication } = world('n2', 'n3');
  replication.acknowledged('n2', 'L', 11);
  expect(await replication.confirmed(11, 60_000)).toBe(false);
  replication.acknowledged('n3', 'L', 11);
  expect(await replication.confirmed(11, 60_000)).toBe(true);
  time.nowMs = 3000;
  expect(await replication.confirmed(11, 60_000)).toBe(false);
});

test('not by reports on numbers of another life, nor with an address that was never reached, nor alone', async () => {
  const { time, replication } = world('n2');
  replication.acknowledged('n2', 'earlier', 99);
  expect(await replication.confirmed(1, 60_000)).toBe(false);
  replication.acknowledged('n2', 'L', 1);
  time.expected = ['n2', undefined];
  expect(await replication.confirmed(1, 60_000)).toBe(false);
  time.expected = [];
  expect(await replication.confirmed(1, 60_000)).toBe(false);
});

test('after the start of this node the others are waited for, since they begin to follow it', async () => {
  const { time, replication } = world('n2');
  replication.begin();
  const confirmed = replication.confirmed(1, 60_000);
  replication.acknowledged('n2', 'L', 1);
  expect(await confirmed).toBe(true);
  time.expected = ['n2', 'n3'];
  time.nowMs = 5000;
  expect(await replication.confirmed(1, 60_000)).toBe(false);
});

test('a node that dies meanwhile is not waited for', async () => {
  const { time, replication } = world('n2', 'n3');
  for (const node of ['n2', 'n3']) replication.acknowledged(node, 'L', 10);
  const confirmed = replication.confirmed(11, 60_000);
  time.expected = ['n2'];
  replication.acknowledged('n2', 'L', 11);
  expect(await confirmed).toBe(true);
});
