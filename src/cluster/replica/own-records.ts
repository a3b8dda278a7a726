// Records that this node has written, until the watch brings them back: the same octets need no second reading, which is a
// sixth of what a registration costs the node that takes it.
// Limits: `keptMax`; the oldest go, and are read like those of others. One that was never committed goes so, too.

import type { ClusterRecord } from '../records/record.ts';

const keptMax = 1000;

interface Made {
  readonly value: Uint8Array;
  readonly record: ClusterRecord;
}

export class OwnRecords {
  readonly #made = new Map<string, Made>();

  /** To be called with what is sent: a key that is sent again, as after a lost swap, has a new value. */
  note(key: string, value: Uint8Array, record: ClusterRecord): void {
    this.#made.delete(key);
    this.#made.set(key, { value, record });
    if (this.#made.size <= keptMax) return;
    const [oldest] = this.#made.keys();
    if (oldest !== undefined) this.#made.delete(oldest);
  }

  /** Undefined: it is not this node's, or not the last that it sent. */
  take(key: string, value: Uint8Array): ClusterRecord | undefined {
    const made = this.#made.get(key);
    if (made === undefined) return undefined;
    this.#made.delete(key);
    return Buffer.compare(made.value, value) === 0 ? made.record : undefined;
  }
}
