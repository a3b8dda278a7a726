// What becomes of writes that nodes made while they could not hear each other, once they do: the same at all of them,
// whichever hears which first.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Override, prefix, StoreNode } from '../../kit/cluster/shared-stores.ts';

const path = 'i/prod/orders/o1';
const hold: Override = { status: 'down', by: 'anna', until: 'unbounded' };
const drain: Override = { status: 'draining', by: 'anna', until: 'next-up' };

function two(): readonly [StoreNode, StoreNode] {
  const [a, b] = [new StoreNode('a'), new StoreNode('b')];
  a.register(path, 'http://10.0.0.1:80');
  b.hear(a);
  return [a, b];
}

function heal(...nodes: readonly StoreNode[]): void {
  for (const one of [...nodes, ...nodes]) for (const other of nodes) if (one !== other) one.hear(other);
}

function later(...nodes: readonly StoreNode[]): void {
  for (const node of nodes) node.wallMs += 1000;
}

describe('after two nodes were cut off from each other', () => {
  test('a drain at one and a new address at the other both count', () => {
    const [a, b] = two();
    later(a, b);
    a.override(path, drain);
    b.change(path, () => ({ r: { addrs: ['http://10.0.0.2:80'] } }));
    heal(a, b);
    for (const node of [a, b])
      expect(node.record(path)).toMatchObject({ r: { addrs: ['http://10.0.0.2:80'] }, s: { override: drain } });
  });

  test('of two registrations the one with the later writer’s time counts, whichever was accepted later', () => {
    const [a, b] = two();
    a.wallMs += 5000;
    a.register(path, 'http://10.0.0.2:80', 2_000_000);
    b.wallMs += 9000;
    b.register(path, 'http://10.0.0.3:80', 1_500_000);
    heal(a, b);
    for (const node of [a, b])
      expect(node.record(path)).toMatchObject({ o: 'a', r: { addrs: ['http://10.0.0.2:80'] } });
  });

  test('what was cancelled stays away, though the other node has changed it since', () => {
    const [a, b] = two();
    later(a, b);
    a.remove(path, 'cancelled');
    later(b);
    later(b);
    b.override(path, drain);
    b.takeOver(path);
    heal(a, b);
    for (const node of [a, b]) expect(node.record(path)).toBeUndefined();
  });

  test('what was registered after it was cancelled elsewhere is there', () => {
    const [a, b] = two();
    later(a);
    a.remove(path, 'cancelled');
    later(b);
    later(b);
    b.register(path, 'http://10.0.0.2:80');
    heal(a, b);
    for (const node of [a, b]) expect(node.record(path)).toMatchObject({ o: 'b' });
  });

  test('a take-over counts against an eviction by a node that did not know of it', () => {
    const [a, b] = two();
    later(a, b);
    b.takeOver(path);
    later(a);
    later(a);
    a.remove(path, 'evicted');
    heal(a, b);
    for (const node of [a, b]) expect(node.record(path)).toMatchObject({ o: 'b' });
  });

  test('what is heard here stays when another node lets it go, and is this node’s from then on', () => {
    const [a, b] = two();
    b.heard.add(path);
    a.remove(path, 'evicted');
    b.hear(a);
    expect(b.record(path)).toMatchObject({ o: 'b' });
    expect(b.groups.flatMap(({ events }) => events).some(({ kind }) => kind === 'delete')).toBe(false);
    heal(a, b);
    expect(a.record(path)).toMatchObject({ o: 'b' });
  });

  test('a cancellation counts though it is heard', () => {
    const [a, b] = two();
    b.heard.add(path);
    a.remove(path, 'cancelled');
    heal(a, b);
    for (const node of [a, b]) expect(node.record(path)).toBeUndefined();
  });

  test('a hold outlives a registration that did not know of it, and its instance', () => {
    const [a, b] = two();
    later(a, b);
    a.override(path, hold);
    later(b);
    b.register(path, 'http://10.0.0.2:80');
    heal(a, b);
    for (const node of [a, b]) expect(node.record(path)).toMatchObject({ o: 'b', s: { override: hold } });
    b.remove(path, 'cancelled');
    heal(a, b);
    a.register(path, 'http://10.0.0.3:80');
    expect(a.record(path)?.s.override).toEqual(hold);
  });

  test('a hold of an instance that is gone is lifted at all nodes', () => {
    const [a, b] = two();
    a.override(path, hold);
    a.remove(path, 'cancelled');
    heal(a, b);
    b.releaseHold(path);
    heal(a, b);
    a.register(path, 'http://10.0.0.3:80');
    expect(a.record(path)?.s.override).toBeUndefined();
  });

  test('a hold that is set before there is an instance is there at all nodes, and removes none', () => {
    const [a, b] = two();
    const other = 'i/prod/orders/o2';
    a.keepHold(other, hold);
    a.keepHold(path, hold);
    heal(a, b);
    expect(b.record(path)).toBeDefined();
    b.register(other, 'http://10.0.0.2:80');
    heal(a, b);
    for (const node of [a, b]) expect(node.record(other)?.s.override).toEqual(hold);
  });

  test('of two instances that got one label the first keeps it, and the label of the other is the same everywhere', () => {
    const [a, b] = [new StoreNode('a'), new StoreNode('b')];
    a.register('i/prod/orders/x:1', 'http://10.0.0.1:80', 1_000_000, 'x-1');
    later(b);
    b.register('i/prod/orders/x.1', 'http://10.0.0.2:80', 1_001_000, 'x-1');
    heal(a, b);
    const labels = [a, b].map((node) => ['x:1', 'x.1'].map((id) => node.record(`i/prod/orders/${id}`)?.l));
    expect(labels[0]).toEqual(labels[1]);
    expect(labels[0]?.[0]).toBe('x-1');
    expect(labels[0]?.[1]).not.toBe('x-1');
  });
});

