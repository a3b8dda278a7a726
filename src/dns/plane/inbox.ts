// A DNS thread's messages, applied in order and in small turns: between two turns the sockets are read, so that a storm
// of changes makes the queries between them wait for a turn and not for the storm. What takes longer than a turn comes in
// pieces: a message costs more than ten changes do, so many are posted at once.

import type { MessagePort } from 'node:worker_threads';
import type { ThreadMessage } from './thread-message.ts';
import { piecesOf } from './update.ts';

/** A piece takes about a millisecond where it is full. */
const turnMs = 2;

export class Inbox {
  readonly #apply: (message: ThreadMessage) => void;
  #waiting: ThreadMessage[] = [];
  #isScheduled = false;

  constructor(port: MessagePort, apply: (message: ThreadMessage) => void) {
    this.#apply = apply;
    port.on('message', (message: ThreadMessage) => {
      if (message.kind === 'updates') this.#waiting.push(...piecesOfMessage(message));
      else this.#waiting.push(message);
      this.#schedule();
    });
  }

  /** Messages wait for their turn. */
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
    for (const message of this.#waiting) {
      this.#apply(message);
      applied++;
      if (performance.now() >= untilMs) break;
    }
    this.#waiting = this.#waiting.slice(applied);
  }
}

/** All have been applied with the last one; with each before it, what came before the message. */
function piecesOfMessage(message: Extract<ThreadMessage, { readonly kind: 'updates' }>): ThreadMessage[] {
  const pieces = [...piecesOf(message)];
  return pieces.map((piece, index) => {
    const isLast = index === pieces.length - 1;
    return {
      ...message,
      ...piece,
      pages: index === 0 ? message.pages : [],
      sequence: message.sequence - (isLast ? 0 : 1),
    };
  });
}
