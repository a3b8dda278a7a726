// The HTTP plane: builds the fastify server, does not listen. Read it top to bottom: limits, guards in the order in
// which a request climbs past them, operators' calls, the API, and the lane for the renewals that no guard would stop.
// fastify's own logger is off: it makes a child logger a request; decisions are logged by decision-log.ts.
// Limits: `HttpLimits` and `HttpTimeouts`, each with its reason. fastify listens on one address alone; further
// listeners may hand their connections over with `app.server.emit('connection', socket)`.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type RouteOptions } from 'fastify';
import type { Logger } from 'pino';
import type { Control } from '../control/control.ts';
import type { Visible } from '../control/visible.ts';
import type { CallKind } from '../model/call-kind.ts';
import type { CredentialSource } from '../model/credential.ts';
import type { HttpCounters } from '../model/http-counters.ts';
import type { RegistrationDefaults } from '../model/instance.ts';
import { type Life, registryHeader } from '../model/life.ts';
import type { Principal, Right } from '../model/principal.ts';
import type { Clock } from '../runtime/clock.ts';
import { addAdapters, extractorsOf } from './adapters/adapters.ts';
import type { AdapterSettings } from './adapters/front.ts';
import type { ApiContext } from './api/api-context.ts';
import { openRenewLane } from './api/renew-lane.ts';
import { addRoutes } from './api/routes.ts';
import { authenticateCalls, principalFinder, type RefuseCall, refuserOf } from './auth/auth.ts';
import { pageFault, refuseForeignPages } from './auth/browser-guard.ts';
import { Credentials, type NamedToken } from './auth/credentials.ts';
import { JwtVerifier } from './auth/jwt-verifier.ts';
import { KeySources, type KeySourcesDeps } from './auth/key-sources.ts';
import { Logins } from './auth/logins.ts';
import { followCalls } from './auth/open-calls.ts';
import { describeRights, requireRights, sendForbidden } from './auth/rights.ts';
import { WrongCredentials } from './auth/wrong-credentials.ts';
import { addConsole } from './console/console.ts';
import { siteAt } from './console/site.ts';
import { addDnsQuery, type DnsQueries } from './doh/dns-query.ts';
import { refuseConnection, routeGuide, sendFailure } from './failures.ts';
import { type ClientRate, limitClientRates } from './limits/client-rate.ts';
import { limitConnections } from './limits/connection-limits.ts';
import { Http2Sessions } from './limits/http2-sessions.ts';
import { countInFlight } from './limits/in-flight.ts';
import { type HttpLimits, type HttpTimeouts, httpLimits, httpTimeouts } from './limits/limits.ts';
import { measureLateness, Overload, type OverloadLimits, overloadLimits, shedOverload } from './limits/overload.ts';
import { pacePipelines } from './limits/pipelines.ts';
import { limitUnsentReplies, type UnsentLimits, UnsentReplies, unsentLimits } from './limits/unsent-replies.ts';
import { dnsQueryPath } from './server/dns-query-path.ts';
import { readForwardedHeaders } from './server/forwarded-headers.ts';
import { refuseIrregularRequest } from './server/irregular-requests.ts';
import { acceptJsonBodies } from './server/json-body.ts';
import { addOperations, type OperationsContext } from './server/operations.ts';
import type { Failure } from './server/problem-details.ts';
import { SecureConnections, type SecureConnectionsDeps } from './server/secure-connections.ts';
import { refuseUntilRecovered } from './server/unavailable.ts';
import { stopGracefully } from './stopping.ts';
import type { Watchers } from './watch/watchers.ts';

