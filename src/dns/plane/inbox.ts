// A DNS thread's postings, applied in order and in small turns: between two turns the sockets are read, so that a storm
// of changes makes the queries between them wait for a turn and not for the storm. A transport that holds the thread
// itself, instead of the event loop, calls `drain` where its own turn ends.

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Posting } from './posting.ts';

/** A posting takes about a millisecond where it is full. */
const turnMs = 2;

export class Inbox {
  readonly #port: MessagePort;
  readonly #apply: (posting: Posting) => void;
  #waiting: Posting[] = [];
  #isScheduled = false;

  constructor(port: MessagePort, apply: (posting: Posting) => void) {
    this.#port = port;
    this.#apply = apply;
    port.on('message', (posting: Posting) => {
      this.#waiting.push(posting);
      this.#schedule();
    });
  }

  /** Applies all that has come, at once. */
  drain(): void {
    this.#turn(Number.POSITIVE_INFINITY);
    for (let next = this.#next(); next !== undefined; next = this.#next()) this.#apply(next);
  }

  #next(): Posting | undefined {
    return receiveMessageOnPort(this.#port)?.message as Posting | undefined;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#turn(performance.now() + turnMs);
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #turn(untilMs: number): void {
    let applied = 0;
    for (const posting of this.#waiting) {
      this.#apply(posting);
      applied++;
      if (performance.now() >= untilMs) break;
    }
    this.#waiting = this.#waiting.slice(applied);
  }
}
