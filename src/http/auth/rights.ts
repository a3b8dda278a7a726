// Which right each route needs, and the check of it, after authentication and before anything of the call is read. A
// route has its right in its config; one without is refused to all who lack `read`, or `register` where it changes
// something. What the path names (`:env`, `:appid`) has to be covered; a call that names nothing needs the right somewhere,
// and narrows what it shows to `principal.scope('read')` itself, or asks control for each change.
// The right is in the description of the API as `x-right`, where a test tries every route with every principal.

import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { RefusedCalls } from '../../control/refused-calls.ts';
import type { HttpCounters } from '../../model/http-counters.ts';
import { type Principal, principalText, type Right } from '../../model/principal.ts';
import { printable } from '../../model/problem.ts';
import { forbiddenText } from '../../model/submit.ts';
import { type Failure, sendProblem } from '../server/problem-details.ts';
import { isOpenPath, type RefuseCall, unauthorized } from './auth.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `any`: any caller with credentials; `open`: without credentials too. */
    right?: Right | 'any' | 'open';
    /** Is enough as well: what decides is in the call, and control judges it. */
    orRight?: Right;
    /** The right has to hold everywhere: what is shown or changed is of all apps. */
    isWhole?: boolean;
    /** The same for the env that `requestedApp` gives. */
    isWholeEnv?: boolean;
    /** What a path names that has no `:env` and `:appid`; no text: no app. */
    requestedApp?: (request: FastifyRequest) => { readonly env: string; readonly appid?: unknown };
    /** As clients of a front know it. */
    refuse?: RefuseCall | undefined;
  }
}

/** To be called before routes are added. */
export function describeRights(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const right = rightOf(route);
    route.config = { ...route.config, right };
    if (route.schema?.hide !== true && right !== 'open') route.schema = { ...route.schema, ...{ 'x-right': right } };
  });
}

function rightOf({ url, method, config }: RouteOptions): Right | 'any' | 'open' {
  if (config?.right !== undefined) return config.right;
  if (isOpenPath(url)) return 'open';
  const methods = Array.isArray(method) ? method : [method];
  return methods.every((one) => one === 'GET' || one === 'HEAD') ? 'read' : 'register';
}

export interface RightsDeps {
  readonly refusedCalls: RefusedCalls;
  readonly counters: HttpCounters;
  /** There is nothing that a caller could show. */
  readonly isOpen: boolean;
}

/** Adds the check, after authentication. */
export function requireRights(app: FastifyInstance, deps: RightsDeps): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { right = 'read', orRight, ...whole } = request.routeOptions.config;
    if (right === 'open' || right === 'any' || request.is404) return done();
    const { env, appid } = placeIn(request);
    const { principal } = request;
    if (isCovered(principal, right, whole, env, appid)) return done();
    if (orRight !== undefined && isCovered(principal, orRight, whole, env, appid)) return done();
    const all = whole.isWhole === true ? 'all apps' : 'any app';
    const where = env === undefined ? all : printable(appid === undefined ? env : `${env}/${appid}`);
    sendForbidden(deps, request, reply, right, where);
  });
}

interface NamedPlace {
  readonly env?: string;
  readonly appid?: string;
}

function placeIn(request: FastifyRequest): NamedPlace {
  const { requestedApp, isWholeEnv = false } = request.routeOptions.config;
  const named = requestedApp?.(request);
  if (named !== undefined && isWholeEnv) return { env: named.env };
  if (named === undefined) return request.params as NamedPlace;
  return typeof named.appid === 'string' ? { env: named.env, appid: named.appid } : {};
}

function isCovered(
  principal: Principal,
  right: Right,
  { isWhole = false, isWholeEnv = false }: FastifyContextConfig,
  env?: string,
  appid?: string,
): boolean {
  const scope = principal.scope(right);
  if (isWhole) return scope.isEverywhere;
  if (env === undefined) return !scope.isNowhere;
  if (isWholeEnv) return scope.coversEnv(env);
  return appid === undefined ? scope.touches(env) : scope.covers(env, appid);
}

/** 403 where the caller is known, 401 where it could still show who it is. */
export function sendForbidden(
  { refusedCalls, counters, isOpen }: RightsDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  right: Right,
  where: string,
): FastifyReply {
  const { principal, method, routeOptions } = request;
  const who = principalText(principal);
  const path = printable(request.url.split('?', 1)[0]);
  counters.refused('right');
  refusedCalls.note({
    reason: 'right',
    who,
    address: request.ip,
    what: `${method} ${routeOptions.url}`,
    missing: right,
    where,
  });
  const text = forbiddenText({ kind: 'forbidden', right, who, where });
  const failure: Failure =
    principal.name === '' && !isOpen
      ? unauthorized(text, false)
      : { kind: 'forbidden', detail: `Cannot ${method} ${path}: ${text}.`, members: { right, who } };
  const { refuse } = routeOptions.config;
  if (refuse === undefined) return sendProblem(reply, failure);
  refuse(request, reply, failure);
  return reply;
}
