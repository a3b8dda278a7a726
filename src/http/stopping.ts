// The end of the HTTP plane, in this order: new requests are refused with 503, waiting calls are answered, and requests
// that have come in get a moment to be answered, before fastify closes the connections.

import type { FastifyInstance } from 'fastify';
import type { InFlight } from './limits/in-flight.ts';
import { sendProblem } from './server/problem-details.ts';

/** Calls take milliseconds; this is for the one whose body is still on its way. Below the 5 s of a graceful stop. */
const graceMs = 1000;

/** Calls that wait by design: `stop` answers them all, and from then on none waits. */
interface Parked {
  stop(): void;
}

/** Adds the hooks; `app.close()` then stops gracefully. Returns whether it does. */
export function stopGracefully(app: FastifyInstance, parked: readonly Parked[], inFlight: InFlight): () => boolean {
  let isStopping = false;
  app.addHook('onRequest', (_request, reply, done) => {
    if (!isStopping) return done();
    const headers = { 'retry-after': '1', connection: 'close' };
    sendProblem(reply, { kind: 'stopping', detail: 'Cannot take this call: the server is stopping.', headers });
  });
  app.addHook('preClose', async () => {
    isStopping = true;
    for (const part of parked) part.stop();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, graceMs);
    await Promise.race([inFlight.idle(), promise]);
    clearTimeout(timer);
  });
  return () => isStopping;
}
