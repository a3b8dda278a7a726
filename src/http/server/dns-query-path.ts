// Where DNS over HTTPS is asked (RFC 8484 §4.1), for what is in front of the routes: those calls need no token, and a page
// cannot be led to them by another name.

import type { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';

export const dnsQueryPath = '/dns-query';

/** A call over TLS, whose server name the client has checked: no page can lead a browser here by another name. */
export function isSecureDnsQuery({ url, raw }: FastifyRequest): boolean {
  return (url === dnsQueryPath || url.startsWith(`${dnsQueryPath}?`)) && isEncrypted(raw.socket);
}

export function isEncrypted(socket: object): boolean {
  return (socket as Partial<TLSSocket>).encrypted === true;
}
