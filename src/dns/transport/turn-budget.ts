// How long one turn of a transport may answer before it yields to other work of the thread: other sockets, changes of the
// registry, timers. A budget of time, not of messages, since a message may cost a microsecond or twenty milliseconds.

/** About a thousand answers from the cache; a client of another socket waits no longer than this and one answer. */
const turnMs = 2;

export class TurnBudget {
  readonly #nowMs: () => number;
  #endMs = 0;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  begin(): void {
    this.#endMs = this.#nowMs() + turnMs;
  }

  get isSpent(): boolean {
    return this.#nowMs() >= this.#endMs;
  }
}
