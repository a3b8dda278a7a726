// Pauses and deadlines, on a clock that the test moves.

import { expect, test } from 'vitest';
import { deadline, pause } from '../../src/runtime/scheduler.ts';
import { FakeScheduler } from '../kit/client/client-scheduler.ts';

test('a pause ends with its time, or with its signal, and leaves no timer', async () => {
  const scheduler = new FakeScheduler();
  const ended: string[] = [];
  const calm = new AbortController();
  const hasty = new AbortController();
  void pause(scheduler, 1000, calm.signal).then(() => ended.push('time'));
  void pause(scheduler, 5000, hasty.signal).then(() => ended.push('signal'));
  await scheduler.pass(999);
  expect(ended).toEqual([]);
  await scheduler.pass(1);
  hasty.abort();
  await scheduler.pass(0);
  expect({ ended, waiting: scheduler.waiting }).toEqual({ ended: ['time', 'signal'], waiting: 0 });
});

test('a deadline aborts with its reason, one that was cleared never does', async () => {
  const scheduler = new FakeScheduler();
  const kept = deadline(scheduler, 1000, 'too late');
  const cleared = deadline(scheduler, 1000, 'too late');
  cleared.clear();
  await scheduler.pass(1000);
  expect(kept.signal.reason).toEqual(new Error('too late'));
  expect(cleared.signal.aborted).toBe(false);
});

test('a deadline aborts with the signal that it was given', () => {
  const controller = new AbortController();
  const { signal, clear } = deadline(new FakeScheduler(), 1000, 'too late', controller.signal);
  controller.abort(new Error('enough'));
  clear();
  expect(signal.reason).toEqual(new Error('enough'));
});