export interface HttpDeps extends Omit<OperationsContext, 'availability'>, Pick<ApiContext, 'resolve'> {
  readonly control: Control;
  /** Made by app.ts, which also makes it a subscriber of changes, after the change log. */
  readonly watchers: Watchers;
  readonly clock: Clock;
  /** With a final dot: `svc.` */
  readonly origin: string;
  readonly defaults: RegistrationDefaults;
  /** Of ids, tags and indexes. */
  readonly life: Life;
  readonly logger: Logger;
  /** None: the API is open to every caller that reaches it. */
  readonly tokens: readonly NamedToken[];
  /** What callers may show beside the tokens, with rights of their own; it may change. */
  readonly credentials?: CredentialSource | undefined;
  /** Of callers without credentials; undefined: all where there are no credentials, none where there are. */
  readonly anonymousRights?: readonly Right[] | undefined;
  /** Reads the public keys of issuers; for tests. */
  readonly readKeys?: KeySourcesDeps['read'];
  /** Without tokens: callers may use any host name (browser-guard.ts). */
  readonly isOpen?: boolean;
  /** The fronts of other registries' APIs; none by default. */
  readonly adapters?: AdapterSettings;
  /** Shown in /openapi.json. */
  readonly version: string;
  /** For the commands that the console shows. */
  readonly dnsPort?: number | undefined;
  /** Uniform in [0, 1); Node's by default. */
  readonly random?: () => number;
  /** Requests of one client; no limit by default. */
  readonly clientRate?: ClientRate;
  /** Networks whose X-Forwarded headers are believed. */
  readonly trustedProxies?: readonly string[];
  /** The names of an instance at which a zone file answers in its place; none by default. */
  readonly hiddenNames?: ApiContext['hiddenNames'];
  /** The files of the zones; none by default. */
  readonly zoneFiles?: ApiContext['zoneFiles'];
  /** Where clients reach this server, without a slash at its end; empty: where they have asked. */
  readonly publicUrl?: string;
  /** Answers DNS over HTTPS; undefined: there is none. */
  readonly dnsQueries?: DnsQueries;
  readonly overload?: OverloadLimits;
  readonly unsent?: UnsentLimits;
  /** Reports how late the event loop is, until its result is called; measured with a timer by default. */
  readonly measureLateness?: typeof measureLateness;
  /** HTTPS instead of HTTP. */
  readonly tls?: SecureConnectionsDeps | undefined;
  readonly limits?: Partial<HttpLimits>;
  readonly timeouts?: Partial<HttpTimeouts>;
}

const noRate: ClientRate = { perSecond: 0, burst: 1 };

/** Names and ids are judged by their parsers, which report the fault; the router lets any length through. */
const paramCharactersMax = 16_384;

/** Builds the server; the caller listens with `app.listen` and stops it with `app.close`. */
export function createHttpServer(deps: HttpDeps): FastifyInstance {
  const limits = { ...httpLimits, ...deps.limits };
  const { logger, control, clock, watchers, random = Math.random } = deps;
  const { longPolls, availability, visible } = control;
  const counters = control.log.count;
  const timeouts = { ...httpTimeouts, ...deps.timeouts };
  const access = openAccess(deps, random);
  const refuse = refuserOf(access.extractors);
  const { dnsQueries, trustedProxies = [] } = deps;
  const app = createApp(limits, timeouts, { logger, counters, trustedProxies, refuse });
  const hasTokens = !access.credentials.isOpen;
  const guide = routeGuide(app);

  countRequests(app, counters);
  const secure = deps.tls === undefined ? undefined : secureConnections(app, deps.tls, timeouts);
  limitConnections(app.server, limits, { counters, random, secure: secure?.accept });
  const inFlight = countInFlight(app, () => longPolls.waiting + watchers.count);
  const isStopping = stopGracefully(app, [longPolls, control.pushes, watchers], inFlight);
  if (secure !== undefined) app.addHook('preClose', secure.close);
  app.addHook('onRequest', refuseIrregularRequest);
  if (trustedProxies.length > 0) app.addHook('onRequest', readForwardedHeaders);
  const { publicUrl = '' } = deps;
  const publicHost = publicUrl === '' ? undefined : new URL(publicUrl).host;
  const pages = { hasTokens, isOpen: deps.isOpen === true, publicHost };
  refuseForeignPages(app, pages);
  describeRights(app);
  const principalOf = authenticateCalls(app, access);
  app.decorate('findPrincipal', principalFinder(access));
  const { clientRate = noRate } = deps;
  limitClientRates(app, { rate: clientRate, clock, counters, random });
  refuseUnknownRoute(app, guide, refuse);
  const rights = { refusedCalls: control.refusedCalls, counters, isOpen: access.credentials.isOpen };
  requireRights(app, rights);
  const openCalls = followCalls(app, access.credentials, () => clock.wallMs());
  const overload = new Overload({ inFlight, logger, counters, random, limits: deps.overload ?? overloadLimits });
  shedOverload(app, overload, deps.measureLateness ?? measureLateness);
  acceptJsonBodies(app, limits.jsonDepth);
  const unsent = new UnsentReplies(deps.unsent ?? unsentLimits, counters);
  limitUnsentReplies(app, unsent, random);
  endJsonWithNewline(app);

  addDescription(app, deps.version, hasTokens);
  app.register(async (scope) => addOperations(scope, { ...deps, availability }));
  const site = siteAt(() => clock.monotonicMs());
  app.register(async (scope) => addConsole(scope, { ...deps, dnsPort: deps.dnsPort, site }));
  if (dnsQueries !== undefined) app.register(async (scope) => addDnsQuery(scope, dnsQueries, trustedProxies));
  const follow = unsent.follow.bind(unsent);
  const renewManyBytes = 8 * limits.bodyBytes;
  const { hiddenNames = () => [], zoneFiles = () => [] } = deps;
  const forbid: ApiContext['forbid'] = (...call) => sendForbidden(rights, ...call);
  const calls = { random, hasTokens, publicUrl, renewManyBytes, follow, openCalls, forbid, logins: access.logins };
  addCalls(app, { ...deps, hiddenNames, zoneFiles, ...calls });
  // Where clients have a rate, each reply has what is left of it.
  if (clientRate.perSecond === 0) {
    const authenticate = (request: IncomingMessage): Principal | undefined =>
      isStopping() || pageFault(request.headers, pages) !== undefined ? undefined : principalOf(request);
    const hasCapacity = (): boolean => availability.isRecovered() && overload.takesRenewal();
    const parts = { renewals: control.renewals, life: deps.life, clock, counters, inFlight, visible };
    openRenewLane(app.server, { ...parts, authenticate, hasCapacity });
  }
  pacePipelines(app.server);
  return app;
}

