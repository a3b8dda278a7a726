// What watchers may hear: a change is told once DNS shows it, or whoever hears of it and asks DNS would find what was
// before. One wait at a time for all watchers: while DNS catches up with some changes, those that follow gather, and go
// on together. To watchers the registry stands where they have been told of, `revision`: snapshots and the log end there.
// Limits: `heldMax` changes; if DNS hangs for longer than those last, watchers hear of them before it shows them.

import type { Shown } from '../../control/visible.ts';
import type { Change } from '../../model/change.ts';

/** Half a second of the fastest storm, with a DNS side that is usually behind by a millisecond. */
const heldMax = 10_000;

export interface VisibleChangesDeps {
  readonly registry: { readonly revision: number };
  /** Undefined: DNS is never behind. */
  readonly shown: Shown | undefined;
  /** Called in the order of the changes. */
  readonly tell: (change: Change) => void;
}

export class VisibleChanges {
  readonly #deps: VisibleChangesDeps;
  #held: Change[] = [];
  #told = 0;
  #isBehind = false;
  #waiting: (() => void)[] = [];

  constructor(deps: VisibleChangesDeps) {
    this.#deps = deps;
  }

  /** All changes up to this one have been told. */
  get revision(): number {
    return this.#isBehind ? this.#told : this.#deps.registry.revision;
  }

  /** Calls `callback` once `revision` has moved on. Only where it is below the registry's. */
  later(callback: () => void): void {
    this.#waiting.push(callback);
  }

  /** A change listener, behind the one that tells DNS. */
  changed(change: Change): void {
    if (!this.#isBehind) {
      const soon = this.#deps.shown?.();
      if (soon === undefined) {
        this.#deps.tell(change);
        return;
      }
      this.#isBehind = true;
      this.#told = change.revision - 1;
      void this.#follow(soon);
    }
    this.#held.push(change);
    if (this.#held.length >= heldMax) this.#release(change.revision);
  }

  async #follow(firstWait: Promise<void>): Promise<void> {
    let soon: Promise<void> | undefined = firstWait;
    while (soon !== undefined) {
      const upTo = this.#deps.registry.revision;
      await soon;
      this.#release(upTo);
      // Asked for what came meanwhile alone: a DNS side without threads has nothing to wait for, however often it is asked.
      soon = this.#held.length === 0 ? undefined : this.#deps.shown?.();
    }
    this.#isBehind = false;
    this.#release(this.#deps.registry.revision);
  }

  #release(upTo: number): void {
    const later = this.#held.findIndex(({ revision }) => revision > upTo);
    const changes = this.#held.splice(0, later < 0 ? this.#held.length : later);
    this.#told = Math.max(this.#told, upTo);
    for (const change of changes) this.#deps.tell(change);
    for (const callback of this.#waiting.splice(0)) callback();
  }
}