describe('a node’s own store', () => {
  test('gives a change of owner no number of its own, and every other change one', () => {
    const [a, b] = two();
    const numberOf = (): unknown => b.record(path)?.['d'] ?? b.store.textOf(path)?.revision;
    const before = numberOf();
    a.takeOver(path);
    b.hear(a);
    expect(numberOf()).toBe(before);
    a.change(path, () => ({ r: { addrs: ['http://10.0.0.9:80'] } }));
    b.hear(a);
    expect(numberOf()).not.toBe(before);
  });

  test('gives what has changed after a revision, each instance once, and nothing for what it had already', () => {
    const [a, b] = two();
    const from = a.store.revision;
    expect(a.store.changedAfter(from)).toEqual([]);
    a.register('i/prod/orders/o2', 'http://10.0.0.2:80');
    a.override(path, drain);
    a.override(path, undefined);
    expect(a.store.changedAfter(from)).toEqual(['i/prod/orders/o2', path]);
    b.hear(a);
    const seen = b.store.revision;
    b.hear(a);
    expect(b.store.revision).toBe(seen);
  });

  test('refuses a swap whose condition does not hold, and one that needs a session while it has none', () => {
    const [a] = two();
    const at = { key: prefix + path, is: 'at', modRevision: 1 } as const;
    const leased = { key: `${prefix}n/a`, is: 'leased', lease: 1n } as const;
    const swapOf = (condition: typeof at | typeof leased) => ({
      ...{ conditions: [condition], writes: [{ key: prefix + path }], reads: [prefix + path] },
      isOwn: () => false,
    });
    a.hasSession = false;
    const { verdicts } = a.store.swap({ swaps: [swapOf(at), swapOf(leased)], puts: [] });
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['lost', 'lost']);
    expect(a.record(path)).toBeDefined();
  });

  test('gives each change of a group a revision of its own, and no place there', () => {
    const [a] = two();
    const [from, events] = [a.store.revision, a.store.changedAfter(a.store.revision)];
    const paths = ['i/prod/orders/g1', 'i/prod/orders/g2'];
    const record = (place: number) => new TextEncoder().encode(JSON.stringify({ ...a.record(path), x: place }));
    const swaps = paths.map((one, place) => ({
      ...{ conditions: [], writes: [{ key: prefix + one, value: record(place) }], reads: [] },
      isOwn: () => false,
    }));
    const serial = { key: `${prefix}s`, value: new TextEncoder().encode('{"o":"a","x":1}') };
    const { revision } = a.store.swap({ swaps, puts: [serial] });
    expect([events, a.store.changedAfter(from), revision]).toEqual([[], paths, from + 2]);
    expect(paths.map((one) => a.store.textOf(one)?.revision)).toEqual([from + 1, from + 2]);
    for (const one of paths) expect(a.record(one)).not.toHaveProperty('x');
    expect(a.store.textOf('s')?.text).toBe('a');
  });

  test('loses tombstones of a day, and none that keeps a hold', () => {
    const [a] = two();
    const held = 'i/prod/orders/held';
    a.register(held, 'http://10.0.0.2:80');
    a.override(held, hold);
    for (const one of [path, held]) a.remove(one, 'cancelled');
    a.wallMs += 25 * 3_600_000;
    a.store.expire();
    expect(a.store.textOf('g/prod/orders/o1')).toBeUndefined();
    expect(a.store.textOf('g/prod/orders/held')).toBeDefined();
  });

  test('is as it was when it is loaded again', () => {
    const [a, b] = two();
    a.register('i/prod/orders/o2', 'http://10.0.0.2:80');
    a.remove(path, 'cancelled');
    const again = new StoreNode('a');
    again.store.load(a.store.entries());
    expect(again.shared()).toEqual(a.shared());
    b.hear(again);
    expect(b.record(path)).toBeUndefined();
  });
});

