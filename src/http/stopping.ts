// The end of the HTTP plane, in this order: new requests are refused with 503, whoever waits is answered, and requests
// that have come in get a moment to be answered, before fastify closes the connections.

import type { FastifyInstance } from 'fastify';
import type { LongPolls } from './long-poll.ts';
import { sendProblem } from './problem-details.ts';

/** Calls take milliseconds; this is for the one whose body is still on its way. Below the 5 s of a graceful stop. */
const graceMs = 1000;

/** Adds the hooks; `app.close()` then stops gracefully. */
export function stopGracefully(app: FastifyInstance, longPolls: LongPolls): void {
  let isStopping = false;
  let open = 0;
  let onIdle = (): void => {};
  const closed = (): void => {
    open--;
    if (open === 0) onIdle();
  };
  app.addHook('onRequest', (_request, reply, done) => {
    open++;
    // Not onResponse: that one hears nothing of a client that has gone.
    reply.raw.once('close', closed);
    if (!isStopping) return done();
    const headers = { 'retry-after': '1', connection: 'close' };
    sendProblem(reply, { kind: 'stopping', detail: 'Cannot take this call: the server is stopping.', headers });
  });
  app.addHook('preClose', async () => {
    isStopping = true;
    longPolls.stop();
    if (open === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, graceMs);
    onIdle = resolve;
    await promise;
    clearTimeout(timer);
  });
}
