// How many requests are in flight: come in and not answered yet. Those that wait by design (long polls, drains, streams)
// are parked: they have limits of their own, and ten thousand of them are no work.

import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

export class InFlight {
  readonly #parked: () => number;
  #open = 0;
  #onIdle = (): void => {};

  /** `parked`: how many wait by design now. */
  constructor(parked: () => number) {
    this.#parked = parked;
  }

  /** Not answered yet, and not parked. */
  get busy(): number {
    return this.#open - this.#parked();
  }

  /** A request has come in. One listener for all: this is on the path of every renewal. */
  enter(response: ServerResponse): void {
    this.#open++;
    // Not onResponse: that hook is not called for a client that has gone.
    response.on('close', this.#closed);
  }

  /** Settles when nothing is in flight, parked or not; to be asked for once. */
  async idle(): Promise<void> {
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  readonly #closed = (): void => {
    this.#open--;
    if (this.#open === 0) this.#onIdle();
  };
}

/** Adds the count in front of everything else. */
export function countInFlight(app: FastifyInstance, parked: () => number): InFlight {
  const inFlight = new InFlight(parked);
  app.addHook('onRequest', (_request, reply, done) => {
    inFlight.enter(reply.raw);
    done();
  });
  return inFlight;
}
