// `GET /events`: who changed what, when and why, newest first. The cursor is the revision of the last one of the page
// before, so a page is right whatever happens in between.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EventPage, EventQuery } from '../../control/record.ts';
import type { Cause } from '../../model/change.ts';
import { parseEnv, parseInstanceId } from '../../model/names.ts';
import { problem } from '../../model/problem.ts';
import { eventDocument } from '../documents/event-document.ts';
import { isoTime } from '../documents/instance-document.ts';
import type { ApiContext } from './api-context.ts';
import { parseAppKey } from './app-path.ts';
import { readMoment } from './moment.ts';
import { QueryReader } from './query-reader.ts';

export const eventCauses = [
  'registered',
  'replaced',
  'patched',
  'drained',
  'resumed',
  'hold-ended',
  'lapsed',
  'cancelled',
  'evicted',
  'checked',
] as const;

const limitDefault = 100;
const limitMax = 1000;
const parameters = ['env', 'app', 'instance', 'why', 'from', 'to', 'limit', 'before'] as const;

/** Handles the call. */
export async function readEvents(
  { control, clock, forbid }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = new QueryReader(request, parameters);
  const wanted = readWanted(query, clock.wallMs());
  if (query.refused(reply, 'Cannot list events')) return reply;
  const scope = request.principal.scope('read');
  const { env, appid } = wanted;
  const isCovered = env === undefined || (appid === undefined ? scope.touches(env) : scope.covers(env, appid));
  if (!isCovered) return forbid(request, reply, 'read', [env, appid].filter((part) => part !== undefined).join('/'));
  // One more than the page, to know whether there is another.
  const page = await control.record.events({ ...wanted, limit: wanted.limit + 1 }, scope);
  const changes = page.changes.slice(0, wanted.limit);
  const last = changes.at(-1);
  const more = page.changes.length > changes.length && last !== undefined ? String(last.revision) : undefined;
  const next = more ?? (page.scannedTo === undefined ? undefined : String(page.scannedTo));
  if (next !== undefined) reply.header('link', `<${urlOfNext(request.url, next)}>; rel="next"`);
  // What is after the cursor comes with the next page.
  const end = next === undefined ? 0 : Number(next);
  const unreadable = page.unreadable.filter((revision) => revision > end);
  const document = {
    events: changes.map(eventDocument),
    ...completeSince(page),
    ...(unreadable.length === 0 ? {} : { unreadable }),
  };
  return reply.header('cache-control', 'no-store').send(next === undefined ? document : { ...document, next });
}

/** From when the record is complete, in the form of replies. */
function completeSince(page: EventPage) {
  return { completeSince: isoTime(page.completeSinceMs), completeSinceRevision: page.completeSince };
}

function readWanted(query: QueryReader, nowMs: number): EventQuery {
  const place = readPlace(query);
  const instance = query.text('instance');
  const id = instance === undefined ? undefined : parseInstanceId(instance);
  if (typeof id === 'object') query.problems.push(id);
  const why = readWhy(query);
  const fromMs = readMoment(query, 'from', nowMs);
  const toMs = readMoment(query, 'to', nowMs);
  if (fromMs !== undefined && toMs !== undefined && fromMs > toMs) {
    query.problems.push(problem('from', 'must not be after "to"', query.text('from')));
  }
  const before = query.integer('before', 1, Number.MAX_SAFE_INTEGER);
  const limit = query.integer('limit', 1, limitMax) ?? limitDefault;
  return {
    ...place,
    ...(typeof id === 'string' ? { instance: id } : {}),
    ...(why === undefined ? {} : { why }),
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
    ...(before === undefined ? {} : { before }),
    limit,
  };
}

/** `env=prod`, `app=prod/orders`, or both where they agree. */
function readPlace(query: QueryReader): Pick<EventQuery, 'env' | 'appid'> {
  const [envText, appText] = [query.text('env'), query.text('app')];
  const env = envText === undefined ? undefined : parseEnv(envText);
  if (typeof env === 'object') query.problems.push(env);
  if (appText === undefined) return typeof env === 'string' ? { env } : {};
  const place = parseAppKey('app', appText);
  if ('message' in place) query.problems.push(place);
  else if (typeof env === 'string' && env !== place.env) {
    query.problems.push(problem('app', `must be in the env that is asked for, ${env}`, appText));
  } else return place;
  return {};
}

function readWhy(query: QueryReader): Cause['why'][] | undefined {
  const text = query.text('why');
  if (text === undefined) return undefined;
  const words = text.split(',');
  const isCause = (word: string): word is (typeof eventCauses)[number] =>
    (eventCauses as readonly string[]).includes(word);
  for (const word of words) {
    if (!isCause(word)) query.problems.push(problem('why', `must be some of ${eventCauses.join(', ')}`, word));
  }
  return [...new Set(words.filter(isCause))];
}

function urlOfNext(url: string, before: string): string {
  const [path = '', search = ''] = url.split('?');
  const params = new URLSearchParams(search);
  params.set('before', before);
  return `${path}?${params.toString()}`;
}
