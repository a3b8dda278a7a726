// Tiny HTTP servers on loopback addresses of their own, all on one port, that count who asked: what stands behind a
// proxy in a test.

import { createServer, type Server } from 'node:http';
import { freePort } from '../process/scratch.ts';

export interface Backend {
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.2:PORT` */
  readonly addr: string;
  readonly hits: number;
  /** Takes no more connections, and settles when those it has are over. */
  stop(): Promise<void>;
  /** Listens again at the same address, as a new process would. */
  restart(): Promise<void>;
}

export interface Backends {
  readonly all: readonly Backend[];
  close(): Promise<void>;
}

/** One backend on each host; each answers with its host. */
export async function startBackends(hosts: readonly string[]): Promise<Backends> {
  for (let attempt = 0; ; attempt++) {
    const port = await freePort();
    const servers: Server[] = [];
    try {
      const all: Backend[] = [];
      for (const host of hosts) all.push(await startBackend(host, port, servers));
      return { all, close: () => closeAll(servers) };
    } catch (error) {
      await closeAll(servers);
      if (attempt === 5) throw error;
    }
  }
}

function startBackend(host: string, port: number, servers: Server[]): Promise<Backend> {
  let hits = 0;
  const server = createServer((_request, response) => {
    hits++;
    response.end(host);
  });
  servers.push(server);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () =>
      resolve({
        host,
        port,
        addr: `http://${host}:${port}`,
        get hits() {
          return hits;
        },
        stop: () => new Promise((stopped) => server.close(() => stopped())),
        restart: () =>
          new Promise((restarted, failed) => server.once('error', failed).listen(port, host, () => restarted())),
      }),
    );
  });
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  for (const server of servers) server.closeAllConnections();
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
}
