// A DNS thread's postings, applied in order and in small turns: between two turns the sockets are read, so that a storm
// of changes makes the queries between them wait for a turn and not for the storm.

import type { MessagePort } from 'node:worker_threads';
import type { ThreadMessage } from './thread-message.ts';

/** A posting takes about a millisecond where it is full. */
const turnMs = 2;

export class Inbox {
  readonly #apply: (posting: ThreadMessage) => void;
  #waiting: ThreadMessage[] = [];
  #isScheduled = false;

  constructor(port: MessagePort, apply: (posting: ThreadMessage) => void) {
    this.#apply = apply;
    port.on('message', (posting: ThreadMessage) => {
      this.#waiting.push(posting);
      this.#schedule();
    });
  }

  /** Postings wait for their turn. */
  get isBusy(): boolean {
    return this.#isScheduled;
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
