// Who may declare a node dead where no store ends sessions: never one node by itself.

import { describe, expect, test } from 'vitest';
import { DeathWatch, type OtherNode } from '../../../src/cluster/peers-engine/death-watch.ts';

const ceilingMs = 3_600_000;
const nowMs = 10_000_000;

function others(...heardMsAgo: readonly number[]): OtherNode[] {
  return heardMsAgo.map((ago, index) => ({ node: `n${index + 2}`, heardMs: nowMs - ago, isDead: false }));
}

describe('a node among its peers', () => {
  test.each<[string, readonly number[], boolean]>([
    ['alone from the start', [], false],
    ['hearing both of two others', [500, 900], false],
    ['hearing one of two', [500, 9000], false],
    ['hearing none of two', [5000, 9000], true],
    ['not hearing the only other one', [5000], true],
    ['hearing one of three', [500, 9000, 9000], true],
    ['hearing two of three', [500, 500, 9000], false],
    ['hearing two of four', [500, 500, 9000, 9000], false],
  ])('%s', (_name, ago, isCut) => {
    expect(new DeathWatch(ceilingMs).look(nowMs, others(...ago)).isCut).toBe(isCut);
  });

  test('counts as not cut until so many of the others as it needs have been silent', () => {
    const { provenUntilMs } = new DeathWatch(ceilingMs).look(nowMs, others(500, 1500, 9000));
    expect(provenUntilMs).toBe(nowMs - 1500 + 3000);
  });

  test('counts an address where no node was ever reached as one that is not heard', () => {
    const never: OtherNode = { node: undefined, heardMs: Number.NEGATIVE_INFINITY, isDead: false };
    const outlook = new DeathWatch(ceilingMs).look(nowMs, [never, never]);
    expect([outlook.isCut, outlook.ask, outlook.expired]).toEqual([true, [], []]);
  });
});

describe('one that is silent', () => {
  test('is asked about once, and dead when no peer that answers has heard it', () => {
    const watch = new DeathWatch(ceilingMs);
    expect(watch.look(nowMs, others(500, 2900)).ask).toEqual([]);
    expect(watch.look(nowMs, others(500, 3000)).ask).toEqual(['n3']);
    expect(watch.look(nowMs + 100, others(500, 3100)).ask).toEqual([]);
    expect(watch.answered('n3', [false], false, nowMs + 200)).toBe(true);
  });

  test('lives while one peer hears it, and is asked about again a second later', () => {
    const watch = new DeathWatch(ceilingMs);
    watch.look(nowMs, others(500, 500, 3000));
    expect(watch.answered('n4', [false, true], false, nowMs + 200)).toBe(false);
    expect(watch.look(nowMs + 1100, others(500, 500, 4100)).ask).toEqual([]);
    expect(watch.look(nowMs + 1200, others(500, 500, 4200)).ask).toEqual(['n4']);
  });

  test('lives while no peer answers', () => {
    const watch = new DeathWatch(ceilingMs);
    watch.look(nowMs, others(500, 3000));
    expect(watch.answered('n3', [], false, nowMs + 500)).toBe(false);
  });

  test('lives when it was heard before the answers came, and when this node is cut off by then', () => {
    const watch = new DeathWatch(ceilingMs);
    watch.look(nowMs, others(500, 3000));
    watch.look(nowMs + 100, others(500, 100));
    expect(watch.answered('n3', [false], false, nowMs + 200)).toBe(false);
    watch.look(nowMs, others(500, 3000));
    expect(watch.answered('n3', [false], true, nowMs + 200)).toBe(false);
  });

  test('is not asked about by a node that is cut off', () => {
    expect(new DeathWatch(ceilingMs).look(nowMs, others(5000, 9000)).ask).toEqual([]);
  });

  test('is dead after the ceiling where it is the only other one, and not where there are more', () => {
    const watch = new DeathWatch(ceilingMs);
    // It starts: it cannot have heard it before.
    expect(watch.look(nowMs - ceilingMs, others(Number.POSITIVE_INFINITY)).expired).toEqual([]);
    expect(watch.look(nowMs, others(ceilingMs - 1)).expired).toEqual([]);
    expect(watch.look(nowMs, others(ceilingMs)).expired).toEqual(['n2']);
    expect(watch.look(nowMs, others(ceilingMs, ceilingMs)).expired).toEqual([]);
  });
});
