// Which other nodes count for a node without etcd: those of the settings and those that are heard, until they take their
// leave or are struck off; and of one name one process.

import { describe, expect, test } from 'vitest';
import { NodesTable } from '../../../src/cluster/nodes/nodes-table.ts';
import { LivingPeers, type LivingPeersDeps } from '../../../src/cluster/peers-engine/living-peers.ts';
import type { Slot } from '../../../src/cluster/peers-engine/peer-slots.ts';

const ceilingMs = 3_600_000;
const self = { run: 'r1', url: 'http://10.0.0.2:7172', version: '1', startedAtMs: 0, dns: undefined };

function world(...slots: readonly Partial<Slot>[]) {
  const time = { nowMs: 1_000_000 };
  const table = new NodesTable('n1', 10, true);
  const keys = new Set<string>();
  const buried: string[] = [];
  const words = new Map<string, unknown>();
  const deps: LivingPeersDeps = {
    ...{ me: 'n1', ceilingMs, table: () => table, log: () => {} },
    nowMs: () => time.nowMs,
    slots: () => slots as Slot[],
    hasKey: (node) => keys.has(node),
    ask: async (peer) => words.get(peer),
    bury: (node) => {
      keys.delete(node);
      buried.push(node);
    },
  };
  const living = new LivingPeers(deps);
  const hear = (node: string): void => {
    living.alive(node);
    keys.add(node);
  };
  const count = (): number => living.others().length;
  return { time, table, keys, buried, words, living, hear, count };
}

const slotOf = (node: string | undefined, isSelf = false) => ({
  node,
  url: `http://${node}`,
  isSelf,
  isConfigured: true,
});

describe('the others', () => {
  test('are the addresses of the settings, without its own, and nodes that send hello though no setting names them', () => {
    const { table, time, count } = world(slotOf('n1', true), slotOf('n2'), slotOf(undefined));
    expect(count()).toBe(2);
    const state = table.known('n4', time.nowMs);
    state.hasSentHello = true;
    expect(count()).toBe(3);
  });

  test('are without one that took its leave, until it is heard well after that', () => {
    const { living, hear, count, time } = world(slotOf('n2'));
    hear('n2');
    living.left('n2');
    expect(count()).toBe(0);
    living.alive('n2');
    expect([count(), living.hasLeft('n2')]).toEqual([0, true]);
    time.nowMs += 1500;
    living.alive('n2');
    expect(count()).toBe(1);
  });

  test('are without one that was struck off, until it is heard', () => {
    const { living, hear, count } = world(slotOf('n2'));
    living.strike('n2', 1);
    expect(count()).toBe(0);
    hear('n2');
    living.returned('n2');
    expect(count()).toBe(1);
  });
});

describe('a name', () => {
  test('belongs to the process that is heard, as long as it is', () => {
    const { living, time } = world();
    expect(living.hello({ node: 'n2', self })).toBe(true);
    expect(living.hello({ node: 'n2', self: { ...self, run: 'r2' } })).toBe(false);
    expect(living.holderOf('n2', 'r2')).toEqual(self);
    time.nowMs += 3000;
    expect(living.hello({ node: 'n2', self: { ...self, run: 'r2' } })).toBe(true);
    expect(living.hello({ node: 'n2', self })).toBe(false);
  });

  test('is free at once when its node took its leave', () => {
    const { living } = world();
    living.hello({ node: 'n2', self });
    living.left('n2');
    expect(living.holderOf('n2', 'r2')).toBeUndefined();
  });
});

describe('a node that is silent', () => {
  async function silent(word: unknown) {
    const all = world(slotOf('n2'), slotOf('n3'));
    all.hear('n2');
    all.hear('n3');
    all.time.nowMs += 3000;
    all.hear('n2');
    all.words.set('n2', word);
    all.living.look(true);
    await new Promise((resolve) => setImmediate(resolve));
    return all;
  }

  test('is dead when the peer that answers has not heard it either', async () => {
    expect((await silent({ node: 'n3' })).buried).toEqual(['n3']);
    expect((await silent({ node: 'n3', heardMsAgo: 3000 })).buried).toEqual(['n3']);
  });

  test('lives when that peer hears it, or none answers', async () => {
    expect((await silent({ node: 'n3', heardMsAgo: 900 })).buried).toEqual([]);
    expect((await silent(undefined)).buried).toEqual([]);
  });

  test('is dead after the ceiling where there is no third, and this node is joined from then on', () => {
    const { living, hear, time, buried } = world(slotOf('n2'));
    hear('n2');
    living.look(true);
    expect([living.isCut, buried]).toEqual([false, []]);
    time.nowMs += ceilingMs - 1;
    living.look(true);
    expect([living.isCut, buried]).toEqual([true, []]);
    time.nowMs += 1;
    living.look(true);
    living.look(true);
    expect([living.isCut, buried]).toEqual([false, ['n2']]);
  });
});

describe('what another node has struck off', () => {
  test('is struck off here too, once, and named to the others', () => {
    const { living } = world(slotOf('n2'), slotOf('n3'));
    const fresh = living.newStrikes([['n3', 500]]);
    expect(fresh).toEqual([['n3', 500]]);
    living.strike('n3', 500);
    expect([living.newStrikes([['n3', 500]]), living.strikes]).toEqual([[], [['n3', 500]]]);
    expect(living.newStrikes([['n3', 501]])).toEqual([['n3', 501]]);
  });

  test('is nothing here while it is heard here, and not later either', () => {
    const { living, hear, time } = world(slotOf('n2'), slotOf('n3'));
    hear('n3');
    expect(living.newStrikes([['n3', 500]])).toEqual([]);
    time.nowMs += 10_000;
    expect(living.newStrikes([['n3', 500]])).toEqual([]);
  });

  test('is never this node itself', () => {
    expect(world().living.newStrikes([['n1', 500]])).toEqual([]);
  });

  test('is named no more once it is back', () => {
    const { living } = world(slotOf('n2'));
    living.strike('n2', 1);
    living.returned('n2');
    expect(living.strikes).toEqual([]);
  });
});

describe('whether a peer hears a node', () => {
  test('is what those report that answer', async () => {
    const { living, hear, words } = world(slotOf('n2'), slotOf('n3'));
    hear('n2');
    expect(await living.isHeardElsewhere('n3')).toBe(false);
    words.set('n2', { node: 'n3', heardMsAgo: 500 });
    expect(await living.isHeardElsewhere('n3')).toBe(true);
    words.set('n2', { node: 'n3', heardMsAgo: 60_000 });
    expect(await living.isHeardElsewhere('n3')).toBe(false);
  });
});
