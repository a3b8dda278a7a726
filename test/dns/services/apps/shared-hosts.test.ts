// Addresses that instances of a large app share: which answer, in which order of preference and with whose weight, as a walk
// over the instances finds it, whatever has come, gone or changed.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OrderedSlots } from '../../../../src/dns/services/apps/ordered-slots.ts';
import { SharedHosts } from '../../../../src/dns/services/apps/shared-hosts.ts';
import { bit, bitsOf, keyOf } from '../../../../src/dns/services/apps/slot-marks.ts';
import { SlotSet } from '../../../../src/dns/services/apps/slot-set.ts';
import type { Instance } from '../../../../src/model/instance.ts';
import { Harness } from '../../../kit/registry/harness.ts';
import { placed } from '../../../kit/registry/placed.ts';

const step = fc.record({
  slot: fc.nat(40),
  /** Twice the same number: two ports of one host. */
  hosts: fc.array(fc.tuple(fc.nat(30), fc.constantFrom('http', 'https')), { minLength: 1, maxLength: 3 }),
  status: fc.constantFrom('up', 'up', 'waiting'),
  priority: fc.constantFrom(0, 0, 1, 5),
  weight: fc.constantFrom(0, 1, 700),
  isGone: fc.boolean(),
});

/** As it is added: a slot for each instance, kept up with its changes. */
class World {
  readonly order = new OrderedSlots();
  readonly shared = new SharedHosts(4, (slot) => this.order.priorityOf(slot));
  readonly instances = new Map<number, Instance>();

  put(slot: number, instance: Instance | undefined): void {
    const before = this.instances.get(slot);
    if (before !== undefined) {
      this.order.delete(keyOf(before), slot);
      this.shared.delete(slot, before.weight);
    }
    this.instances.delete(slot);
    if (instance === undefined) return;
    this.instances.set(slot, instance);
    this.order.insert(keyOf(instance), slot, bitsOf(instance), instance.weight);
    this.shared.add(slot, instance);
  }

  /** By host: the slots of those that are up, and the most preferred priority. */
  walked(set: SlotSet | undefined, portNames: readonly string[]) {
    const found = new Map<string, { readonly slots: Set<number>; priority: number }>();
    for (const [slot, { status, addrs, priority }] of this.instances) {
      if (status !== 'up' || set?.has(slot) === false) continue;
      for (const { host, portName } of addrs) {
        if (portNames.length > 0 && !portNames.includes(portName)) continue;
        const known = found.get(host) ?? { slots: new Set<number>(), priority };
        known.slots.add(slot);
        known.priority = Math.min(known.priority, priority);
        found.set(host, known);
      }
    }
    return found;
  }
}

function addrsOf(hosts: readonly (readonly [number, string])[]): string[] {
  return [...new Set(hosts.map(([host, portName]) => `${portName}://10.0.0.${host}:8080`))];
}

test('all addresses of those that are up are there, each once, the preferred first', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 120 }), fc.boolean(), (steps, isOfPart) => {
      const world = new World();
      const set = isOfPart ? new SlotSet() : undefined;
      for (const { slot, hosts, isGone, ...rest } of steps)
        world.put(slot, isGone ? undefined : placed(`i${slot}`, { addrs: addrsOf(hosts), ...rest }).instance);
      for (const slot of world.instances.keys()) if (slot % 2 === 0) set?.add(slot);
      const portNames = isOfPart ? ['https'] : [];
      const serving = [...world.instances].filter(([, { addrs }]) =>
        addrs.some(({ portName }) => portName === 'https'),
      );
      const having = SlotSet.of(serving.map(([slot]) => slot));
      const choice = isOfPart
        ? world.shared.chooseOfPart(world.order, { set, want: bit.up, having }, portNames, 0.4)
        : world.shared.chooseOfAll(0.4);
      const walked = world.walked(set, portNames);
      expect(choice.chosen.map(({ host }) => host).sort()).toEqual([...walked.keys()].sort());
      expect(choice.hosts).toBe(walked.size);
      const priorities = choice.chosen.map(({ host }) => walked.get(host)?.priority ?? -1);
      expect(priorities).toEqual([...priorities].sort((a, b) => a - b));
      expect(choice.preferred).toBe(priorities.filter((priority) => priority === priorities[0]).length);
      for (const { host, count, slots } of choice.chosen) {
        expect(new Set(slots(100))).toEqual(walked.get(host)?.slots);
        expect(count).toBe(walked.get(host)?.slots.size);
        expect(slots(1)).toHaveLength(1);
      }
    }),
    { numRuns: 100 },
  );
});

test('an address leads as often as all that have it weigh together', () => {
  const world = new World();
  for (let slot = 0; slot < 60; slot++)
    world.put(slot, placed(`i${slot}`, { addrs: [`http://10.0.0.${slot < 30 ? 1 : slot}:80`], weight: 2 }).instance);
  for (const choice of [
    world.shared.chooseOfAll(0.2),
    world.shared.chooseOfPart(world.order, { set: undefined, want: bit.up, having: undefined }, [], 0.2),
  ]) {
    const turns = choice.firsts.filter((first) => choice.chosen[first]?.host === '10.0.0.1').length;
    expect(Math.abs(turns / choice.firsts.length - 0.5)).toBeLessThan(0.05);
  }
});

describe('an app with very many instances at one address', () => {
  const harness = new Harness();
  for (let i = 0; i < 2000; i++) harness.register(`orders.prod/i${i}`, { addrs: [`http://10.0.0.1:${1024 + i}`] });
  for (let i = 0; i < 99; i++) harness.register(`orders.prod/o${i}`, { addrs: [`http://10.0.1.${i}:80`] });

  test('answers with each address once, and names how many are up', () => {
    expect(new Set(harness.data('orders.prod.svc.', 'A')).size).toBe(100);
    expect(harness.data('_why.orders.prod.svc.', 'TXT').join(' ')).toMatch(/A: 2099 instances of 2099 up"/);
  });

  test('a drain waits for answers with its address, whichever instances were looked at', () => {
    for (const id of ['i0', 'i1999']) {
      harness.data('orders.prod.svc.', 'A');
      harness.patch(`orders.prod/${id}`, { status: 'waiting' });
      const nowMs = harness.clock.monotonicMs();
      const { heldUntilMs } = harness.outstanding.of({ env: 'prod', appid: 'orders', instance: id, dnsTtl: 5 }, nowMs);
      expect(heldUntilMs).toBeGreaterThan(nowMs);
    }
  });
});

describe('instances behind one host name', () => {
  const harness = new Harness();
  for (let i = 0; i < 300; i++)
    harness.register(`orders.prod/i${i}`, { addrs: [`https://edge.example.net:${8000 + (i % 3)}`], weight: i % 7 });

  test('share its records: each is there once, with their weights', () => {
    const found = harness.data('orders.prod.svc.', 'SRV').map((data) => data.split(' '));
    expect(found.map(([, , port]) => port).sort()).toEqual(['8000', '8001', '8002']);
    for (const [, weight] of found) expect(Number(weight)).toBeGreaterThan(20);
    expect(harness.data('orders.prod.svc.', 'HTTPS')).toHaveLength(3);
  });

  test('stay as they are, however often they are asked for', () => {
    const sorted = () => harness.data('orders.prod.svc.', 'SRV').sort();
    const first = sorted();
    for (let i = 0; i < 5; i++) {
      harness.patch('orders.prod/i7', { tags: [`t${i}`] });
      expect(sorted()).toEqual(first);
    }
  });
});
