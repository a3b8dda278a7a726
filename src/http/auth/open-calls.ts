// Calls that are still answered when the credentials behind them come to their end: a watch, a long poll. When a token
// expires, or the token file no longer has it, or has it with other rights, their connections are closed; the client comes
// back and is judged anew. A write is never cut: one that waits afterwards (a drain) adds its wait itself, and answers.
// Looked at when credentials change, and once a second while calls are open, by principal and not by call.

import type { FastifyInstance } from 'fastify';
import type { Principal } from '../../model/principal.ts';
import type { Credentials } from './credentials.ts';

const everyMs = 1000;

export class OpenCalls {
  readonly #wallMs: () => number;
  readonly #ends = new Map<Principal, Set<() => void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  /** `end` is called when the principal is over; the result takes it back. */
  add(principal: Principal, end: () => void): () => void {
    const ends = this.#ends.get(principal) ?? new Set();
    ends.add(end);
    this.#ends.set(principal, ends);
    this.#timer ??= setInterval(() => this.sweep(), everyMs).unref();
    return () => {
      ends.delete(end);
      if (ends.size > 0 || this.#ends.get(principal) !== ends) return;
      this.#ends.delete(principal);
      if (this.#ends.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Ends what is open in the name of principals that are over. */
  sweep(): void {
    const wallMs = this.#wallMs();
    for (const [principal, ends] of this.#ends) {
      if (principal.isOver(wallMs)) for (const end of [...ends]) end();
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Follows all reads, after the check of rights; a client that may do all without a credential has none that ends. */
export function followCalls(app: FastifyInstance, credentials: Credentials, wallMs: () => number): OpenCalls {
  const calls = new OpenCalls(wallMs);
  if (credentials.isOpen) return calls;
  credentials.onChange(() => calls.sweep());
  app.addHook('onClose', async () => calls.close());
  app.addHook('onRequest', (request, reply, done) => {
    if (request.method === 'GET' && request.routeOptions.config.right !== 'open') {
      reply.raw.once(
        'close',
        calls.add(request.principal, () => reply.raw.destroy()),
      );
    }
    done();
  });
  return calls;
}
