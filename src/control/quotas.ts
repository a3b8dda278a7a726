// How many instances the credentials of one entry have registered, where the entry limits that (`instancesMax`). An instance
// belongs to the entry that has registered or renewed it last. Kept in memory: after a restart the count is right
// once the instances have renewed, and in a cluster each node counts what came in through it.
// Limit: of entries with an `instancesMax` alone, and of each no more than that many, but for what it had before.

import type { InstanceRecord } from '../model/instance-record.ts';
import { type InstanceKey, instanceKey } from '../model/names.ts';
import type { Principal, Quota } from '../model/principal.ts';
import type { Clock } from '../runtime/clock.ts';

/** How often instances that have gone are looked for, in an entry that is full. */
const sweptEveryMs = 1000;

interface Entry {
  readonly keys: Map<string, InstanceKey>;
  sweptAtMs: number;
}

export class Quotas {
  readonly #find: (key: InstanceKey) => InstanceRecord | undefined;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #entryOf = new Map<string, string>();

  constructor(find: (key: InstanceKey) => InstanceRecord | undefined, clock: Clock) {
    this.#find = find;
    this.#clock = clock;
  }

  /** The quota that an instance would exceed; undefined: there is room. */
  exceededBy(principal: Principal, key: InstanceKey): Quota | undefined {
    const { quota } = principal;
    if (quota === undefined) return undefined;
    const entry = this.#entries.get(quota.entry) ?? { keys: new Map(), sweptAtMs: Number.NEGATIVE_INFINITY };
    if (entry.keys.has(textOf(key)) || entry.keys.size < quota.instancesMax) return undefined;
    this.#sweep(entry);
    return entry.keys.size < quota.instancesMax ? undefined : quota;
  }

  /** The instance is registered, or renewed, by this principal. */
  claim({ quota }: Principal, key: InstanceKey): void {
    if (quota === undefined && this.#entryOf.size === 0) return;
    const text = textOf(key);
    const before = this.#entryOf.get(text);
    if (before === quota?.entry) return;
    if (before !== undefined) this.#entries.get(before)?.keys.delete(text);
    this.#entryOf.delete(text);
    if (quota === undefined) return;
    let entry = this.#entries.get(quota.entry);
    if (entry === undefined) {
      entry = { keys: new Map(), sweptAtMs: Number.NEGATIVE_INFINITY };
      this.#entries.set(quota.entry, entry);
    }
    entry.keys.set(text, key);
    this.#entryOf.set(text, quota.entry);
  }

  /** The instance has gone. */
  release(key: InstanceKey): void {
    const text = textOf(key);
    const entry = this.#entryOf.get(text);
    if (entry === undefined) return;
    this.#entries.get(entry)?.keys.delete(text);
    this.#entryOf.delete(text);
  }

  #sweep(entry: Entry): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - entry.sweptAtMs < sweptEveryMs) return;
    entry.sweptAtMs = nowMs;
    for (const [text, key] of entry.keys) {
      if (this.#find(key) !== undefined) continue;
      entry.keys.delete(text);
      this.#entryOf.delete(text);
    }
  }
}

function textOf({ env, appid, instance }: InstanceKey): string {
  return `${env}/${appid}/${instanceKey(instance)}`;
}
