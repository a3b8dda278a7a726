// `GET /apps/{env}/{appid}`: an app's instances, and the wait for the next change of it. An app that nobody registered
// is an empty list, not a 404: it can be waited for like any other, and no client has to loop on an error.
// A wait is over at the first change of the app, whatever the filters: the index counts changes of the app.
// The ETag is weak and covers the app's revision, the filters and the choice, not the order that `order=` drew: a 304
// says that nobody came, left or changed, so that the list the caller has is as good as a new one. Who wants a new draw
// leaves If-None-Match out; caches, which would add it by themselves, are told not to store such replies.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DecisionLog } from '../../control/decision-log.ts';
import type { LongPolls } from '../../control/long-poll.ts';
import type { InstanceRecord } from '../../model/instance-record.ts';
import { parseAppid, parseEnv } from '../../model/names.ts';
import type { Problem } from '../../model/problem.ts';
import { type Choice, choose } from '../../model/selection/choose.ts';
import { isSelected, type Selection } from '../../model/selection/filter.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Clock } from '../../runtime/clock.ts';
import { textHash } from '../../runtime/text-hash.ts';
import { sendProblem } from '../server/problem-details.ts';
import { retryAfter } from '../server/retry-after.ts';
import { choiceParameters, readChoice, Turns } from './app-choice.ts';
import { isNotModified, sendNotModified } from './entity-tag.ts';
import { instanceDocument } from './instance-document.ts';
import { QueryReader } from './query-reader.ts';
import { readSelection, selectionParameters } from './selection-query.ts';

