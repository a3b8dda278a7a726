// Who calls: the one path from the credentials of an HTTP request to a `Principal`. Bearer tokens (RFC 6750), which may be
// JWTs; what the clients of a front show in their own way; a client certificate that TLS has verified. Where a request has
// a token and a certificate, the token counts. A caller without credentials is anonymous; where anonymous callers have no
// right at all, the answer is 401 for every path that is not open. Without any credentials configured the API is open, and
// browser-guard.ts keeps web pages out. What a caller may do is judged in rights.ts and in control.
// Secrets are never logged and never repeated; the principal's name is.

import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RefusedCalls } from '../../control/refused-calls.ts';
import type { Actor, FrontName } from '../../model/change.ts';
import type { HttpCounters } from '../../model/http-counters.ts';
import { type Principal, unauthenticated } from '../../model/principal.ts';
import { clientOf } from '../server/client-address.ts';
import { dnsQueryPath } from '../server/dns-query-path.ts';
import { type Failure, sendProblem } from '../server/problem-details.ts';
import { retryAfter } from '../server/retry-after.ts';
import { certificateNameOf } from '../server/secure-connections.ts';
import type { Credentials } from './credentials.ts';
import type { JwtVerifier } from './jwt-verifier.ts';
import type { WrongCredentials } from './wrong-credentials.ts';

declare module 'fastify' {
  interface FastifyInstance {
    findPrincipal: FindPrincipal;
  }
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
  /** Answers a refusal as clients of the front know it; a problem document otherwise. */
  readonly refuse?: RefuseCall | undefined;
}

export type RefuseCall = (request: FastifyRequest, reply: FastifyReply, failure: Failure) => void;

