// Groups on their way to a disk that is slow, full or stuck: writers that wait get the true outcome, and it heals by itself.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Change } from '../../src/model/change.ts';
import { WriteQueue } from '../../src/store/write-queue.ts';
import { FakeTimers } from '../kit/http/http-world.ts';

function world() {
  const timers = new FakeTimers();
  const groups: { readonly revisions: number[]; readonly resolve: () => void; readonly reject: (e: Error) => void }[] =
    [];
  const notices: string[] = [];
  let nowMs = 0;
  const queue = new WriteQueue({
    commit(changes) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      groups.push({ revisions: changes.map(({ revision }) => revision), resolve, reject });
      return promise;
    },
    onTrouble: (reason) => notices.push(`trouble: ${reason}`),
    onHealed: (ms) => notices.push(`healed after ${ms}`),
    monotonicMs: () => nowMs,
    setTimer: timers.set,
    clearTimer: timers.clear,
  });
  const pass = async (ms: number) => {
    nowMs += ms;
    timers.pass(ms);
    await nextTurn();
  };
  const push = (...revisions: number[]) => {
    for (const revision of revisions) queue.push({ revision } as Change);
  };
  /** `ok`, `failed` or `waits`. */
  const state = async (promise: Promise<void>) => {
    const settled = promise.then(
      () => 'ok',
      () => 'failed',
    );
    return Promise.race([settled, nextTurn('waits')]);
  };
  return { queue, groups, notices, push, pass, state, timers };
}

test('what changes in one turn is one group; what comes meanwhile is the next', async () => {
  const { queue, groups, push, state } = world();
  expect(await state(queue.durable())).toBe('ok');
  push(1, 2);
  const first = queue.durable();
  await nextTurn();
  push(3);
  const second = queue.durable();
  push(4);
  expect(groups.map(({ revisions }) => revisions)).toEqual([[1, 2]]);
  groups[0]?.resolve();
  expect([await state(first), await state(second)]).toEqual(['ok', 'waits']);
  expect(groups.map(({ revisions }) => revisions)).toEqual([
    [1, 2],
    [3, 4],
  ]);
  groups[1]?.resolve();
  expect(await state(second)).toBe('ok');
  expect([queue.written, queue.pending.length, queue.commits]).toEqual([4, 0, 2]);
});

test('a group that cannot be written fails all that wait, is tried again each second, and is reported once', async () => {
  const { queue, groups, notices, push, pass, state } = world();
  push(1);
  const waiting = queue.durable();
  await nextTurn();
  groups[0]?.reject(new Error('disk full'));
  expect(await state(waiting)).toBe('failed');
  expect(queue.trouble).toBe('disk full');
  push(2);
  expect(await state(queue.durable())).toBe('failed');
  await pass(999);
  expect(groups).toHaveLength(1);
  await pass(1);
  groups[1]?.reject(new Error('disk full'));
  await nextTurn();
  await pass(1000);
  expect(groups[2]?.revisions).toEqual([1, 2]);
  groups[2]?.resolve();
  await nextTurn();
  expect(queue.trouble).toBeUndefined();
  expect(notices).toEqual(['trouble: disk full', 'healed after 2000']);
  expect(await state(queue.durable())).toBe('ok');
});

test('a disk that does not answer is trouble, and its late answer the end of it', async () => {
  const { queue, groups, notices, push, pass, state, timers } = world();
  push(1);
  const waiting = queue.durable();
  await nextTurn();
  await pass(4999);
  expect(await state(waiting)).toBe('waits');
  await pass(1);
  expect(await state(waiting)).toBe('failed');
  push(2);
  groups[0]?.resolve();
  await nextTurn();
  groups[1]?.resolve();
  await nextTurn();
  expect(notices).toEqual(['trouble: the disk has not answered for 5 s', 'healed after 0']);
  expect([queue.written, timers.size]).toEqual([2, 0]);
});

test('a mass of changes goes in bounded groups, in order', async () => {
  const { queue, groups, push, state } = world();
  push(...Array.from({ length: 2500 }, (_, index) => index + 1));
  const all = queue.durable();
  await nextTurn();
  for (let i = 0; i < 3; i++) {
    expect(await state(all)).toBe('waits');
    groups[i]?.resolve();
    await nextTurn();
  }
  expect(await state(all)).toBe('ok');
  expect(groups.map(({ revisions }) => revisions.length)).toEqual([1000, 1000, 500]);
  expect(groups.flatMap(({ revisions }) => revisions)).toEqual(Array.from({ length: 2500 }, (_, index) => index + 1));
});

test('a stop tries once more and returns how much is left', async () => {
  const { queue, groups, push } = world();
  push(1, 2);
  await nextTurn();
  groups[0]?.reject(new Error('gone'));
  await nextTurn();
  const stopped = queue.stop();
  groups[1]?.reject(new Error('gone'));
  expect(await stopped).toBe(2);
  const other = world();
  other.push(1);
  const clean = other.queue.stop();
  await nextTurn();
  other.groups[0]?.resolve();
  expect(await clean).toBe(0);
});

test('a stop after the disk has healed writes all that had been waiting, and nothing is called lost', async () => {
  const { queue, groups, notices, push } = world();
  push(1);
  await nextTurn();
  groups[0]?.reject(new Error('disk full'));
  await nextTurn();
  push(...Array.from({ length: 1500 }, (_, index) => index + 2));
  const stopped = queue.stop();
  for (const group of [1, 2]) {
    groups[group]?.resolve();
    await nextTurn();
  }
  expect(await stopped).toBe(0);
  expect(groups.map(({ revisions }) => revisions.length)).toEqual([1, 1000, 501]);
  expect(notices).toEqual(['trouble: disk full', 'healed after 0']);
});

test('a fault that is found out without a write fails until a write succeeds', async () => {
  const { queue, groups, notices, pass, push, state } = world();
  queue.fail('the folder is gone');
  queue.fail('the folder is gone');
  expect([queue.trouble, notices]).toEqual(['the folder is gone', ['trouble: the folder is gone']]);
  push(1);
  expect(await state(queue.durable())).toBe('failed');
  await pass(1000);
  groups[0]?.resolve();
  await pass(0);
  expect([queue.trouble, notices.length, groups[0]?.revisions]).toEqual([undefined, 2, [1]]);
});
