// Who calls: bearer tokens (RFC 6750). With tokens configured every call needs one, reads too, except for health, the
// API's description and its pages. Without tokens the API is open, and browser-guard.ts keeps web pages out.
// A token is compared as its SHA-256 with all of them, in a time that does not tell how much of it was right.
// Tokens are never logged; `request.tokenName` is what logs say.

import { hash, timingSafeEqual } from 'node:crypto';
import bearerAuth from '@fastify/bearer-auth';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { dnsQueryPath } from '../doh/dns-query.ts';
import { sendProblem } from './problem-details.ts';

export interface NamedToken {
  readonly name: string;
  readonly token: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The name of the token that the caller has shown; empty without tokens. */
    tokenName: string;
  }
}

const openPaths: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/openapi.json', '/docs', dnsQueryPath]);

/** Calls that need no token. It goes by the raw path: what is spelled in another way needs one. */
export function isOpenPath(url: string): boolean {
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  return openPaths.has(path) || path.startsWith('/docs/');
}

/** Whether a call with this Authorization header is let in, as far as that is easily said: false may mean yes. */
export type Authenticate = (authorization: string | undefined) => boolean;

/** Adds the check in front of all routes; nothing but `request.tokenName` where there are no tokens. */
export function requireToken(app: FastifyInstance, tokens: readonly NamedToken[]): Authenticate {
  app.decorateRequest('tokenName', '');
  if (tokens.length === 0) return () => true;
  const known = tokens.map(({ name, token }) => ({ name, digest: digestOf(token) }));
  const nameOf = (token: string): string => {
    const digest = digestOf(token);
    let found = '';
    for (const candidate of known) if (timingSafeEqual(candidate.digest, digest)) found = candidate.name;
    return found;
  };
  const auth = (token: string, request: FastifyRequest): boolean => {
    request.tokenName = nameOf(token);
    return request.tokenName !== '';
  };
  // rfc6749: the word `Bearer` in any case, as RFC 9110 §11.1 has it for all schemes.
  app.register(bearerAuth, { keys: new Set<string>(), auth, addHook: false, specCompliance: 'rfc6749' });
  app.addHook('onRequest', (request, reply, done) => {
    if (isOpenPath(request.url)) return done();
    app.verifyBearerAuth?.(request, reply, (error) => (error === undefined ? done() : refuse(request, reply)));
  });
  return (authorization = '') => {
    const token = /^Bearer ([\w.~+/-]+)$/.exec(authorization)?.[1];
    return token !== undefined && nameOf(token) !== '';
  };
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

function refuse(request: FastifyRequest, reply: FastifyReply): void {
  const isGiven = request.headers.authorization !== undefined;
  const challenge = isGiven ? 'Bearer realm="rollcall", error="invalid_token"' : 'Bearer realm="rollcall"';
  const reason = isGiven ? 'the token is not one that this server knows' : 'the request has no Authorization header';
  sendProblem(reply, {
    kind: 'unauthorized',
    detail: `Cannot let this call in: ${reason}. Send "authorization: Bearer <token>" with a token of this server's configuration.`,
    headers: { 'www-authenticate': challenge },
  });
}
