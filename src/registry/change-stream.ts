// Where changes leave the registry: it holds the revision, and calls each listener in the order of adding, before the write
// returns. Every write checks first that no listener is running: a change within a change would reach listeners in two
// orders.

import { strict as assert } from 'node:assert';
import type { Change, ChangeListener } from '../model/change.ts';

export class ChangeStream {
  readonly #listeners: ChangeListener[] = [];
  #revision: number;
  #isEmitting = false;

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
    assert(!this.#isEmitting, 'a change listener must not write to the registry');
  }

  /** Takes the next revision. */
  next(): number {
    return ++this.#revision;
  }

  /** A change has brought its number with it. */
  take(revision: number): void {
    this.#revision = revision;
  }

  /** Precondition: the change has the revision that was taken last. */
  emit(change: Change): void {
    this.#isEmitting = true;
    try {
      for (const listener of this.#listeners) listener(change);
    } finally {
      this.#isEmitting = false;
    }
  }
}
