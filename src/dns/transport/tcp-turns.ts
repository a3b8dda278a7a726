// The order in which streams are answered: connections that have whole messages waiting take turns, a few messages each,
// and a turn of the event loop ends when its time is spent. So a client that sends thousands of queries at once, or a
// hundred that do, hold up neither each other nor the datagrams that arrive meanwhile (RFC 7766 §6.2.1.1).
// A connection with one message, where no other waits, is answered as it is read, within the same bound: to stop reading, to
// wait for a turn and to read on would take four calls of the system.

import { TurnBudget } from './turn-budget.ts';

/** Answers at most `limit` messages, one at least, and no more once the budget is spent. True: more can be answered now. */
export type TurnTaker = (limit: number, budget: { readonly isSpent: boolean }) => boolean;

const answersPerConnection = 16;

export class TcpTurns {
  /** In the order of their turns. */
  readonly #waiting = new Set<TurnTaker>();
  readonly #budget: TurnBudget;
  readonly #ownBudget: TurnBudget;
  #isScheduled = false;
  /** Some were answered as they were read, in this round of the loop. */
  #isAnswering = false;

  /** `ownBudget`: for what is answered as it is read. */
  constructor(budget = new TurnBudget(), ownBudget = new TurnBudget()) {
    this.#budget = budget;
    this.#ownBudget = ownBudget;
  }

  /** A turn of the loop is to come. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Whether a message may be answered at once, out of turn. */
  takesAtOnce(): boolean {
    if (this.#waiting.size > 0) return false;
    if (this.#isAnswering) return !this.#ownBudget.isSpent;
    this.#isAnswering = true;
    this.#ownBudget.begin();
    setImmediate(() => {
      this.#isAnswering = false;
    });
    return true;
  }

  /** Puts a connection at the end of the queue, if it is not in it. */
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
    this.#budget.begin();
    for (const taker of this.#waiting) {
      this.#waiting.delete(taker);
      // After those that wait already.
      if (taker(answersPerConnection, this.#budget)) this.#waiting.add(taker);
      if (this.#budget.isSpent) return;
    }
  }
}
