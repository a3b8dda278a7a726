// Fleets over hours: what the guard makes of each story, and that docs/guard.md has the same table. After a change that is
// meant, `ROLLCALL_WRITE_DOCS=1` in the environment of this test writes the table anew.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Pair, results, tableOf } from './table.ts';

const path = join(import.meta.dirname, '..', '..', '..', 'docs', 'guard.md');
const [begin, end] = ['<!-- simulated: begin -->\n', '\n<!-- simulated: end -->'];
const pairs = results();
const own = (start: string): Pair['own'] => {
  const found = pairs.find((pair) => pair.own.story.startsWith(start));
  if (found === undefined) throw new Error(`no story begins with ${start}`);
  return found.own;
};

test('docs/guard.md has the table that the simulator makes', () => {
  const document = readFileSync(path, 'utf8');
  const [from, to] = [document.indexOf(begin) + begin.length, document.indexOf(end)];
  const table = tableOf(pairs);
  if (process.env['ROLLCALL_WRITE_DOCS'] !== undefined)
    writeFileSync(path, document.slice(0, from) + table + document.slice(to));
  else expect(document.slice(from, to)).toBe(table);
});

describe('the guard', () => {
  test.each([1, 3, 6])('is not begun by a single crash in a registry of %d', (size) => {
    expect(own(`one crash in a registry of ${size}`)).toMatchObject({ died: 1, holds: [] });
  });

  test.each([
    'one crash',
    'an app of 6 loses',
    '1000 in 50 apps, one crash',
    '1000 in 50 apps, 1 %',
    'rolling restart of 100 in 1000, one in 10 s, killed',
    'an app of 10 is replaced',
    'an app of 10 shrinks',
  ])('lets single losses go when their lease ends: %s', (story) => {
    const { evictedAfter, died, wronged, holds } = own(story);
    expect(holds).toEqual([]);
    expect([evictedAfter.length, wronged]).toEqual([died, 0]);
    expect(Math.max(...evictedAfter)).toBeLessThanOrEqual(90);
  });

  test.each([
    ['1000 cut off for 10 min', 1],
    ['a third of 1000 cut off', 1],
    ['1000 with a lease of 5 s', 1],
    ['one app of 20 in 1000 cut off', 1],
    ['1000 with slow heartbeats (80 s of 90 s) cut off', 0.85],
  ])('keeps the living who cannot be heard: %s', (story, share) => {
    const { lowestShare, holds } = own(story);
    expect(lowestShare).toBeGreaterThanOrEqual(share);
    expect(holds).toEqual([[expect.any(Number), expect.any(Number)]]);
  });

  test('gives up an hour after the leases ended', () => {
    const { evictedAfter, died } = own('400 of 1000 die at once');
    expect(evictedAfter.length).toBe(died);
    expect(Math.max(...evictedAfter)).toBeLessThanOrEqual(90 + 3600);
    expect(Math.min(...evictedAfter)).toBeGreaterThan(3600);
  });

  test('ends a hold for those who died meanwhile one heartbeat after the others are back', () => {
    const { evictedAfter, holds } = own('100 of 1000 die while all are cut off');
    const released = holds[0]?.[1] ?? Number.NaN;
    // They died at second 600 of the story.
    expect(Math.max(...evictedAfter)).toBeLessThanOrEqual(released - 600 + 46);
  });
});
