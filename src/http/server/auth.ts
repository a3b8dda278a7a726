// Who calls: the one road from the credentials of an HTTP request to a `Principal`. Bearer tokens (RFC 6750): with tokens
// configured every call needs one, reads too, except for health, the API's description and its pages; its principal is
// the token. A client certificate that TLS has verified does as well, and its principal has the certificate's name; where a
// request has both, the token counts. Without tokens the API is open, every caller is anonymous and may do all, and browser-guard.ts keeps web
// pages out.
// A token is compared as its SHA-256 with all of them, in a time that does not depend on how much of it was right.
// Tokens are never logged; the principal's name is.

import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import bearerAuth from '@fastify/bearer-auth';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Actor, Front } from '../../model/change.ts';
import { type Principal, unauthenticated, unrestricted } from '../../model/principal.ts';
import { dnsQueryPath } from '../doh/dns-query.ts';
import { sendProblem } from './problem-details.ts';
import { certificateNameOf } from './secure-connections.ts';

export interface NamedToken {
  readonly name: string;
  readonly token: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal;
  }
}

/** How the clients of a front below `prefix` show their secret, where that is not a bearer token. */
export interface CredentialExtractor {
  /** Ends with a slash. */
  readonly prefix: string;
  /** The name of the scheme, for the challenge. */
  readonly scheme: string;
  /** The token in a request; undefined: it shows none of this kind. */
  readonly tokenOf: (request: FastifyRequest) => string | undefined;
}

const openPaths: ReadonlySet<string> = new Set([
  '/',
  '/console',
  '/docs',
  '/healthz',
  '/readyz',
  '/openapi.json',
  dnsQueryPath,
]);

/** Calls that need no token. It goes by the raw path: what is spelled in another way needs one. */
export function isOpenPath(url: string): boolean {
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  return openPaths.has(path) || path.startsWith('/docs/') || path.startsWith('/console/');
}

/** The principal of a request, as far as that is quickly known; undefined may still mean one. */
export type Authenticate = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => Principal | undefined;

const anonymous = unrestricted('anonymous');

/** Adds the check in front of all routes: behind it every request has its principal. */
export function requireToken(
  app: FastifyInstance,
  tokens: readonly NamedToken[],
  extractors: readonly CredentialExtractor[] = [],
): Authenticate {
  if (tokens.length === 0) {
    app.decorateRequest('principal', {
      getter() {
        return certified(this.raw.socket) ?? anonymous;
      },
    });
    return ({ socket }) => certified(socket) ?? anonymous;
  }
  const known = tokens.map(({ name, token }) => ({ principal: unrestricted('token', name), digest: digestOf(token) }));
  const find = (token: string): Principal | undefined => {
    const digest = digestOf(token);
    let found: Principal | undefined;
    for (const one of known) if (timingSafeEqual(one.digest, digest)) found = one.principal;
    return found;
  };
  const principals = new WeakMap<FastifyRequest, Principal>();
  app.decorateRequest('principal', {
    getter() {
      return (
        principals.get(this) ?? (isCertified(this.raw) ? certified(this.raw.socket) : undefined) ?? unauthenticated
      );
    },
  });
  const auth = (token: string, request: FastifyRequest): boolean => {
    const principal = find(token);
    if (principal !== undefined) principals.set(request, principal);
    return principal !== undefined;
  };
  // rfc6749: the word `Bearer` in any case, as RFC 9110 §11.1 has it for all schemes.
  app.register(bearerAuth, { keys: new Set<string>(), auth, addHook: false, specCompliance: 'rfc6749' });
  app.addHook('onRequest', (request, reply, done) => {
    if (isOpenPath(request.url) || isCertified(request.raw)) return done();
    const extractor = extractors.find(({ prefix }) => request.url.startsWith(prefix));
    const token = extractor?.tokenOf(request);
    if (token !== undefined && auth(token, request)) return done();
    app.verifyBearerAuth?.(request, reply, (error) =>
      error === undefined ? done() : refuse(request, reply, extractor?.scheme),
    );
  });
  return (request) => {
    if (isCertified(request)) return certified(request.socket);
    const token = /^Bearer ([\w.~+/-]+)$/.exec(request.headers.authorization ?? '')?.[1];
    return token === undefined ? undefined : find(token);
  };
}

/** For callers that show a token otherwise than in a request of HTTP. */
export function principalFinder(
  tokens: readonly NamedToken[],
): (token: string | undefined, certificate: string | undefined) => Principal {
  const known = tokens.map(({ name, token }) => ({ principal: unrestricted('token', name), digest: digestOf(token) }));
  return (token, certificate) => {
    if (token === undefined && certificate !== undefined) return unrestricted('certificate', certificate);
    if (tokens.length === 0) return anonymous;
    const digest = digestOf(token ?? '');
    return known.find((one) => timingSafeEqual(one.digest, digest))?.principal ?? unauthenticated;
  };
}

/** Whether a request has shown a certificate and no token: a token that is shown is what the caller means to be known by. */
function isCertified({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): boolean {
  return headers.authorization === undefined && certificateNameOf(socket) !== undefined;
}

function certified(socket: Socket): Principal | undefined {
  const name = certificateNameOf(socket);
  return name === undefined ? undefined : unrestricted('certificate', name);
}

/** Who asks for a change, for the record: a plain value. */
export function actorOf({ ip, principal: { kind, name } }: FastifyRequest, front: Front, reason?: string): Actor {
  return {
    ...(name === '' ? {} : { principal: name }),
    kind,
    front,
    address: ip,
    ...(reason === undefined ? {} : { reason }),
  };
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

/** `scheme`: of a front, which its clients know beside Bearer. */
function refuse(request: FastifyRequest, reply: FastifyReply, scheme?: string): void {
  const isGiven = request.headers.authorization !== undefined;
  const challenge = isGiven ? 'Bearer realm="rollcall", error="invalid_token"' : 'Bearer realm="rollcall"';
  const reason = isGiven ? 'the token is not one that this server knows' : 'the request has no Authorization header';
  sendProblem(reply, {
    kind: 'unauthorized',
    detail: `Cannot let this call in: ${reason}. Send "authorization: Bearer <token>" with a token of this server's configuration.`,
    headers: { 'www-authenticate': scheme === undefined ? challenge : `${scheme} realm="rollcall", ${challenge}` },
  });
}
