// A few requests a turn of the event loop, the others in the order in which they came, in turns of their own. Without it
// one turn serves whatever a thousand sockets have brought, a tenth of a second long, and DNS, which has a single socket
// among them, is not looked at before the end. What waits has its headers read and little else done. By time as well as by
// number: the list of a large app takes a thousand times as long as a renewal.
// Limits: a turn is over its time by one request at most; who waits is counted as in flight, which overload.ts limits.

import type { FastifyReply, FastifyRequest } from 'fastify';

/** Some milliseconds; by far most turns have fewer. */
const workPerTurnMax = 128;
/** As long as a turn of usual work: thirty lists of ten thousand instances would be more than a second. */
const turnMsMax = 5;
/** A renewal takes some 30 µs, a registration or a list five times as long. */
const workOf = { light: 1, heavy: 4 } as const;

interface Waiting {
  readonly done: () => void;
  readonly work: number;
}

export class LoopTurns {
  readonly #nextTurn: (callback: () => void) => void;
  readonly #nowMs: () => number;
  /** Those from `#at` on wait. */
  #queue: Waiting[] = [];
  #at = 0;
  /** The work of this turn so far; while a connection waits, all that there may be. */
  #work = 0;
  #isTurnAsked = false;
  #startedMs = 0;

  /** `nextTurn` runs its argument once whatever the sockets have brought was looked at: `setImmediate`. */
  constructor(nextTurn: (callback: () => void) => void = setImmediate, nowMs = () => performance.now()) {
    this.#nextTurn = nextTurn;
    this.#nowMs = nowMs;
  }

  /** For a route's `onRequest`: goes on at once, or when it is the request's turn. */
  readonly light = (_request: FastifyRequest, _reply: FastifyReply, done: () => void): void =>
    this.#enter(done, workOf.light);

  readonly heavy = (_request: FastifyRequest, _reply: FastifyReply, done: () => void): void =>
    this.#enter(done, workOf.heavy);

  /** For light work outside of the routes: false where it is not its turn, and there is nothing to wait for it. */
  takeLight(): boolean {
    return this.#take(workOf.light);
  }

  #enter(done: () => void, work: number): void {
    if (this.#take(work)) done();
    else this.#queue.push({ done, work });
  }

  #take(work: number): boolean {
    if (!this.#isTurnAsked) {
      this.#isTurnAsked = true;
      this.#startedMs = this.#nowMs();
      this.#nextTurn(this.#turn);
    }
    if (this.#work >= workPerTurnMax || this.#isTimeOver()) return false;
    this.#work += work;
    return true;
  }

  #isTimeOver(): boolean {
    return this.#nowMs() - this.#startedMs >= turnMsMax;
  }

  readonly #turn = (): void => {
    this.#isTurnAsked = this.#at < this.#queue.length;
    this.#work = 0;
    if (!this.#isTurnAsked) return;
    // Asked for first: a request that fails keeps no other from its turn.
    this.#nextTurn(this.#turn);
    this.#startedMs = this.#nowMs();
    // Who comes meanwhile is behind those that wait.
    this.#work = workPerTurnMax;
    let work = 0;
    do {
      const { done, work: own } = this.#queue[this.#at++] as Waiting;
      work += own;
      done();
    } while (this.#at < this.#queue.length && work < workPerTurnMax && !this.#isTimeOver());
    if (this.#at < this.#queue.length) return;
    this.#queue = [];
    this.#at = 0;
    this.#work = work;
  };
}
