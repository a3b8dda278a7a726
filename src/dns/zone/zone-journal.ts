// The differences between versions of one zone, oldest first, each from one serial to another (RFC 1995): what a secondary
// that has an earlier version needs to have this one. Live names add a difference a change, a reloaded file one a reload.
// Limits: `recordsMax` records in all differences; the oldest go first, and a secondary that is older takes the whole zone.

import type { ZoneRecord } from './zone.ts';

export interface ZoneDifference {
  readonly fromSerial: number;
  readonly toSerial: number;
  /** In the order in which they are to be applied: what is removed first. */
  readonly removed: readonly ZoneRecord[];
  readonly added: readonly ZoneRecord[];
}

export class ZoneJournal {
  readonly #recordsMax: number;
  #differences: ZoneDifference[] = [];
  #records = 0;

  constructor(recordsMax: number) {
    this.#recordsMax = recordsMax;
  }

  /** A difference that does not begin where the last one ended leaves a gap: what was before it is of no use. */
  add(difference: ZoneDifference): void {
    const last = this.#differences.at(-1);
    if (last !== undefined && last.toSerial !== difference.fromSerial) this.#keep([]);
    this.#differences.push(difference);
    this.#records += recordsOf(difference);
    let gone = 0;
    for (let left = this.#records; left > this.#recordsMax && gone < this.#differences.length; gone++)
      left -= recordsOf(this.#differences[gone] as ZoneDifference);
    if (gone > 0) this.#keep(this.#differences.slice(gone));
  }

  /** The differences from `serial` on; undefined: it is not known here, or too old. None: it is the latest. */
  since(serial: number): readonly ZoneDifference[] | undefined {
    if (this.#differences.at(-1)?.toSerial === serial) return [];
    const first = this.#differences.findIndex(({ fromSerial }) => fromSerial === serial);
    return first < 0 ? undefined : this.#differences.slice(first);
  }

  #keep(differences: ZoneDifference[]): void {
    this.#differences = differences;
    this.#records = differences.reduce((sum, one) => sum + recordsOf(one), 0);
  }
}

function recordsOf({ removed, added }: ZoneDifference): number {
  return removed.length + added.length;
}
