// The X-Forwarded headers of trusted proxies, before fastify believes them: it takes X-Forwarded-For and -Proto as they are,
// and proxies hand on what clients have written, or write a port behind the address (Azure, IIS, some HAProxy setups). An
// address then would be no address where clients are counted, checked against networks or entered as the host of a
// registration, and the scheme would go into `renewWith`, which people paste into a shell.
// Limits: an entry that is no IP address ends the list, since what stands before it was not added by a trusted proxy.

import { isIP } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** A hook in front of all that asks for the client's address or scheme. */
export function readForwardedHeaders(
  { raw: { headers } }: FastifyRequest,
  _reply: FastifyReply,
  done: () => void,
): void {
  const from = headers['x-forwarded-for'];
  if (from !== undefined) {
    const known = knownAddresses(String(from));
    if (known === '') delete headers['x-forwarded-for'];
    else headers['x-forwarded-for'] = known;
  }
  const scheme = headers['x-forwarded-proto'];
  // The last one is the nearest proxy's, as fastify takes it.
  if (scheme !== undefined && !/(?:^|,)\s*https?\s*$/.test(String(scheme))) delete headers['x-forwarded-proto'];
  done();
}

/** The entries after the last one that is no address, without ports. */
function knownAddresses(list: string): string {
  const entries = list.split(',').map(addressOf);
  return entries.slice(entries.lastIndexOf(undefined) + 1).join(', ');
}

function addressOf(entry: string): string | undefined {
  const text = entry.trim().replace(/^"(.*)"$/, '$1');
  const host = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return isIP(host) === 0 ? undefined : host;
}
