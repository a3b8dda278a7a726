// What a change writes: a label that is an instance's id is claimed by the record itself, another one by a key of its own,
// and neither is given twice, whichever comes first.

import { describe, expect, test } from 'vitest';
import type { Swap } from '../../../src/cluster/engine.ts';
import { parseRecord } from '../../../src/cluster/records/record.ts';
import { OwnRecords } from '../../../src/cluster/replica/own-records.ts';
import { swapOf } from '../../../src/cluster/writes/swap-plan.ts';
import type { Actor, NewChange } from '../../../src/model/change.ts';
import { parseRegistration } from '../../../src/model/instance.ts';
import { Registry } from '../../../src/registry/registry.ts';

const prefix = '/rollcall/main/';
const by: Actor = { kind: 'anonymous', front: 'api', address: '10.0.0.9' };
const now = { monotonicMs: 1000, wallMs: 1_700_000_000_000 };
const defaults = { leaseSeconds: 90, dnsTtl: 5 };

/** A node, and the keys that etcd has. */
class World {
  readonly registry = new Registry({
    clock: { monotonicMs: () => now.monotonicMs, wallMs: () => now.wallMs },
    ...{ origin: 'svc.', defaults, initialRevision: 0, instancesMax: 100, instancesPerAppMax: 100 },
  });
  readonly keys = new Set<string>();
  readonly own = new OwnRecords();

  /** Applied here at once; the swap is what it would have sent. */
  register(instance: string): Swap {
    const registration = parseRegistration({ addrs: ['http://10.0.0.1:80'] }, defaults);
    if (Array.isArray(registration)) throw new Error(registration[0]?.message);
    const key = { env: 'prod', appid: 'pay', instance };
    return this.#made(this.registry.decide({ kind: 'register', key, registration }, by, now));
  }

  cancel(instance: string): Swap {
    const key = { env: 'prod', appid: 'pay', instance };
    return this.#made(this.registry.decide({ kind: 'cancel', key }, by, now));
  }

  #made(decision: { readonly kind: string; readonly changes?: readonly NewChange[] }): Swap {
    const [change] = decision.changes ?? [];
    if (change === undefined) throw new Error(decision.kind);
    this.registry.apply({ changes: [change], revision: this.registry.revision + 1, at: now });
    const stamps = { me: 'n1', prefix, hlc: 1, lease: undefined, made: this.own };
    return swapOf(change, undefined, { operation: 'u1' }, stamps).at(3);
  }

  /** Whether etcd would do it, and then it has. */
  swap({ conditions, writes }: Swap): boolean {
    const isHeld = conditions.every(({ is, key }) => is !== 'absent' || !this.keys.has(key));
    if (!isHeld) return false;
    for (const { key, value } of writes)
      if (value === undefined) this.keys.delete(key);
      else this.keys.add(key);
    return true;
  }
}

const keysOf = ({ writes }: Swap) => writes.map(({ key }) => key.slice(prefix.length));

describe('a label', () => {
  test('that is the id, in whichever case, needs no key of its own', () => {
    expect(keysOf(new World().register('a1'))).toEqual(['i/prod/pay/a1']);
    expect(keysOf(new World().register('A1'))).toEqual(['i/prod/pay/a1']);
  });

  test('that is not the id has one, and leaves with its instance', () => {
    const world = new World();
    expect(keysOf(world.register('a.1'))).toEqual(['i/prod/pay/a.1', 'l/prod/pay/a-1']);
    expect(keysOf(world.cancel('a.1'))).toContain('l/prod/pay/a-1');
  });

  test.each([
    ['the id first', 'a-1', 'a.1'],
    ['the other first', 'a.1', 'a-1'],
    ['neither is the id', 'a.1', 'a:1'],
  ])('is given once by two nodes that have not seen each other: %s', (_name, first, second) => {
    const [one, other] = [new World(), new World()];
    expect(one.swap(one.register(first))).toBe(true);
    expect(one.swap(other.register(second))).toBe(false);
  });

  test('that was lost is another one when it is decided anew, and that is free', () => {
    const world = new World();
    expect(world.swap(world.register('a.1'))).toBe(true);
    expect(world.swap(world.register('a-1'))).toBe(true);
    expect(world.keys.has(`${prefix}l/prod/pay/a-1`)).toBe(true);
    // Free as a label, but the id of another instance.
    expect(world.swap(world.cancel('a.1'))).toBe(true);
    expect(world.swap(world.register('a:1'))).toBe(true);
  });
});

describe('a record that this node has sent', () => {
  test('is known by its octets when the watch brings it, as it would have been read', () => {
    const world = new World();
    const [write] = world.register('a1').writes;
    if (write?.value === undefined) throw new Error('no record');
    const read = parseRecord(write.value);
    // Fields without a value are as those that are not there.
    const known = JSON.parse(JSON.stringify(world.own.take(write.key, write.value)));
    expect(known).toEqual(JSON.parse(JSON.stringify(read)));
    expect(known.place).toBe(3);
    expect(world.own.take(write.key, write.value)).toBeUndefined();
  });

  test('is not taken for another one at its key', () => {
    const world = new World();
    const [write] = world.register('a1').writes;
    expect(world.own.take(write?.key ?? '', new TextEncoder().encode('{}'))).toBeUndefined();
  });
});
