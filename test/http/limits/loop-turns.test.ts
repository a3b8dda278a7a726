// Requests in turns of the event loop: a few at once, the others in order, none forgotten.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { LoopTurns } from '../../../src/http/limits/loop-turns.ts';

function world() {
  const asked: (() => void)[] = [];
  let nowMs = 0;
  const turns = new LoopTurns(
    (callback) => asked.push(callback),
    () => nowMs,
  );
  const served: string[] = [];
  const come = (name: string, kind: 'light' | 'heavy' = 'heavy', tookMs = 0) =>
    turns[kind](undefined as unknown as FastifyRequest, undefined as unknown as FastifyReply, () => {
      served.push(name);
      nowMs += tookMs;
    });
  /** Everything that was asked for runs once; returns who was served in it. */
  const turn = (): string[] => {
    const before = served.length;
    for (const callback of asked.splice(0)) callback();
    return served.slice(before);
  };
  return { asked, served, come, turn };
}

const names = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `r${from + i}`);

test('a few are served at once, and the loop is asked for one turn', () => {
  const { asked, served, come, turn } = world();
  for (const name of names(0, 32)) come(name);
  expect(served).toEqual(names(0, 32));
  expect(asked).toHaveLength(1);
  expect(turn()).toEqual([]);
  expect(asked).toHaveLength(0);
});

test('the others wait for turns of their own, in the order in which they came', () => {
  const { served, come, turn } = world();
  for (const name of names(0, 100)) come(name);
  expect(served).toEqual(names(0, 32));
  expect(turn()).toEqual(names(32, 64));
  // Who comes now is behind those who wait.
  come('late');
  expect(served).toHaveLength(64);
  expect(turn()).toEqual(names(64, 96));
  expect(turn()).toEqual([...names(96, 100), 'late']);
  come('next');
  expect(served.at(-1)).toBe('next');
  expect(turn()).toEqual([]);
  expect(turn()).toEqual([]);
});

test('calls that take long end a turn before it has as many as it may, and those behind them are served in order', () => {
  const { asked, served, come, turn } = world();
  for (const name of names(0, 8)) come(name, 'heavy', 3);
  expect(served).toEqual(names(0, 2));
  expect(turn()).toEqual(names(2, 4));
  come('renewal', 'light');
  expect(turn()).toEqual(names(4, 6));
  expect(turn()).toEqual(names(6, 8));
  expect(turn()).toEqual(['renewal']);
  expect(turn()).toEqual([]);
  expect(asked).toHaveLength(0);
  come('long', 'heavy', 1000);
  come('behind', 'light');
  expect(served.at(-1)).toBe('long');
  expect(turn()).toEqual(['behind']);
});

test('four renewals count as one other call', () => {
  const { served, come, turn } = world();
  for (const name of names(0, 200)) come(name, 'light');
  expect(served).toEqual(names(0, 128));
  expect(turn()).toEqual(names(128, 200));
});

test('in any order of arrival each is served once', () => {
  const { asked, served, come, turn } = world();
  let count = 0;
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < (round * 37) % 90; i++) come(`r${count++}`, i % 3 === 0 ? 'light' : 'heavy');
    turn();
  }
  while (asked.length > 0) turn();
  expect(served).toEqual(names(0, count));
});
