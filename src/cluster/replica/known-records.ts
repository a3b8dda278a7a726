// What of each record in etcd the registry does not hold, by its key; how many each node owns; and the tombstones of a day.
// Limits: one entry an instance beside the registry's own; `gravesMax` tombstones, of which the oldest go.

import type { RecordUnknown } from '../records/record.ts';
import type { Tombstone } from '../records/tombstone.ts';

export interface Known {
  readonly owner: string;
  readonly modRevision: number;
  /** Of its last data change. */
  readonly number: number;
  readonly operation: string;
  readonly hlc: number;
  readonly isDirtyGiven: boolean;
  readonly unknown: RecordUnknown;
}

const gravesMax = 100_000;
const graveMs = 24 * 3_600_000;

export class KnownRecords {
  readonly #known = new Map<string, Known>();
  readonly #owned = new Map<string, number>();
  readonly #graves = new Map<string, Tombstone>();

  get size(): number {
    return this.#known.size;
  }

  get(path: string): Known | undefined {
    return this.#known.get(path);
  }

  entries(): MapIterator<[string, Known]> {
    return this.#known.entries();
  }

  ownedBy(node: string): number {
    return this.#owned.get(node) ?? 0;
  }

  set(path: string, known: Known): void {
    const owner = this.#known.get(path)?.owner;
    this.#known.set(path, known);
    if (owner !== known.owner) {
      this.#count(owner, -1);
      this.#count(known.owner, 1);
    }
    if (this.#graves.size > 0) this.#graves.delete(path);
  }

  delete(path: string, tombstone: Tombstone | undefined): void {
    this.#count(this.#known.get(path)?.owner, -1);
    this.#known.delete(path);
    if (tombstone !== undefined) this.bury(path, tombstone);
  }

  bury(path: string, tombstone: Tombstone): void {
    this.#graves.delete(path);
    this.#graves.set(path, tombstone);
    const [oldest] = this.#graves.keys();
    if (this.#graves.size > gravesMax && oldest !== undefined) this.#graves.delete(oldest);
  }

  /** Those of the last day, by the key of their instance. */
  *graves(wallMs: number): Generator<readonly [path: string, tombstone: Tombstone]> {
    for (const [path, tombstone] of this.#graves)
      if (wallMs - tombstone.hlc < graveMs) yield [path, tombstone];
      else this.#graves.delete(path);
  }

  #count(node: string | undefined, by: number): void {
    if (node === undefined) return;
    const count = this.ownedBy(node) + by;
    if (count === 0) this.#owned.delete(node);
    else this.#owned.set(node, count);
  }
}
