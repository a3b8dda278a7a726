// `GET /apps/{env}/{appid}`: an app's instances, and the wait for the next change of it. An app that nobody registered
// is an empty list, not a 404: it can be waited for like any other, and no client has to loop on an error.
// A wait is over at the first change of the app, whatever the filters: the index counts changes of the app.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../registry/clock.ts';
import type { Status } from '../registry/instance.ts';
import { parseAppid, parseEnv } from '../registry/names.ts';
import { type Problem, problem } from '../registry/problem.ts';
import type { Registry } from '../registry/registry.ts';
import { isSelected, nearestFirst, type Selection } from '../registry/selection.ts';
import type { StoredInstance } from '../registry/stored-instance.ts';
import { isNotModified, sendNotModified } from './entity-tag.ts';
import { instanceDocument } from './instance-document.ts';
import type { LongPolls } from './long-poll.ts';
import { sendProblem } from './problem-details.ts';
import { QueryReader } from './query-reader.ts';

export interface ReadAppContext {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly longPolls: LongPolls;
}

/** Design §10: long polls take 30 s, at most 5 min. */
const waitMsDefault = 30_000;
const waitMsMax = 300_000;

interface Wanted {
  readonly env: string;
  readonly appid: string;
  readonly selection: Selection;
  readonly near: string | undefined;
  readonly limit: number | undefined;
  /** The revision that the caller knows; undefined: the present one. */
  readonly index: number | undefined;
  /** Undefined: the caller does not wait. */
  readonly waitMs: number | undefined;
  /** Tells two filters apart in an ETag. */
  readonly filterTag: string;
}

export type AppReader = (request: FastifyRequest, reply: FastifyReply) => FastifyReply;

/** Handles the call, at once or when there is news. */
export function appReader(context: ReadAppContext): AppReader {
  const renderShared = sharedRenderer();
  return (request, reply) => readApp(context, request, reply, renderShared);
}

function readApp(
  context: ReadAppContext,
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
  if (end === undefined) return refuseWaiting(reply, context.longPolls.waiting);
  setIdleMs(0);
  reply.raw.once('close', end);
  return reply;
}

function readWanted(request: FastifyRequest, reply: FastifyReply): Wanted | undefined {
  const params = request.params as { readonly env: string; readonly appid: string };
  const query = new QueryReader(request, parameters);
  const env = parseEnv(params.env);
  const appid = parseAppid(params.appid);
  const status = statusOf(query);
  const filters = {
    ...given('version', query.text('version')),
    ...given('zone', query.text('zone')),
    ...given('group', query.text('group')),
    ...given('tags', query.texts('tag')),
    ...given('port', query.text('port')),
  };
  const selection: Selection = { ...given('status', status), ...filters };
  const near = query.text('near');
  const limit = query.integer('limit', 1, 1000);
  const index = query.integer('index', 0, Number.MAX_SAFE_INTEGER);
  const waitMs = query.durationMs('wait', waitMsMax) ?? (index === undefined ? undefined : waitMsDefault);
  const places = [env, appid].filter((part): part is Problem => typeof part !== 'string');
  if (query.refused(reply, 'Cannot list the instances of an app', places)) return undefined;
  const filterTag = filterTagOf([selection, near, limit]);
  return { env: env as string, appid: appid as string, selection, near, limit, index, waitMs, filterTag };
}

const parameters = ['status', 'version', 'zone', 'group', 'tag', 'port', 'near', 'limit', 'index', 'wait'] as const;

function given<K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, V>);
}

/** A status by name, or as the bit mask by which other registries ask: 1 up, 2 waiting, 3 both. */
function statusOf(query: QueryReader): Status | undefined {
  const text = query.text('status');
  if (text === undefined || text === '3') return undefined;
  if (text === 'up' || text === '1') return 'up';
  if (text === 'waiting' || text === '2') return 'waiting';
  query.problems.push(problem('status', 'must be up, waiting, 1, 2 or 3 (both)', text));
  return undefined;
}

/** FNV-1a of the filters: an ETag is compared with earlier ones of the same URL, so this need not be strong. */
function filterTagOf(filters: readonly unknown[]): string {
  const text = JSON.stringify(filters);
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(36);
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
  context: ReadAppContext,
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
    .header('cache-control', 'no-cache')
    .header('content-type', 'application/json; charset=utf-8')
    .send(render(context, wanted, index));
}

function renderApp({ registry, clock }: ReadAppContext, wanted: Wanted, index: number): string {
  const { env, appid } = wanted;
  const instances = selected(registry, wanted).map((stored) => instanceDocument(stored, clock));
  return JSON.stringify({ env, appid, index, instances });
}

/** A renewal may be missing from a shared reply for this long. */
const sharedMsMax = 50;

/** Renders once for all who are woken by one change and asked for the same: ten thousand of them cost one. */
function sharedRenderer(): typeof renderApp {
  let last = { key: '', text: '', atMs: Number.NEGATIVE_INFINITY };
  return (context, wanted, index) => {
    const key = `${wanted.env} ${wanted.appid} ${tagOf(index, wanted)}`;
    const nowMs = context.clock.monotonicMs();
    if (last.key !== key || nowMs - last.atMs > sharedMsMax) {
      last = { key, text: renderApp(context, wanted, index), atMs: nowMs };
    }
    return last.text;
  };
}

function selected(registry: Registry, wanted: Wanted): readonly StoredInstance[] {
  const all = registry.app(wanted.env, wanted.appid)?.instances() ?? [];
  const matching = [...all].filter(({ instance }) => isSelected(instance, wanted.selection));
  const ordered = wanted.near === undefined ? matching : nearestFirst(matching, wanted.near);
  return wanted.limit === undefined ? ordered : ordered.slice(0, wanted.limit);
}

function refuseWaiting(reply: FastifyReply, waiting: number): FastifyReply {
  return sendProblem(reply, {
    kind: 'overloaded',
    detail: `Cannot wait for a change: ${waiting} callers are waiting already. Ask again without wait, or later.`,
    headers: { 'retry-after': '5' },
  });
}
