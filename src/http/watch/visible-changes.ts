// What watchers may get: a change goes out once DNS shows it, or a watcher that asks DNS would find what was before. One
// wait at a time for all watchers: while DNS catches up with some changes, those that follow gather, and go on together.
// For watchers the registry is at `revision`, the last change that went out: snapshots and the log end there.
// Limits: `heldMax` changes; if DNS hangs for longer than those last, watchers get them before it shows them.

import type { Visible } from '../../control/visible.ts';
import type { Change } from '../../model/change.ts';

/** Half a second of the fastest storm, with a DNS side that is usually behind by a millisecond. */
const heldMax = 10_000;

export interface VisibleChangesDeps {
  readonly view: { readonly revision: number };
  /** Undefined: DNS is never behind. */
  readonly visible: Visible | undefined;
  /** Called in the order of the changes. */
  readonly emit: (change: Change) => void;
}

export class VisibleChanges {
  readonly #deps: VisibleChangesDeps;
  #held: Change[] = [];
  #emittedTo = 0;
  #isBehind = false;
  #waiting: (() => void)[] = [];

  constructor(deps: VisibleChangesDeps) {
    this.#deps = deps;
  }

  /** All changes up to this one have gone out. */
  get revision(): number {
    return this.#isBehind ? this.#emittedTo : this.#deps.view.revision;
  }

  /** Calls `callback` once `revision` has moved on. Only where it is below the registry's. */
  later(callback: () => void): void {
    this.#waiting.push(callback);
  }

  /** A change subscriber, after the one that updates DNS. */
  changed(change: Change): void {
    if (!this.#isBehind) {
      const soon = this.#deps.visible?.();
      if (soon === undefined) {
        this.#deps.emit(change);
        return;
      }
      this.#isBehind = true;
      this.#emittedTo = change.revision - 1;
      void this.#follow(soon);
    }
    this.#held.push(change);
    if (this.#held.length >= heldMax) this.#release(change.revision);
  }

  async #follow(firstWait: Promise<void>): Promise<void> {
    let soon: Promise<void> | undefined = firstWait;
    while (soon !== undefined) {
      const upTo = this.#deps.view.revision;
      await soon;
      this.#release(upTo);
      // Asked for what came meanwhile alone: a DNS side without threads has nothing to wait for, however often it is asked.
      soon = this.#held.length === 0 ? undefined : this.#deps.visible?.();
    }
    this.#isBehind = false;
    this.#release(this.#deps.view.revision);
  }

  #release(upTo: number): void {
    const later = this.#held.findIndex(({ revision }) => revision > upTo);
    const changes = this.#held.splice(0, later < 0 ? this.#held.length : later);
    this.#emittedTo = Math.max(this.#emittedTo, upTo);
    for (const change of changes) this.#deps.emit(change);
    for (const callback of this.#waiting.splice(0)) callback();
  }
}