const steps = fc.record({
  node: fc.nat(2),
  other: fc.nat(2),
  instance: fc.nat(1),
  waitMs: fc.nat(3),
  kind: fc.constantFrom(
    ...(['register', 'patch', 'drain', 'hold', 'up', 'verdict', 'take-over', 'evict', 'cancel'] as const),
    ...(['keep', 'release', 'hear', 'hear', 'hear', 'is-heard'] as const),
  ),
});

test('whatever was written where, and whatever was heard in between, all nodes have the same in the end', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60 }), (all) => {
      const nodes = ['a', 'b', 'c'].map((name) => new StoreNode(name));
      for (const { node: index, other, instance, waitMs, kind } of all) {
        const node = nodes[index] as StoreNode;
        const key = `i/prod/orders/o${instance}`;
        node.wallMs += waitMs;
        const at = `http://10.0.${index}.${node.store.revision % 250}:80`;
        if (kind === 'register') node.register(key, at);
        else if (kind === 'patch') node.change(key, () => ({ r: { addrs: [at] } }));
        else if (kind === 'verdict') node.change(key, () => ({ h: { verdict: 'critical', reason: at } }));
        else if (kind === 'take-over') node.takeOver(key);
        else if (kind === 'evict') node.remove(key, 'evicted');
        else if (kind === 'cancel') node.remove(key, 'cancelled');
        else if (kind === 'keep') node.keepHold(key, hold);
        else if (kind === 'release') node.releaseHold(key);
        else if (kind === 'hear') node.hear(nodes[other] as StoreNode, key);
        else if (kind === 'is-heard') node.heard.add(key);
        else node.override(key, { drain, hold, up: undefined }[kind]);
      }
      for (const node of nodes) node.heard.clear();
      heal(...nodes);
      heal(...nodes);
      const [first, ...rest] = nodes.map((node) => node.shared());
      for (const one of rest) expect(one).toEqual(first);
    }),
    { numRuns: 300, seed: Number(process.env['MERGE_SEED'] ?? 19) },
  );
});
