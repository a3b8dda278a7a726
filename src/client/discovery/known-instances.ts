// What is known of one app, from the events of its watch. A snapshot takes effect when it is whole (`synced`): until then
// the last good state stands, and so it does while the registry is away.
// A registry that comes back with less than half of what was known has lost its memory rather than its instances (it
// keeps nothing, or is another one): those that it misses are kept until each had time to register anew, half a lease;
// renewals come at a third of it. A lesser loss is believed, and so is every single change.
// Pure: told events and the time, it says whether the list is another one.

import type { Document } from '../registry/reply.ts';
import { type Instance, instanceOf } from './instance.ts';

export class KnownInstances {
  /** By instance id. */
  #known = new Map<string, Instance>();
  /** Those among the known that the registry does not name, and until when they are kept. */
  readonly #keptUntilMs = new Map<string, number>();
  /** A snapshot that is not whole yet. */
  #next: Map<string, Instance> | undefined;
  #list: readonly Instance[] = [];

  /** In the order in which they came. */
  get list(): readonly Instance[] {
    return this.#list;
  }

  /** When the next of those that are kept is to go; undefined: none is kept. */
  get nextLossMs(): number | undefined {
    return this.#keptUntilMs.size === 0 ? undefined : Math.min(...this.#keptUntilMs.values());
  }

  /** Takes in one event; true: the list is another one. */
  hear(event: string, data: Document, nowMs: number): boolean {
    if (event === 'gap') this.#next = new Map();
    else if (event === 'snapshot') this.#next = snapshotOf(data);
    else if (event === 'synced') return this.#next !== undefined && this.#settle(this.#next, nowMs);
    else if (typeof data['matches'] === 'boolean' && typeof data['instance'] === 'string') {
      return this.#change(data['instance'], data['matches'] ? instanceOf(data['after']) : undefined);
    }
    return false;
  }

  /** A stream that broke off within its snapshot begins with a new one. */
  brokeOff(): void {
    this.#next = undefined;
  }

  /** Lets go of those that were kept long enough; true: the list is another one. */
  loseDue(nowMs: number): boolean {
    let hasLost = false;
    for (const [id, untilMs] of this.#keptUntilMs) {
      if (untilMs > nowMs) continue;
      this.#keptUntilMs.delete(id);
      this.#known.delete(id);
      hasLost = true;
    }
    if (hasLost) this.#list = [...this.#known.values()];
    return hasLost;
  }

  #change(id: string, instance: Instance | undefined): boolean {
    for (const instances of this.#next === undefined ? [this.#known] : [this.#known, this.#next]) {
      if (instance === undefined) instances.delete(id);
      else instances.set(id, instance);
    }
    this.#keptUntilMs.delete(id);
    this.#list = [...this.#known.values()];
    return true;
  }

  #settle(next: Map<string, Instance>, nowMs: number): boolean {
    const known = this.#known;
    this.#next = undefined;
    for (const id of this.#keptUntilMs.keys()) if (next.has(id)) this.#keptUntilMs.delete(id);
    if (next.size * 2 < known.size) {
      for (const [id, instance] of known) {
        if (next.has(id)) continue;
        next.set(id, instance);
        if (!this.#keptUntilMs.has(id)) this.#keptUntilMs.set(id, nowMs + instance.leaseSeconds * 500);
      }
    } else this.#keptUntilMs.clear();
    this.#known = next;
    this.#list = [...next.values()];
    return true;
  }
}

function snapshotOf({ instances }: Document): Map<string, Instance> {
  const read = Array.isArray(instances) ? instances.map(instanceOf) : [];
  return new Map(read.flatMap((one) => (one === undefined ? [] : [[one.instance, one] as const])));
}
