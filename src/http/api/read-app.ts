// `GET /apps/{env}/{appid}`: an app's instances, and the wait for the next change of it. An app that was never registered
// is an empty list, not a 404: it can be waited for like any other, and no client has to loop on an error.
// A wait is over at the first change of the app, whatever the filters: the index counts changes of the app. In the header
// it carries its life (`LIFE-N`), in the body it is a plain number, which means this life.
// The ETag is weak and covers the app's revision, the filters and the choice, not the order that `order=` drew: a 304
// means that no instance came, left or changed, so that the list the caller has is as good as a new one. A caller that
// wants a new draw leaves If-None-Match out; caches, which would add it by themselves, may not store such replies.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { InstanceRecord } from '../../model/instance-record.ts';
import { type AppKey, parseAppid, parseEnv } from '../../model/names.ts';
import type { Problem } from '../../model/problem.ts';
import type { Choice } from '../../model/selection/choose.ts';
import type { Selection } from '../../model/selection/filter.ts';
import { textHash } from '../../runtime/text-hash.ts';
import { instanceDocument } from '../documents/instance-document.ts';
import { sendProblem } from '../server/problem-details.ts';
import { retryAfter } from '../server/retry-after.ts';
import { holdReply } from '../server/waiting-reply.ts';
import type { ApiContext } from './api-context.ts';
import { choiceParameters, readChoice } from './app-choice.ts';
import { isTagKnown, sendNotModified } from './entity-tag.ts';
import { QueryReader } from './query-reader.ts';
import { readSelection, selectionParameters } from './selection-query.ts';

/** Design §10: long polls take 30 s, at most 5 min. */
const waitMsDefault = 30_000;
const waitMsMax = 300_000;

interface Wanted {
  readonly place: AppKey;
  readonly selection: Selection;
  readonly choice: Choice;
  /** The revision that the caller knows; `other`: one of another life; undefined: the present one. */
  readonly index: number | 'other' | undefined;
  /** Undefined: the caller does not wait. */
  readonly waitMs: number | undefined;
  /** Distinguishes filters in an ETag. */
  readonly filterTag: string;
}

export type AppReader = (request: FastifyRequest, reply: FastifyReply) => void;

/** Handles the call, at once or when the app has changed. */
export function appReader(context: ApiContext): AppReader {
  const renderShared = sharedRenderer();
  return (request, reply) => {
    const wanted = readWanted(context, request, reply);
    if (wanted === undefined) return;
    const mayWait = (wanted.waitMs ?? 0) > 0;
    if (mayWait && !hasNews(context, request, wanted)) wait(context, request, reply, wanted, renderShared);
    else sendApp(context, request, reply, wanted, renderApp);
  };
}

function wait(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  wanted: Wanted,
  render: typeof renderApp,
): void {
  const { control } = context;
  let held: ReturnType<typeof holdReply> | undefined;
  const end = control.apps.wait(wanted.place, wanted.waitMs as number, () => {
    held?.end();
    sendApp(context, request, reply, wanted, render);
  });
  if (end === undefined) {
    refuseWaiting(context, reply);
    return;
  }
  held = holdReply(request, reply);
  reply.raw.once('close', end);
}

function readWanted({ life }: ApiContext, request: FastifyRequest, reply: FastifyReply): Wanted | undefined {
  const params = request.params as { readonly env: string; readonly appid: string };
  const query = new QueryReader(request, parameters);
  const env = parseEnv(params.env);
  const appid = parseAppid(params.appid);
  const selection = readSelection(query);
  const choice = readChoice(query, request);
  const index = query.revision('index', life);
  const waitMs = query.durationMs('wait', waitMsMax) ?? (index === undefined ? undefined : waitMsDefault);
  const places = [env, appid].filter((part): part is Problem => typeof part !== 'string');
  if (query.refused(reply, 'Cannot list the instances of an app', places)) return undefined;
  const filterTag = filterTagOf([selection, choice]);
  return { place: { env: env as string, appid: appid as string }, selection, choice, index, waitMs, filterTag };
}

