// Those who wait until the registry has everything up to a revision of etcd's.

export class AppliedWaits {
  #applied = 0;
  readonly #waiting: { readonly revision: number; readonly settle: () => void }[] = [];

  get applied(): number {
    return this.#applied;
  }

  /** Calls `settle` in the turn in which it is reached. The reply ends the wait. */
  when(revision: number, settle: () => void): () => void {
    if (revision <= this.#applied) {
      settle();
      return () => {};
    }
    const entry = { revision, settle };
    this.#waiting.push(entry);
    return () => {
      const at = this.#waiting.indexOf(entry);
      if (at >= 0) this.#waiting.splice(at, 1);
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
    const due = this.#waiting.filter((one) => one.revision <= this.#applied);
    for (const one of due) this.#waiting.splice(this.#waiting.indexOf(one), 1);
    for (const { settle } of due) settle();
  }

  /** Another history of etcd's counts anew. */
  restart(revision: number): void {
    this.#applied = revision;
    this.reach(revision);
  }
}
