// One timer, set to the earliest lease deadline. Renewals do not touch it; it then wakes a little early, finds nothing due
// and is set again. Evictions go in slices, yielding to other work, so that a mass expiry holds nothing up. Where more leases
// end than a slice can evict, all of them are decided first, and DNS stops answering with them: that takes a fraction of what
// the evictions do, which follow once DNS shows it and needs the processor no more.

import type { Plane } from '../dns/plane/plane.ts';
import type { InstanceRecord } from '../model/instance-record.ts';
import type { Registry } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';

/** A slice takes some milliseconds. */
const evictionsPerSlice = 500;
const looksPerSlice = 2000;
/** Between looks at leases while DNS takes out those that have ended. */
const lookEveryMs = 20;

export class LeaseTimer {
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #dns: Pick<Plane, 'endLeases' | 'applied'>;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  /** Settles when DNS shows all that was reported to it; undefined: it does. */
  #showing: Promise<void> | undefined;
  #stopped = false;

  /** `dns` shows no lease that has ended, though its instance is evicted later. */
  constructor(registry: Registry, clock: Clock, dns: Pick<Plane, 'endLeases' | 'applied'>) {
    this.#registry = registry;
    this.#clock = clock;
    this.#dns = dns;
  }

  /** To be called after every change: a new lease may end before all others. */
  arm(): void {
    const nextMs = this.#registry.nextDeadlineMs();
    if (this.#stopped || nextMs === undefined || nextMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = nextMs;
    // Timers of Node may fire up to a millisecond early.
    this.#timer = setTimeout(() => this.#act(), Math.max(1, Math.ceil(nextMs - this.#clock.monotonicMs())));
    this.#timer.unref();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #act(): void {
    if (this.#stopped) return;
    // While this runs, changes need not arm: it ends by arming for what is left.
    this.#dueMs = Number.NEGATIVE_INFINITY;
    const registry = this.#registry;
    const ended = registry.endLeases(looksPerSlice);
    if (ended.length > 0 && registry.endedCount > evictionsPerSlice) this.#show(ended);
    const isDecided = !registry.hasDueLeases;
    if (this.#showing !== undefined && isDecided) {
      this.#timer = setTimeout(() => this.#act(), lookEveryMs);
      this.#timer.unref();
      return;
    }
    if (isDecided) registry.evictExpired(evictionsPerSlice);
    const nextMs = registry.nextDeadlineMs();
    if (nextMs !== undefined && nextMs <= this.#clock.monotonicMs()) {
      setImmediate(() => this.#act());
      return;
    }
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.arm();
  }

  #show(ended: readonly InstanceRecord[]): void {
    this.#dns.endLeases(ended, this.#registry.touch());
    const showing = this.#dns.applied().then(() => {
      if (this.#showing === showing) this.#showing = undefined;
    });
    this.#showing = showing;
  }
}
