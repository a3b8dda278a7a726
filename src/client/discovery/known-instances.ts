// The instances of one app, from the events of its watch. A snapshot takes effect when it is complete (`synced`): until
// then the last good state holds, as it does while the registry cannot be reached.
// A registry that comes back with less than half of what was known has lost its state rather than its instances (it keeps
// none, or is another one): those that it misses are kept until each had time to register again, half a lease; renewals
// come at a third of it. A smaller loss is believed, and so is every single change.
// Pure: events and the time come in, and whether the list has changed comes out.

import type { JsonObject } from '../registry/problem-document.ts';
import { type Instance, instanceOf } from './instance.ts';

export class KnownInstances {
  /** By instance id. */
  #known = new Map<string, Instance>();
  /** Known instances that the registry misses, and until when they are kept. */
  readonly #keptUntilMs = new Map<string, number>();
  /** A snapshot that is not complete yet. */
  #next: Map<string, Instance> | undefined;
  #list: readonly Instance[] = [];

  /** In the order of their registration. */
  get list(): readonly Instance[] {
    return this.#list;
  }

  /** When the next of those that are kept expires; undefined: none is kept. */
  get nextExpiryMs(): number | undefined {
    return this.#keptUntilMs.size === 0 ? undefined : Math.min(...this.#keptUntilMs.values());
  }

  /** Applies one event; true: the list has changed. */
  apply(event: string, data: JsonObject, nowMs: number): boolean {
    if (event === 'gap') this.#next = new Map();
    else if (event === 'snapshot') this.#next = snapshotOf(data);
    else if (event === 'synced') return this.#next !== undefined && this.#settle(this.#next, nowMs);
    else if (typeof data['matches'] === 'boolean' && typeof data['instance'] === 'string') {
      return this.#change(data['instance'], data['matches'] ? instanceOf(data['after']) : undefined);
    }
    return false;
  }

  /** The stream is down: an incomplete snapshot will be sent again. */
  markDisconnected(): void {
    this.#next = undefined;
  }

  /** Removes those that were kept long enough; true: the list has changed. */
  expire(nowMs: number): boolean {
    let hasExpired = false;
    for (const [id, untilMs] of this.#keptUntilMs) {
      if (untilMs > nowMs) continue;
      this.#keptUntilMs.delete(id);
      this.#known.delete(id);
      hasExpired = true;
    }
    if (hasExpired) this.#list = [...this.#known.values()];
    return hasExpired;
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

function snapshotOf({ instances }: JsonObject): Map<string, Instance> {
  const read = Array.isArray(instances) ? instances.map(instanceOf) : [];
  return new Map(read.flatMap((one) => (one === undefined ? [] : [[one.instance, one] as const])));
}
