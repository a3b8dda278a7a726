// Clients of rollcall and what they need around them, in a test: registries, services to call, and the end of all of them.
// `onTestFinished` ends what a test has left, in the reverse order.

import { onTestFinished } from 'vitest';
import { type ClientOptions, RollcallClient } from '../../../src/client/client.ts';
import { ApiClient } from '../http/api-client.ts';
import { type Backend, startBackends } from '../http/http-backends.ts';
import { type ServerOptions, type ServerProcess, startServer } from '../process/server-process.ts';

/** For what another process has to do first. */
export const patience = { withinMs: 30_000, timeoutMs: 30_000 };

export async function serverFor(options: ServerOptions = {}): Promise<ServerProcess> {
  const server = await startServer({ withinMs: 45_000, ...options });
  onTestFinished(async () => void (await server.kill()));
  return server;
}

/** A client of one server, or of the addresses that the options name. */
export function clientOf(server: ServerProcess | undefined, options: ClientOptions = {}): RollcallClient {
  const where = server === undefined ? {} : { registry: server.http };
  const client = new RollcallClient({ ...where, readyTimeoutMs: 30_000, ...options });
  onTestFinished(() => client.close());
  return client;
}

export function apiOf(server: ServerProcess): ApiClient {
  const api = new ApiClient(server.http);
  onTestFinished(() => api.close());
  return api;
}

/** Backends on three addresses of their own, 127.0.NET.1 to 3. */
export async function threeBackends(net: number): Promise<readonly Backend[]> {
  const backends = await startBackends([1, 2, 3].map((host) => `127.0.${net}.${host}`));
  onTestFinished(() => backends.close());
  return backends.all;
}

/** Calls the app; the host of the backend that answered. */
export function ask(client: RollcallClient, app = 'prod/orders'): Promise<string> {
  return client.call(app, async ({ url }, signal) => {
    const response = await fetch(url, { signal });
    return response.text();
  });
}
