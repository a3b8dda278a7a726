// Tombstones go by themselves after a day. They share etcd leases: one an hour, and a new one after ten thousand keys,
// since etcd blocks while it ends a lease that has many.

import type { Clock } from '../../runtime/clock.ts';
import type { Engine, Fault } from '../engine.ts';
import { isFault } from '../engine.ts';

const ttlSeconds = 25 * 3600;
const bucketMs = 3_600_000;
const keysMax = 10_000;

export class TombstoneLeases {
  readonly #engine: Pick<Engine, 'expiry'>;
  readonly #clock: Clock;
  #bucket: { readonly lease: bigint; readonly sinceMs: number; keys: number } | undefined;
  #granting: Promise<{ readonly lease: bigint } | Fault> | undefined;

  constructor(engine: Pick<Engine, 'expiry'>, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** For one more tombstone. */
  async next(): Promise<{ readonly lease: bigint } | Fault> {
    for (;;) {
      const bucket = this.#bucket;
      if (bucket !== undefined && bucket.keys < keysMax && this.#clock.monotonicMs() - bucket.sinceMs < bucketMs) {
        bucket.keys++;
        return bucket;
      }
      this.#granting ??= this.#engine.expiry(ttlSeconds);
      const granted = await this.#granting;
      this.#granting = undefined;
      if (isFault(granted)) return granted;
      if (this.#bucket?.lease !== granted.lease)
        this.#bucket = { lease: granted.lease, sinceMs: this.#clock.monotonicMs(), keys: 0 };
    }
  }

  /** Another etcd knows none of them. */
  forget(): void {
    this.#bucket = undefined;
  }
}