export interface AuthDeps {
  readonly credentials: Credentials;
  readonly jwts: JwtVerifier;
  readonly wrong: WrongCredentials;
  readonly refusedCalls: RefusedCalls;
  readonly counters: HttpCounters;
  readonly extractors: readonly CredentialExtractor[];
  /** Uniform in [0, 1). */
  readonly random: () => number;
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

/** A call of a front that needs none either: logging in, for one. */
function isOpenCall({ routeOptions: { config } }: FastifyRequest): boolean {
  return config.isForeign === true && config.right === 'open';
}

/** The principal of a request, as far as that is quickly known; undefined may still mean one. */
export type Authenticate = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => Principal | undefined;

/** Adds the check in front of all routes: after it every request has its principal. */
export function authenticateCalls(app: FastifyInstance, deps: AuthDeps): Authenticate {
  const { credentials } = deps;
  const principals = new WeakMap<FastifyRequest, Principal>();
  // What has shown nothing, or nothing yet.
  const withoutSecret = ({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): Principal => {
    const certificate =
      headers.authorization === undefined || credentials.isOpen ? certificateNameOf(socket) : undefined;
    return certificate === undefined ? credentials.anonymous : credentials.byCertificate(certificate);
  };
  app.decorateRequest('principal', {
    getter() {
      return principals.get(this) ?? (credentials.isOpen ? withoutSecret(this.raw) : unauthenticated);
    },
  });
  if (credentials.isOpen) return withoutSecret;
  app.addHook('onRequest', (request, reply, done) => {
    if (isOpenPath(request.url) || isOpenCall(request)) return done();
    const extractor = deps.extractors.find(({ prefix }) => request.url.startsWith(prefix));
    const secret = extractor?.tokenOf(request) ?? bearerOf(request.raw);
    if (secret === undefined) {
      const principal = withoutSecret(request.raw);
      if (principal.grants.length === 0 || request.headers.authorization !== undefined) {
        refuse(deps, request, reply, extractor, shownNothing(request));
        return;
      }
      principals.set(request, principal);
      return done();
    }
    const known = knownBy(deps, secret, () => request.ip);
    if (known !== undefined) {
      principals.set(request, known);
      return done();
    }
    void judged(deps, request, secret, (error, outcome) => {
      if (outcome === undefined) done(error);
      else if ('kind' in outcome) refuse(deps, request, reply, extractor, outcome);
      else {
        principals.set(request, outcome.principal);
        done();
      }
    });
  });
  return (request) => {
    const secret = bearerOf(request);
    // Behind a proxy the address is the proxy's: the usual way knows better whom to hold back.
    if (secret !== undefined) return knownBy(deps, secret, () => request.socket.remoteAddress ?? '');
    return request.headers.authorization === undefined ? withoutSecret(request) : undefined;
  };
}

/** What a caller shows otherwise than in a request of HTTP. */
export interface ShownCredentials {
  readonly token: string | undefined;
  /** The name in a client certificate that TLS has verified. */
  readonly certificate: string | undefined;
  readonly address: string;
}

export type FindPrincipal = (shown: ShownCredentials) => Principal;

/** For protocols beside HTTP: tokens that can be recognised at once, which JWTs are not. */
export function principalFinder(deps: AuthDeps): FindPrincipal {
  const { credentials, wrong } = deps;
  return ({ token, certificate, address }) => {
    if (credentials.isOpen || token === undefined)
      return certificate === undefined ? credentials.anonymous : credentials.byCertificate(certificate);
    const known = knownBy(deps, token, () => address);
    if (known === undefined && wrong.waitMs(() => clientOf(address)) === 0) wrong.wrong(clientOf(address));
    return known ?? unauthenticated;
  };
}

/** The principal of a secret that can be recognised at once. Hot. */
function knownBy({ credentials, jwts, wrong }: AuthDeps, secret: string, address: () => string): Principal | undefined {
  const found = credentials.bySecret(secret);
  const principal = found?.kind === 'known' ? found.principal : jwts.known(secret);
  return principal === undefined || !wrong.admits(principal, () => clientOf(address())) ? undefined : principal;
}

function bearerOf({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  return /^Bearer +([!-~]+) *$/i.exec(headers.authorization ?? '')?.[1];
}

interface Refused extends Failure {
  /** For the record, without the secret. */
  readonly who: string;
}

/** As `judge`; a mistake of ours is an error, which the error handler reports. */
async function judged(
  deps: AuthDeps,
  request: FastifyRequest,
  secret: string,
  settled: (error: Error | undefined, outcome?: Awaited<ReturnType<typeof judge>>) => void,
): Promise<void> {
  let outcome: Awaited<ReturnType<typeof judge>>;
  try {
    outcome = await judge(deps, request, secret);
  } catch (error) {
    settled(error as Error);
    return;
  }
  settled(undefined, outcome);
}

/** Whether a secret that is not known yet is good: only JWTs can be. */
async function judge(
  { credentials, jwts, wrong, counters, random }: AuthDeps,
  request: FastifyRequest,
  secret: string,
): Promise<{ readonly principal: Principal } | Refused> {
  const client = clientOf(request.ip);
  const waitMs = wrong.waitMs(() => client);
  if (waitMs > 0) {
    counters.refused('credentials');
    return {
      kind: 'wrong-credentials',
      who: 'too many wrong credentials',
      detail: `Cannot let this call in: ${client} has shown too many wrong credentials. Nothing was looked at; correct them, and call again after the time in Retry-After.`,
      headers: { 'retry-after': retryAfter(Math.ceil(waitMs / 1000), random) },
    };
  }
  const found = credentials.bySecret(secret);
  let reason = 'the token is not one that this server knows';
  if (found?.kind === 'expired') reason = `the token of ${found.name} has expired`;
  else if (jwts.isOne(secret)) {
    const verified = await jwts.verify(secret);
    if (verified.kind === 'known') {
      wrong.admits(verified.principal, () => client);
      return { principal: verified.principal };
    }
    reason = `the token ${verified.reason}`;
    // No fault of the caller, and no attempt that would count.
    if (verified.kind === 'unavailable') return { ...issuerAway(reason, random), who: reason };
  }
  wrong.wrong(client);
  return { ...unauthorized(reason, true), who: reason };
}

/** Its clients come again, and do not look for another token as they would after 401. */
function issuerAway(reason: string, random: () => number): Failure {
  const detail = `Cannot let this call in: ${reason}. The log of this server names the issuer; call again after the time in Retry-After.`;
  return { kind: 'issuer-away', detail, headers: { 'retry-after': retryAfter(issuerAwaySeconds, random) } };
}

/** Keys that cannot be read are tried again this often. */
const issuerAwaySeconds = 30;

function shownNothing({ headers }: FastifyRequest): Refused {
  const isGiven = headers.authorization !== undefined;
  const reason = isGiven
    ? 'the Authorization header has no token that this server knows'
    : 'the request has no Authorization header';
  return { ...unauthorized(reason, isGiven), who: reason };
}

/** 401 (RFC 6750 §3). */
export function unauthorized(reason: string, isGiven: boolean): Failure {
  const challenge = isGiven ? 'Bearer realm="rollcall", error="invalid_token"' : 'Bearer realm="rollcall"';
  return {
    kind: 'unauthorized',
    detail: `Cannot let this call in: ${reason}. Send "authorization: Bearer <token>" with a token of this server's configuration.`,
    headers: { 'www-authenticate': challenge },
  };
}

/** Refuses in the form of the front that a path is below; with a problem document elsewhere. */
export function refuserOf(extractors: readonly CredentialExtractor[]): RefuseCall {
  return (request, reply, failure) => {
    const front = extractors.find(({ prefix }) => request.url.startsWith(prefix));
    if (front?.refuse === undefined) sendProblem(reply, failure);
    else front.refuse(request, reply, failure);
  };
}

function refuse(
  { refusedCalls }: AuthDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  extractor: CredentialExtractor | undefined,
  { who, ...failure }: Refused,
): void {
  const route = request.routeOptions.url ?? 'an unknown route';
  const what = `${request.method} ${route}`;
  refusedCalls.note({ reason: 'credentials', who, address: request.ip, what, missing: '', where: '' });
  const challenge = failure.headers?.['www-authenticate'];
  // The scheme that clients of a front know comes beside Bearer.
  const headers =
    extractor === undefined || extractor.scheme === 'Bearer' || challenge === undefined
      ? failure.headers
      : { ...failure.headers, 'www-authenticate': `${extractor.scheme} realm="rollcall", ${challenge}` };
  const whole = headers === undefined ? failure : { ...failure, headers };
  if (extractor?.refuse === undefined) sendProblem(reply, whole);
  else extractor.refuse(request, reply, whole);
}

/** Who asks for a change, for the record: a plain value. */
export function actorOf({ ip, principal: { kind, name } }: FastifyRequest, front: FrontName, reason?: string): Actor {
  return {
    ...(name === '' ? {} : { principal: name }),
    kind,
    front,
    address: ip,
    ...(reason === undefined ? {} : { reason }),
  };
}