export interface ReadAppContext {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly longPolls: LongPolls;
  readonly log: DecisionLog;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Design §10: long polls take 30 s, at most 5 min. */
const waitMsDefault = 30_000;
const waitMsMax = 300_000;

interface Wanted {
  readonly env: string;
  readonly appid: string;
  readonly selection: Selection;
  readonly choice: Choice;
  /** The revision that the caller knows; undefined: the present one. */
  readonly index: number | undefined;
  /** Undefined: the caller does not wait. */
  readonly waitMs: number | undefined;
  /** Tells two filters apart in an ETag. */
  readonly filterTag: string;
}

/** With what is remembered from call to call. */
interface AppReaderContext extends ReadAppContext {
  readonly turns: Turns;
}

export type AppReader = (request: FastifyRequest, reply: FastifyReply) => FastifyReply;

/** Handles the call, at once or when there is news. */
export function appReader(deps: ReadAppContext): AppReader {
  const context = { ...deps, turns: new Turns(deps.random) };
  const renderShared = sharedRenderer();
  return (request, reply) => readApp(context, request, reply, renderShared);
}

function readApp(
  context: AppReaderContext,
  request: FastifyRequest,
  reply: FastifyReply,
  renderShared: typeof renderApp,
): FastifyReply {
  const wanted = readWanted(request, reply);
  if (wanted === undefined) return reply;
  const mayWait = (wanted.waitMs ?? 0) > 0;
  if (!mayWait || hasNews(context.registry, request, wanted)) return sendApp(context, request, reply, wanted);
  // The idle limit is for connections that nobody waits on; fake sockets of tests have none.
  const setIdleMs = (ms: number) => request.socket.setTimeout?.(ms);
  const idleMs = request.socket.timeout ?? 0;
  const end = context.longPolls.wait(wanted.env, wanted.appid, wanted.waitMs as number, () => {
    setIdleMs(idleMs);
    sendApp(context, request, reply, wanted, renderShared);
  });
  if (end === undefined) return refuseWaiting(context, reply);
  setIdleMs(0);
  reply.raw.once('close', end);
  return reply;
}

function readWanted(request: FastifyRequest, reply: FastifyReply): Wanted | undefined {
  const params = request.params as { readonly env: string; readonly appid: string };
  const query = new QueryReader(request, parameters);
  const env = parseEnv(params.env);
  const appid = parseAppid(params.appid);
  const selection = readSelection(query);
  const choice = readChoice(query, request);
  const index = query.integer('index', 0, Number.MAX_SAFE_INTEGER);
  const waitMs = query.durationMs('wait', waitMsMax) ?? (index === undefined ? undefined : waitMsDefault);
  const places = [env, appid].filter((part): part is Problem => typeof part !== 'string');
  if (query.refused(reply, 'Cannot list the instances of an app', places)) return undefined;
  const filterTag = filterTagOf([selection, choice]);
  return { env: env as string, appid: appid as string, selection, choice, index, waitMs, filterTag };
}

const parameters = [...selectionParameters, ...choiceParameters, 'index', 'wait'] as const;

/** Of the filters: an ETag is compared with earlier ones of the same URL, so this need not be strong. */
function filterTagOf(filters: readonly unknown[]): string {
  return (textHash(JSON.stringify(filters)) >>> 0).toString(36);
}

/** True where the caller need not wait. */
function hasNews(registry: Registry, request: FastifyRequest, wanted: Wanted): boolean {
  const { env, appid, index } = wanted;
  const known = registry.appRevision(env, appid);
  if (index === undefined) {
    // Without a number the caller's ETag says what he knows.
    return request.headers['if-none-match'] !== undefined && !isNotModified(request, tagOf(known, wanted));
  }
  // 0: he knows nothing. Above ours: a number from another life of the registry.
  return index === 0 || known > index || index > Math.max(registry.revision, 1);
}

function tagOf(known: number, wanted: Wanted): string {
  return `W/"${known}-${wanted.filterTag}"`;
}

function sendApp(
  context: AppReaderContext,
  request: FastifyRequest,
  reply: FastifyReply,
  wanted: Wanted,
  render = renderApp,
): FastifyReply {
  const { registry } = context;
  const known = registry.appRevision(wanted.env, wanted.appid);
  const index = known > 0 ? known : Math.max(registry.revision, 1);
  const tag = tagOf(known, wanted);
  reply.header('x-rollcall-index', String(index));
  if (isNotModified(request, tag)) return sendNotModified(reply, tag);
  return reply
    .header('etag', tag)
    .header('cache-control', wanted.choice.order === undefined ? 'no-cache' : 'no-store')
    .header('content-type', 'application/json; charset=utf-8')
    .send(render(context, wanted, index));
}

/** What several callers of one app and selection may share: who matches, and the text of each. */
interface Rendering {
  readonly matching: readonly InstanceRecord[];
  readonly texts: Map<InstanceRecord, string>;
  /** The last whole list; of those with an order none is like another. */
  last?: { readonly filterTag: string; readonly text: string };
}

function renderApp(
  context: AppReaderContext,
  wanted: Wanted,
  index: number,
  shared = matchingOf(context, wanted),
): string {
  const { env, appid, choice, filterTag } = wanted;
  const { matching, texts, last } = shared;
  if (last?.filterTag === filterTag && choice.order === undefined) return last.text;
  const chosen = choose(matching, choice, () => context.turns.draw(`${env} ${appid} ${filterTag}`));
  const instances = chosen.map((stored) => {
    const text = texts.get(stored) ?? JSON.stringify(instanceDocument(stored, context.clock));
    texts.set(stored, text);
    return text;
  });
  const text = `{"env":"${env}","appid":"${appid}","index":${index},"instances":[${instances.join(',')}]}`;
  if (choice.order === undefined) shared.last = { filterTag, text };
  return text;
}

function matchingOf({ registry }: AppReaderContext, { env, appid, selection }: Wanted): Rendering {
  const all = registry.app(env, appid)?.instances() ?? [];
  return { matching: [...all].filter(({ instance }) => isSelected(instance, selection)), texts: new Map() };
}

/** A renewal may be missing from a shared reply for this long. */
const sharedMsMax = 50;

/** Renders once for all who are woken by one change and asked for the same: ten thousand of them cost one. */
function sharedRenderer(): typeof renderApp {
  let last: { key: string; atMs: number; shared: Rendering } | undefined;
  return (context, wanted, index) => {
    const key = JSON.stringify([wanted.env, wanted.appid, index, wanted.selection]);
    const nowMs = context.clock.monotonicMs();
    if (last?.key !== key || nowMs - last.atMs > sharedMsMax) {
      last = { key, atMs: nowMs, shared: matchingOf(context, wanted) };
    }
    return renderApp(context, wanted, index, last.shared);
  };
}

function refuseWaiting({ log, longPolls, random }: AppReaderContext, reply: FastifyReply): FastifyReply {
  log.count.refused('long-polls');
  return sendProblem(reply, {
    kind: 'overloaded',
    detail: `Cannot wait for a change: ${longPolls.waiting} callers are waiting already. Ask again without wait, or later.`,
    headers: { 'retry-after': retryAfter(3, random) },
  });
}