/** Who may call: from credentials to principals. */
function openAccess({ control, clock, logger, adapters, readKeys, ...deps }: HttpDeps, random: () => number) {
  const wallMs = () => clock.wallMs();
  const credentials = new Credentials({ ...deps, source: deps.credentials, wallMs });
  const onState: KeySourcesDeps['onState'] = (at, problem) => {
    if (problem === undefined) logger.info({ at }, 'the keys of an issuer can be read again');
    else logger.warn({ at, problem }, 'Cannot read the keys of an issuer: those known stay in use');
  };
  const keys = new KeySources({
    monotonicMs: () => clock.monotonicMs(),
    onState,
    ...(readKeys === undefined ? {} : { read: readKeys }),
  });
  credentials.onChange(() => keys.keepOnly(credentials.jwtEntries.map(({ rule }) => rule.keys)));
  const jwts = new JwtVerifier({ credentials, keys, wallMs });
  const wrong = new WrongCredentials(clock);
  const logins = new Logins({ credentials, wrong });
  const { refusedCalls } = control;
  const extractors = extractorsOf(adapters);
  return { credentials, jwts, wrong, logins, refusedCalls, counters: control.log.count, extractors, random };
}

interface Secure {
  /** Takes a raw connection. */
  readonly accept: (raw: Socket) => void;
  /** For the end, when nothing is in flight any more. */
  readonly close: () => Promise<void>;
}

/** Makes connections HTTPS, HTTP/1.1 or HTTP/2. */
function secureConnections(app: FastifyInstance, deps: SecureConnectionsDeps, times: HttpTimeouts): Secure {
  const sessions = new Http2Sessions(times, (request, response) => app.server.emit('request', request, response));
  const connections = new SecureConnections(app.server, sessions.server, deps);
  const close = async (): Promise<void> => {
    connections.close();
    sessions.close();
    // One turn for what is complete and not sent; who does not read that is not waited for.
    await new Promise((resolve) => setImmediate(resolve));
    sessions.destroy();
  };
  return { accept: connections.accept, close };
}

/** The API, and the fronts of other registries' APIs beside it. */
function addCalls(app: FastifyInstance, context: ApiContext & Pick<HttpDeps, 'adapters'> & { logins: Logins }): void {
  const { availability, visible } = context.control;
  const guarded = (add: (scope: FastifyInstance) => void) => async (scope: FastifyInstance) => {
    refuseUntilRecovered(scope, availability.isRecovered);
    waitUntilVisible(scope, visible);
    nameRegistry(scope, context.life);
    add(scope);
  };
  app.register(
    guarded((scope) => addRoutes(scope, context)),
    { prefix: '/api/v1' },
  );
  const { adapters } = context;
  if (adapters !== undefined) app.register(guarded((scope) => addAdapters(scope, context, adapters)));
}

/** By which a client with several addresses distinguishes nodes of one registry from several registries. */
function nameRegistry(scope: FastifyInstance, life: Life): void {
  scope.addHook('onRequest', (_request, reply, done) => {
    reply.header(registryHeader, life.registry);
    done();
  });
}

