// Who is answered when: connections that have whole messages waiting take turns, a few messages each, and a turn of the
// event loop answers only so many in all. So a client that sends thousands of queries at once, or a hundred that do,
// hold up neither each other nor the datagrams that arrive meanwhile (RFC 7766 §6.2.1.1 asks for no less).

/** Answers at most `limit` messages. Returns how many, and whether more can be answered now. */
export type TurnTaker = (limit: number) => { readonly answered: number; readonly hasMore: boolean };

/** About two milliseconds of large answers. */
const answersPerTurn = 128;
const answersPerConnection = 16;

export class TcpTurns {
  /** In the order of their turns. */
  readonly #waiting = new Set<TurnTaker>();
  #isScheduled = false;

  /** A turn of the loop is to come. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Puts a connection at the end of the line, if it does not stand in it. */
  add(taker: TurnTaker): void {
    this.#waiting.add(taker);
    this.#schedule();
  }

  delete(taker: TurnTaker): void {
    this.#waiting.delete(taker);
  }

  /** Answers all that is waiting, however long it takes: before closing. */
  finish(): void {
    while (this.#waiting.size > 0) this.#turn();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.size === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#turn();
      this.#schedule();
    });
  }

  #turn(): void {
    let left = answersPerTurn;
    for (const taker of this.#waiting) {
      this.#waiting.delete(taker);
      const { answered, hasMore } = taker(answersPerConnection);
      // Behind those that wait already.
      if (hasMore) this.#waiting.add(taker);
      left -= answered;
      if (left <= 0) return;
    }
  }
}