const parameters = [...selectionParameters, ...choiceParameters, 'index', 'wait', 'consistent'] as const;

/** Of the filters: an ETag is compared with earlier ones of the same URL, so this need not be strong. */
function filterTagOf(filters: readonly unknown[]): string {
  return (textHash(JSON.stringify(filters)) >>> 0).toString(36);
}

/** True where the caller need not wait. */
function hasNews(context: ApiContext, request: FastifyRequest, wanted: Wanted): boolean {
  const { place, index } = wanted;
  if (index === 'other') return true;
  if (index !== undefined) return context.control.apps.hasChanged(place, index);
  // Without a number the caller's ETag is what it knows.
  return request.headers['if-none-match'] !== undefined && !isTagKnown(request, tagOf(context, wanted));
}

function tagOf({ control, life }: ApiContext, { place, filterTag }: Wanted): string {
  return `W/"${life.textOf(control.apps.revision(place))}-${filterTag}"`;
}

function sendApp(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  wanted: Wanted,
  render: typeof renderApp,
): void {
  const { control, life } = context;
  const index = control.apps.index(wanted.place);
  const tag = tagOf(context, wanted);
  reply.header('x-rollcall-index', life.textOf(index));
  if (isTagKnown(request, tag)) sendNotModified(reply, tag);
  else
    reply
      .header('etag', tag)
      .header('cache-control', wanted.choice.order === undefined ? 'no-cache' : 'no-store')
      .header('content-type', 'application/json; charset=utf-8')
      .send(render(context, wanted, index));
}

/** What several callers of one app and selection may share: the matching instances, and the text of each. */
interface Rendering {
  readonly matching: readonly InstanceRecord[];
  readonly texts: Map<InstanceRecord, string>;
  /** The last whole list; of those with an order none is like another. */
  last?: { readonly filterTag: string; readonly text: string };
}

function renderApp(context: ApiContext, wanted: Wanted, index: number, shared = renderingOf(context, wanted)): string {
  const { place, choice, filterTag } = wanted;
  const { env, appid } = place;
  const { matching, texts, last } = shared;
  if (last?.filterTag === filterTag && choice.order === undefined) return last.text;
  const chosen = context.control.apps.chosen(matching, choice, `${env} ${appid} ${filterTag}`);
  const instances = chosen.map((stored) => {
    const text = texts.get(stored) ?? JSON.stringify(instanceDocument(stored, context.clock));
    texts.set(stored, text);
    return text;
  });
  const text = `{"env":"${env}","appid":"${appid}","index":${index},"instances":[${instances.join(',')}]}`;
  if (choice.order === undefined) shared.last = { filterTag, text };
  return text;
}

function renderingOf({ control }: ApiContext, { place, selection }: Wanted): Rendering {
  return { matching: control.apps.matching(place, selection), texts: new Map() };
}

/** A renewal may be missing from a shared reply for this long. */
const sharedMsMax = 50;

/** Renders once for all callers woken by one change that asked for the same: ten thousand of them cost one. */
function sharedRenderer(): typeof renderApp {
  let last: { key: string; atMs: number; shared: Rendering } | undefined;
  return (context, wanted, index) => {
    const key = JSON.stringify([wanted.place, index, wanted.selection]);
    const nowMs = context.clock.monotonicMs();
    if (last?.key !== key || nowMs - last.atMs > sharedMsMax) {
      last = { key, atMs: nowMs, shared: renderingOf(context, wanted) };
    }
    return renderApp(context, wanted, index, last.shared);
  };
}

function refuseWaiting({ control, random }: ApiContext, reply: FastifyReply): void {
  control.log.count.refused('long-polls');
  sendProblem(reply, {
    kind: 'overloaded',
    detail: `Cannot wait for a change: ${control.apps.waiting} callers are waiting already. Ask again without wait, or later.`,
    headers: { 'retry-after': retryAfter(3, random) },
  });
}
