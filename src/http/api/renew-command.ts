// The command that renews a lease, to be pasted as it is: with the address by which clients reach this server. That is
// the setting `publicUrl` where there is one (a prefix of a proxy may be part of it), else the request's own host;
// X-Forwarded-* of a trusted proxy counts, and fastify has evaluated it.

import type { FastifyRequest } from 'fastify';
import type { InstanceKey } from '../../model/names.ts';
import { instancePath } from '../documents/instance-document.ts';

/** A `Host` that needs no escaping in a URL and in single quotes of a shell. */
const plainHost = /^[A-Za-z0-9._:[\]-]{1,261}$/;

/** Only the token is left to the environment. */
export function renewCommand(
  request: FastifyRequest,
  key: InstanceKey,
  { hasTokens, publicUrl }: { readonly hasTokens: boolean; readonly publicUrl: string },
): string {
  // Double quotes: the shell has to put the token in.
  const token = hasTokens ? ` -H "authorization: Bearer $ROLLCALL_TOKEN"` : '';
  const dots = key.instance === '.' || key.instance === '..' ? ' --path-as-is' : '';
  return `curl -fsS${dots} -X PUT${token} '${publicUrl === '' ? ownUrl(request) : publicUrl}${instancePath(key)}/renew'`;
}

function ownUrl(request: FastifyRequest): string {
  const host = plainHost.test(request.host) ? request.host : ownAddress(request);
  return `${request.protocol}://${host}`;
}

/** The address that the request came to, for a request of HTTP/1.0 without Host. */
function ownAddress(request: FastifyRequest): string {
  const { localAddress = 'localhost', localPort = 80 } = request.socket;
  return `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`;
}
