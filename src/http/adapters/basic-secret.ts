// The password of HTTP Basic credentials (RFC 7617), which clients take out of `http://name:secret@host/`. It is compared
// with the tokens; the user's name says nothing.

import type { FastifyRequest } from 'fastify';

export function basicSecretOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(headers.authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : text.slice(colon + 1);
}
