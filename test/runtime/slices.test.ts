// Work in slices: who is served in which turn.

import { expect, test } from 'vitest';
import { Slices } from '../../src/runtime/slices.ts';

function sliced(pieces: Record<string, number>, piecesMax?: number) {
  const turns: (() => void)[] = [];
  const done: string[] = [];
  const left = new Map(Object.entries(pieces));
  const slices = new Slices<string>(
    (task) => {
      done.push(task);
      left.set(task, (left.get(task) as number) - 1);
      return (left.get(task) as number) > 0;
    },
    (turn) => void turns.push(turn),
    piecesMax,
  );
  for (const task of left.keys()) slices.add(task);
  return { slices, turns, done };
}

test('tasks take turns; one that has more to do goes to the end of the line', () => {
  const { turns, done } = sliced({ a: 3, b: 1, c: 2 }, 2);
  expect([turns.length, done]).toEqual([1, []]);
  const byTurn: string[] = [];
  for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
    const before = done.length;
    turn();
    byTurn.push(done.slice(before).join(''));
  }
  expect(byTurn).toEqual(['ab', 'ca', 'ca']);
});

test('what is taken back is not done', () => {
  const { slices, turns, done } = sliced({ a: 1, b: 1 });
  expect(slices.takeAll()).toEqual(['a', 'b']);
  slices.add('a');
  for (const turn of turns.splice(0)) turn();
  expect([done, turns]).toEqual([['a'], []]);
});
