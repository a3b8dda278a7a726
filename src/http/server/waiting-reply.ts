// A reply that its caller waits for: the idle limit of the connection is off meanwhile, since it is for connections that
// no call waits on, and the wait ends when the client has gone.

import type { FastifyReply, FastifyRequest } from 'fastify';

export interface WaitingReply {
  /** Aborts when the connection is closed before the reply is sent, or when it has been sent. */
  readonly gone: AbortSignal;
  /** The idle limit is on again: before the reply is sent. */
  end(): void;
}

/** To be called before the wait begins. */
export function holdReply(request: FastifyRequest, reply: FastifyReply): WaitingReply {
  const controller = new AbortController();
  const idleMs = request.socket.timeout ?? 0;
  // Fake sockets of tests have none.
  const setIdleMs = (ms: number) => request.socket.setTimeout?.(ms);
  setIdleMs(0);
  if (reply.raw.destroyed) controller.abort();
  else reply.raw.once('close', () => controller.abort());
  return { gone: controller.signal, end: () => setIdleMs(idleMs) };
}
