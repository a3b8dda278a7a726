// A wrong clock is reported once, and again when it was right in between.

import { expect, test } from 'vitest';
import { ClockWatch } from '../../../src/cluster/nodes/clock-watch.ts';

test('a clock that differs by more than five seconds is reported until it is right', () => {
  const reported: object[] = [];
  const watch = new ClockWatch((_level, facts) => void reported.push(facts));
  const look = (skewMs: number): void =>
    watch.look([
      { node: 'n2', skewMs },
      { node: 'n3', skewMs: 5000 },
    ]);
  for (const skewMs of [5000, -5001, -9000, 0, 7400]) look(skewMs);
  expect(reported).toEqual([
    { node: 'n2', skewSeconds: -5 },
    { node: 'n2', skewSeconds: 7 },
  ]);
});
