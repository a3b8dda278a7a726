// A DNS thread's inbox: order is kept, a storm leaves turns for others, and a caller can ask whether something waits.

import { MessageChannel } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { Inbox } from '../../../src/dns/plane/inbox.ts';
import type { ThreadMessage } from '../../../src/dns/plane/thread-message.ts';
import { until } from '../../kit/process/until.ts';

const { port1: main, port2: own } = new MessageChannel();
afterEach(() => own.removeAllListeners());

const posting = (sequence: number): ThreadMessage => ({ kind: 'barrier', sequence });

test('what has come is applied in order', async () => {
  const applied: number[] = [];
  const inbox = new Inbox(own, ({ sequence }) => applied.push(sequence));
  for (let sequence = 0; sequence < 50; sequence++) main.postMessage(posting(sequence));
  await until('the last one', () => applied.at(-1) === 49);
  expect(applied).toEqual(Array.from({ length: 50 }, (_, index) => index));
  expect(inbox.isBusy).toBe(false);
});

test('it is busy while postings wait for their turn', async () => {
  const applied: number[] = [];
  const inbox = new Inbox(own, ({ sequence }) => applied.push(sequence));
  const seen: boolean[] = [];
  own.on('message', () => seen.push(inbox.isBusy));
  main.postMessage(posting(0));
  await until('the posting', () => applied.length === 1);
  expect(seen).toEqual([true]);
});

test('postings that take long are applied one a turn', async () => {
  const order: string[] = [];
  new Inbox(own, ({ sequence }) => {
    order.push(`posting ${sequence}`);
    const endMs = performance.now() + 3;
    while (performance.now() < endMs);
    // Work that waits for the next turn comes in between.
    setImmediate(() => order.push(`turn ${sequence}`));
  });
  for (let sequence = 0; sequence < 4; sequence++) main.postMessage(posting(sequence));
  await until('all', () => order.length === 8);
  expect(order.indexOf('turn 0')).toBeLessThan(order.indexOf('posting 3'));
  expect(order.filter((one) => one.startsWith('posting'))).toEqual([0, 1, 2, 3].map((one) => `posting ${one}`));
});
