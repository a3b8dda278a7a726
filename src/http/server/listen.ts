// Opens the HTTP plane's addresses. fastify listens on the first; connections to the others are handed to the same
// server, so that limits, routes and the graceful stop are one.

import { createServer, type Server } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Listen, ListenFailure } from '../../model/listen.ts';

/** A fleet that comes back at once: what does not find a place waits seconds for the kernel to try again. */
const backlog = 4096;

/** Listens on all or on none; returns the addresses with the ports that were given for port 0. */
export async function listenHttp(
  app: FastifyInstance,
  listens: readonly Listen[],
): Promise<readonly Listen[] | ListenFailure> {
  const [first, ...others] = listens as [Listen, ...Listen[]];
  const extra: Server[] = [];
  app.addHook('preClose', async () => {
    for (const server of extra) server.close();
  });
  // `::` takes IPv4 as well, unless that is asked for by itself.
  const ipv6Only = listens.some(({ host }) => host === '0.0.0.0');
  try {
    await app.listen({ host: first.host, port: first.port, ipv6Only, backlog });
  } catch (error) {
    return { failed: first, error: error as NodeJS.ErrnoException };
  }
  const open = [{ host: first.host, port: (app.server.address() as { port: number }).port }];
  for (const listen of others) {
    const server = createServer((socket) => app.server.emit('connection', socket));
    server.maxConnections = app.server.maxConnections;
    const port = await opened(server, listen, ipv6Only);
    if (typeof port !== 'number') {
      await app.close();
      return port;
    }
    extra.push(server);
    open.push({ host: listen.host, port });
  }
  return open;
}

function opened(server: Server, listen: Listen, ipv6Only: boolean): Promise<number | ListenFailure> {
  return new Promise((resolve) => {
    server.once('error', (error) => resolve({ failed: listen, error }));
    server.listen({ host: listen.host, port: listen.port, ipv6Only, backlog }, () =>
      resolve((server.address() as { port: number }).port),
    );
  });
}
