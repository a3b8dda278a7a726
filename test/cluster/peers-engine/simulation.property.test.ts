// A simulated cluster without etcd under faults: no instance that renews at a node that is not cut off is evicted, each that falls
// silent is, what was cancelled stays away, and afterwards all nodes have the same, each instance with one owner.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { intervalMs, leaseMs, type PeersFault, PeersSimulation } from '../../kit/cluster/peers-simulation.ts';

const faultMs = 50_000;
/** After the last fault: a dead node is found out, its orphans' leases and grace run out, and what was asked is answered. */
const settleMs = 3 * leaseMs + 3 * intervalMs + 10_000;

interface Run {
  readonly seed: number;
  readonly nodes: number;
  readonly isSprayed: boolean;
  readonly lossRate: number;
  readonly faults: readonly PeersFault[];
}

function runs(kinds: readonly PeersFault['kind'][], lossRate: number): fc.Arbitrary<Run> {
  const fault = fc.record({
    kind: fc.constantFrom(...kinds),
    node: fc.nat(4),
    atMs: fc.integer({ min: 1000, max: faultMs - 25_000 }),
    forMs: fc.integer({ min: 200, max: 20_000 }),
  });
  return fc.record({
    seed: fc.nat(),
    nodes: fc.integer({ min: 3, max: 5 }),
    isSprayed: fc.boolean(),
    lossRate: fc.constant(lossRate),
    faults: fc.array(fault, { minLength: 1, maxLength: 3 }),
  });
}

function run({ seed, nodes, isSprayed, lossRate, faults }: Run): PeersSimulation {
  const world = new PeersSimulation({ seed, nodes, instances: 7, isSprayed, lossRate });
  for (const one of faults) world.inject(one);
  world.runUntil(8000);
  for (const key of world.keys.slice(0, 2)) world.silent.add(key);
  world.runUntil(16_000);
  for (const [index, key] of world.keys.slice(2, 4).entries()) world.cancel(key, index + seed);
  world.runUntil(faultMs);
  world.calm();
  world.runUntil(faultMs + settleMs);
  return world;
}

function expectSettled(world: PeersSimulation): void {
  const [first, ...rest] = world.nodes.map(({ stored }) => stored.shared());
  for (const one of rest) expect(one).toEqual(first);
  const living = world.keys.filter((key) => !world.silent.has(key));
  const present = Object.keys(first ?? {}).filter((path) => path.startsWith('i/'));
  expect(present).toEqual(living.toSorted());
  for (const key of living)
    for (const { name, ownership, stored } of world.nodes) {
      const owner = stored.record(key)?.o;
      expect([name, key, ownership.ownerOf(key)]).toEqual([name, key, owner]);
      expect([name, key, ownership.stateOf(key)]).toEqual([name, key, name === owner ? 'own' : 'remote']);
    }
}

describe('in a cluster of three to five without etcd', () => {
  test.each<[string, readonly PeersFault['kind'][], number]>([
    ['with late and lost messages', ['pause'], 0.1],
    ['with pairs that are cut', ['cut'], 0],
    ['with nodes that are cut off', ['isolate'], 0],
    ['with nodes that pause', ['pause'], 0],
    ['with nodes that crash', ['crash'], 0],
    ['with all of these', ['cut', 'isolate', 'pause', 'crash'], 0.02],
  ])('%s', (_name, kinds, lossRate) => {
    fc.assert(
      fc.property(runs(kinds, lossRate), (one) => {
        const world = run(one);
        expect(world.violations).toEqual([]);
        expectSettled(world);
      }),
      { numRuns: 6, seed: Number(process.env['OWNERSHIP_SEED'] ?? 19) },
    );
  });

  test('renewals at any node move no instance', () => {
    const world = run({ seed: 1, nodes: 3, isSprayed: true, lossRate: 0, faults: [] });
    for (const [index, key] of world.keys.entries())
      if (!world.silent.has(key)) expect(world.nodes[0]?.stored.record(key)?.o).toBe(`n${index % 3}`);
  });
});
