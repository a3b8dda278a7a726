// Those who wait until the registry has everything up to a revision of etcd's. Of a group of writes all wait for the same
// one, so they are kept by revision, of which few are waited for at a time.

export class AppliedWaits {
  #applied = 0;
  readonly #waiting = new Map<number, Set<() => void>>();

  get applied(): number {
    return this.#applied;
  }

  /** Calls `settle` in the turn in which it is reached. The reply ends the wait. */
  when(revision: number, settle: () => void): () => void {
    if (revision <= this.#applied) {
      settle();
      return () => {};
    }
    // Twice the same function is two waits.
    const entry = () => settle();
    const waiting = this.#waiting.get(revision) ?? new Set();
    waiting.add(entry);
    this.#waiting.set(revision, waiting);
    return () => {
      waiting.delete(entry);
      if (waiting.size === 0 && this.#waiting.get(revision) === waiting) this.#waiting.delete(revision);
    };
  }

  /** Settles once it is reached; false: not in time. */
  reached(revision: number, withinMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const leave = this.when(revision, () => resolve(true));
    const timer = setTimeout(() => {
      leave();
      resolve(false);
    }, withinMs);
    return promise.finally(() => clearTimeout(timer));
  }

  reach(revision: number): void {
    this.#applied = Math.max(this.#applied, revision);
    const due = [...this.#waiting.keys()].filter((one) => one <= this.#applied);
    const settles = due.sort((a, b) => a - b).flatMap((one) => [...(this.#waiting.get(one) ?? [])]);
    for (const one of due) this.#waiting.delete(one);
    for (const settle of settles) settle();
  }

  /** Another history of etcd's counts anew. */
  restart(revision: number): void {
    this.#applied = revision;
    this.reach(revision);
  }
}
