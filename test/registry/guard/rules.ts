// The two rules that are compared: rollcall's own registry, and the classic one (Eureka, bilibili's discovery) as it is
// described everywhere: once a minute none is evicted if fewer than 85 % of the expected renewals came in the last
// minute, two a minute being expected of each; otherwise at most 15 % of the registry a run, drawn by lot; each that
// is silent for an hour goes in any case; expectations are counted anew every quarter of an hour.

import { parseRegistration, type Registration } from '../../../src/model/instance.ts';
import type { InstanceKey } from '../../../src/model/names.ts';
import { FakeClock } from '../../kit/process/clock.ts';
import { CommandedRegistry } from '../../kit/registry/commanded-registry.ts';

export interface Rule {
  register(key: InstanceKey, leaseSeconds: number): void;
  /** False: it is not there. */
  renew(key: InstanceKey): boolean;
  cancel(key: InstanceKey): void;
  /** It takes no traffic any more. */
  drain(key: InstanceKey): void;
  /** A second passes; returns who was evicted in it. */
  second(): InstanceKey[];
  readonly isHolding: boolean;
}

export const textOf = ({ env, appid, instance }: InstanceKey): string => `${env}/${appid}/${instance}`;

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class OwnRule implements Rule {
  readonly clock = new FakeClock();
  readonly registry: CommandedRegistry;
  readonly #evicted: InstanceKey[] = [];

  constructor(random: () => number) {
    const defaults = { leaseSeconds: 90, dnsTtl: 5 };
    const limits = { instancesMax: 1_000_000, instancesPerAppMax: 1_000_000, initialRevision: 0 };
    this.registry = new CommandedRegistry({ clock: this.clock, origin: 'svc.', defaults, ...limits, random });
    this.registry.onChange((change) => {
      if (change.kind === 'evicted') this.#evicted.push(change.before);
    });
  }

  register(key: InstanceKey, leaseSeconds: number): void {
    this.registry.register(key, registrationOf(leaseSeconds));
  }

  renew(key: InstanceKey): boolean {
    return this.registry.renew(key).kind === 'renewed';
  }

  cancel(key: InstanceKey): void {
    this.registry.cancel(key);
  }

  drain(key: InstanceKey): void {
    this.registry.drain(key);
  }

  second(): InstanceKey[] {
    this.clock.advance(1000);
    this.registry.evictExpired(Number.POSITIVE_INFINITY);
    return this.#evicted.splice(0);
  }

  get isHolding(): boolean {
    return this.registry.guard.status(0).isHolding;
  }
}

export class ClassicRule implements Rule {
  readonly #random: () => number;
  readonly #members = new Map<string, { readonly key: InstanceKey; readonly leaseSeconds: number; heard: number }>();
  #now = 0;
  #expected = 0;
  #seen = 0;
  #seenLastMinute = Number.POSITIVE_INFINITY;
  isHolding = false;

  constructor(random: () => number) {
    this.#random = random;
  }

  register(key: InstanceKey, leaseSeconds: number): void {
    if (!this.#members.has(textOf(key))) this.#expected += 2;
    this.#members.set(textOf(key), { key, leaseSeconds, heard: this.#now });
  }

  renew(key: InstanceKey): boolean {
    const member = this.#members.get(textOf(key));
    if (member === undefined) return false;
    member.heard = this.#now;
    this.#seen++;
    return true;
  }

  cancel(key: InstanceKey): void {
    if (this.#members.delete(textOf(key))) this.#expected -= 2;
  }

  /** Every registered instance is expected to renew. */
  drain(): void {}

  second(): InstanceKey[] {
    this.#now++;
    if (this.#now % 900 === 0) this.#expected = 2 * this.#members.size;
    if (this.#now % 60 !== 0) return [];
    this.#seenLastMinute = this.#seen;
    this.#seen = 0;
    this.isHolding = this.#seenLastMinute < 0.85 * this.#expected;
    const { size } = this.#members;
    const limit = size - Math.trunc(0.85 * size);
    const due = [...this.#members.values()].filter(({ heard, leaseSeconds }) => {
      const silent = this.#now - heard;
      return silent > (this.isHolding ? 3600 : leaseSeconds);
    });
    const evicted: InstanceKey[] = [];
    while (due.length > 0 && evicted.length < limit) {
      const [one] = due.splice(Math.floor(this.#random() * due.length), 1);
      if (one !== undefined) evicted.push(one.key);
    }
    for (const key of evicted) this.cancel(key);
    return evicted;
  }
}

const registrations = new Map<number, Registration>();

function registrationOf(leaseSeconds: number): Registration {
  let registration = registrations.get(leaseSeconds);
  if (registration === undefined) {
    const parsed = parseRegistration({ addrs: ['http://10.0.0.1:80'], leaseSeconds }, { leaseSeconds, dnsTtl: 5 });
    if (Array.isArray(parsed)) throw new Error(JSON.stringify(parsed));
    registration = parsed;
    registrations.set(leaseSeconds, registration);
  }
  return registration;
}