interface Created {
  readonly logger: Logger;
  readonly counters: HttpCounters;
  readonly trustedProxies: readonly string[];
  readonly refuse: RefuseCall;
}

function createApp(
  limits: HttpLimits,
  timeouts: HttpTimeouts,
  { logger, counters, trustedProxies, refuse }: Created,
): FastifyInstance {
  const onError = (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
    sendFailure({ logger, counters, refuse }, error, request, reply);
  const app = fastify({
    http: {
      headersTimeout: timeouts.headersMs,
      connectionsCheckingInterval: timeouts.checkEveryMs,
      // Checked below: Node's own answer has no body.
      requireHostHeader: false,
    },
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.idleMs,
    connectionTimeout: timeouts.idleMs,
    bodyLimit: limits.bodyBytes,
    forceCloseConnections: true,
    return503OnClosing: false,
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    routerOptions: { maxParamLength: paramCharactersMax, caseSensitive: true },
    clientErrorHandler: refuseConnection,
    // Before routing, so no hook sees it.
    frameworkErrors: (error, request, reply) => {
      onError(error, request, reply);
      counters.request(request.method, unmatched, reply.statusCode);
    },
  });
  app.setErrorHandler(onError);
  // See schemas.ts: they describe, the parsers judge.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  return app;
}

/** By route template; one closure a route, so that the hot path builds no label. */
function countRequests(app: FastifyInstance, counters: HttpCounters): void {
  app.addHook('onRoute', (route) => {
    const kind = kindOf(route);
    const count = (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
      counters.request(request.method, route.url, reply.statusCode);
      // A call that asked to wait does not measure how fast the server is.
      if (!request.url.includes('wait=') && route.config?.mayWait !== true)
        counters.took(kind, reply.elapsedTime / 1000);
      done();
    };
    const others = route.onResponse === undefined ? [] : [route.onResponse].flat();
    route.onResponse = [...others, count];
  });
  app.addHook('onResponse', (request, reply, done) => {
    if (request.is404) counters.request(request.method, unmatched, reply.statusCode);
    done();
  });
}

function kindOf({ url, method, config }: RouteOptions): CallKind {
  if (url.endsWith('/renew') || config?.isRenewal === true) return 'renewal';
  if (url === dnsQueryPath) return 'read';
  return [method].flat().every((one) => one === 'GET' || one === 'HEAD') ? 'read' : 'write';
}

const unmatched = 'unmatched';

/** Before the body is read: a call that does not exist has no rules for its body. */
function refuseUnknownRoute(
  app: FastifyInstance,
  guide: (request: FastifyRequest) => Failure,
  refuse: RefuseCall,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) refuse(request, reply, guide(request));
    else done();
  });
  // For a route that finds nothing itself: the files of the console.
  app.setNotFoundHandler((request, reply) => refuse(request, reply, guide(request)));
}

function addDescription(app: FastifyInstance, version: string, hasTokens: boolean): void {
  const components = { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } } as const;
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'rollcall',
        version,
        description: 'A service registry that answers in DNS. Register here; look up with anything that speaks DNS.',
      },
      ...(hasTokens ? { components, security: [{ token: [] }] } : {}),
    },
  });
}

/** Every reply of a scope waits until DNS shows all changes that were made before it: see control/visible.ts. */
function waitUntilVisible(scope: FastifyInstance, visible: Visible): void {
  scope.addHook('onSend', (_request, _reply, _payload, done) => {
    const soon = visible();
    if (soon === undefined) done();
    else void resume(soon, done);
  });
}

async function resume(soon: Promise<void>, done: () => void): Promise<void> {
  await soon;
  done();
}

/**
 * A line end after every JSON reply, so that a shell's prompt is not behind it; white space after a JSON text is ignored (RFC
 * 8259 §2). Behind all other hooks that may replace a payload. Streams and what is sent beside the router write their own.
 */
function endJsonWithNewline(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload: unknown, done) => {
    if (request.routeOptions.config.isForeign === true) return done();
    const type = reply.getHeader('content-type');
    const isJson = typeof payload === 'string' && typeof type === 'string' && /^application\/(\S+\+)?json\b/.test(type);
    if (!isJson || payload === '' || payload.endsWith('\n')) return done();
    // Fastify counts again.
    reply.removeHeader('content-length');
    done(null, `${payload}\n`);
  });
}
