// What a request looks like from where its client is: behind a proxy the connection's address is the proxy's, and `Host` may
// name this server as only the proxy knows it. X-Forwarded-For, -Host and -Proto are believed from the networks of
// `trustedProxies` alone (fastify's trustProxy: the last address that is none of theirs is the client); from others they
// change nothing. `publicUrl` is what replies name, whatever a request says.

import type { FastifyRequest } from 'fastify';

/** The host that the client has asked for. */
export function askedHost(request: FastifyRequest): string | undefined {
  // Without a trusted proxy it is the Host header.
  return request.raw.headers.host === undefined ? undefined : request.host;
}
