// `GET /watch`: what changes, as server-sent events (WHATWG HTML), for as long as the client listens. The reply is ended
// by the end of its connection, not in chunks: so the very same octets are written to every watcher. A watch has its
// connection to itself; in a pipeline it would wait behind others, or they behind it.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Life } from '../../model/life.ts';
import { type AppKey, parseEnv } from '../../model/names.ts';
import type { AppScope } from '../../model/scope.ts';
import { clientOf } from '../server/client-address.ts';
import { sendProblem } from '../server/problem-details.ts';
import { retryAfter } from '../server/retry-after.ts';
import { retryText } from '../watch/event-text.ts';
import { type WatchQuery, watchQuery } from '../watch/watch-query.ts';
import type { ApiContext } from './api-context.ts';
import { parseAppKey } from './app-path.ts';
import { QueryReader } from './query-reader.ts';
import { problemAnswer } from './schemas.ts';
import { readSelection, selectionParameters } from './selection-query.ts';
import * as schemas from './watch-schemas.ts';

/** Ten thousand watchers of a server that has gone come back over some seconds. */
const retryMs = { least: 1000, most: 5000 };
const retryAfterSeconds = 5;

const headers = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  connection: 'close',
  // nginx would hold events back to fill its buffers.
  'x-accel-buffering': 'no',
};

const watchParameters = ['app', 'env', ...selectionParameters] as const;

/** Adds the call to a scope whose prefix is /api/v1. */
export function addWatchRoutes(scope: FastifyInstance, context: ApiContext): void {
  const schema = {
    summary: 'Watch what changes',
    description:
      'Server-sent events: a `snapshot` of each app and `synced`, then `registered`, `updated`, `cancelled` and ' +
      '`evicted` as they happen. Put an instance when `matches` is true, drop it otherwise. With `Last-Event-ID` it goes ' +
      'on from there; where it cannot, it sends `gap`: forget everything, a snapshot follows.',
    tags: ['instances'],
    produces: ['text/event-stream'],
    querystring: schemas.watchQuery,
    response: { 200: schemas.watchReply, '4xx': problemAnswer, 503: problemAnswer },
  };
  scope.get('/watch', { schema }, (request, reply) => {
    watch(context, request, reply);
  });
}

function watch(context: ApiContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const {
    watchers,
    life,
    random,
    control: { log },
  } = context;
  const parameters = new QueryReader(request, [...watchParameters, 'lastEventId']);
  const scope = request.principal.scope('read');
  const query = readWatchQuery(parameters, scope);
  const given = parameters.revision('lastEventId', life);
  if (parameters.refused(reply, 'Cannot watch')) return reply;
  const outside = outsideOf(scope, query);
  if (outside !== undefined) return context.forbid(request, reply, 'read', outside);
  if (!takesEvents(request.headers.accept)) {
    const detail = 'Cannot watch: the events are of type text/event-stream, which the Accept header excludes.';
    return sendProblem(reply, { kind: 'not-acceptable', detail });
  }
  if (request.method === 'HEAD') return reply.headers(headers).send('');
  // Pipelined, the response has no socket yet.
  if (reply.raw.socket === null) {
    const detail = 'Cannot watch on a connection that still has another call to answer: open one for the watch alone.';
    return sendProblem(reply, { kind: 'bad-request', detail, headers: { connection: 'close' } });
  }
  if (watchers.isFull) {
    log.count.refused('watchers');
    return sendProblem(reply, {
      kind: 'overloaded',
      detail: `Cannot watch: ${watchers.count} are watching already. Ask again later.`,
      headers: { 'retry-after': retryAfter(retryAfterSeconds, random) },
    });
  }
  reply.hijack();
  const response = begin(request.raw, reply, random);
  context.follow(response, clientOf(request.raw.socket.remoteAddress ?? ''));
  const known = knownOf(request.raw, given, life);
  // A client that has gone gets no end; a request that was counted as answered must not be counted again.
  let isCounted = false;
  response.once('finish', () => {
    isCounted = true;
  });
  response.once('close', () => {
    if (!isCounted) log.count.request(request.method, request.routeOptions.url ?? '', response.statusCode);
  });
  if (response.destroyed || !watchers.open(response, query, known)) response.end();
  return reply;
}

/** What the caller wants; faults go to the reader's problems. */
function readWatchQuery(query: QueryReader, scope: AppScope): WatchQuery {
  const apps = (query.texts('app') ?? []).map((text) => parseAppKey('app', text));
  const envs = (query.texts('env') ?? []).map((text) => parseEnv(text));
  for (const part of [...apps, ...envs]) if (typeof part === 'object' && 'field' in part) query.problems.push(part);
  const selection = readSelection(query);
  return watchQuery(
    apps.filter((app): app is AppKey => 'env' in app),
    envs.filter((env): env is string => typeof env === 'string'),
    selection,
    scope,
  );
}

/** What the query names and the caller may not read. */
function outsideOf(scope: AppScope, { apps, envs }: WatchQuery): string | undefined {
  const app = apps.find(({ env, appid }) => !scope.covers(env, appid));
  return app === undefined ? envs.find((env) => !scope.touches(env)) : `${app.env}/${app.appid}`;
}

/** Sends the head and turns off the idle limit. */
function begin({ socket }: IncomingMessage, reply: FastifyReply, random: () => number): ServerResponse {
  const response = reply.raw;
  socket.setTimeout(0);
  socket.setNoDelay(true);
  response.useChunkedEncodingByDefault = false;
  const own = Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined);
  response.writeHead(200, { ...(Object.fromEntries(own) as Record<string, string>), ...headers });
  response.write(retryText(Math.round(retryMs.least + random() * (retryMs.most - retryMs.least))));
  return response;
}

/** No revision of ours: an id of another life, or one that cannot be read. */
const unknownPosition = -1;

/** The header is what a browser knows by now, the parameter what it began with. */
function knownOf(request: IncomingMessage, given: number | 'other' | undefined, life: Life): number | undefined {
  const header = request.headers['last-event-id'];
  const known = header === undefined || header === '' ? given : (life.revisionOf(String(header)) ?? 'other');
  return known === 'other' ? unknownPosition : known;
}

/** RFC 9110 §12.5.1: the most specific range that applies decides; a weight of 0 excludes. */
function takesEvents(accept: string | undefined): boolean {
  if (accept === undefined) return true;
  const ranges = new Map<string, boolean>();
  for (const part of accept.split(',')) {
    const [range = '', ...rest] = part.split(';').map((text) => text.trim().toLowerCase());
    ranges.set(range, !rest.some((text) => /^q=0(\.0*)?$/.test(text)));
  }
  return ranges.get('text/event-stream') ?? ranges.get('text/*') ?? ranges.get('*/*') ?? false;
}
