// Where changes leave the registry: it has their numbers, and tells each listener in the order of adding, before the write
// returns. Whoever writes asks first whether that may be: a change within a change would leave listeners with two
// orders of events.

import { strict as assert } from 'node:assert';
import type { Change, ChangeListener } from '../model/change.ts';

export class ChangeStream {
  readonly #listeners: ChangeListener[] = [];
  #revision: number;
  #isTelling = false;

  constructor(initialRevision: number) {
    this.#revision = initialRevision;
  }

  /** That of the latest change. */
  get revision(): number {
    return this.#revision;
  }

  add(listener: ChangeListener): void {
    this.#listeners.push(listener);
  }

  /** To be called before anything is touched. */
  expectNoListener(): void {
    assert(!this.#isTelling, 'a change listener must not write to the registry');
  }

  /** Takes the next revision. */
  next(): number {
    return ++this.#revision;
  }

  /** Precondition: the change has the revision that was taken last. */
  tell(change: Change): void {
    this.#isTelling = true;
    try {
      for (const listener of this.#listeners) listener(change);
    } finally {
      this.#isTelling = false;
    }
  }
}
