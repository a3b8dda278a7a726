// Calls over a port: each gets its own reply, errors included, and none waits for a side that has ended.

import { expect, test } from 'vitest';
import { answerCall, type Call, type CallReply, Calls } from '../../src/runtime/worker-calls.ts';

interface Functions {
  twice(number: number): number;
  later(text: string): Promise<string>;
  fail(): never;
}

const functions: Functions = {
  twice: (number) => 2 * number,
  later: async (text) => text.toUpperCase(),
  fail: () => {
    throw new Error('broken');
  },
};

/** Over the structured clone that a port would make. */
function send(call: Call, to: Calls<Functions>): void {
  answerCall<Functions>(structuredClone(call), functions, (reply: CallReply) => to.settle(structuredClone(reply)));
}

test('values, promises and errors come back to the call that they are for', async () => {
  const calls = new Calls<Functions>();
  const [first, second, third] = [calls.open('later', 'a'), calls.open('twice', 21), calls.open('fail')];
  const results = Promise.allSettled([first.result, second.result, third.result]);
  for (const { call } of [third, first, second]) send(call, calls);
  expect(await results).toMatchObject([{ value: 'A' }, { value: 42 }, { reason: { message: 'broken' } }]);
});

test('a function that is not there is an error of the call', async () => {
  const calls = new Calls<Functions>();
  const { call, result } = calls.open('twice', 1);
  send({ ...call, name: 'thrice' }, calls);
  await expect(result).rejects.toThrow();
});

test('after the end every call fails, those that wait and those to come', async () => {
  const calls = new Calls<Functions>();
  const waiting = calls.open('twice', 1).result;
  calls.end(new Error('ended'));
  await expect(waiting).rejects.toThrow('ended');
  await expect(calls.open('twice', 1).result).rejects.toThrow('ended');
});
