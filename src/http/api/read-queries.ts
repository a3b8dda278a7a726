// `GET /queries`: who asks DNS for what. `GET /queries/unasked`: apps without queries.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type {
  QueryFilter,
  QueryGroup,
  QueryGrouping,
  QueryLists,
  QueryOrder,
} from '../../control/queries/query-lists.ts';
import { type AppKey, type InstanceKey, parseInstanceKey } from '../../model/names.ts';
import { problem } from '../../model/problem.ts';
import type { Clock } from '../../runtime/clock.ts';
import { isoOfMonotonic, isoTime } from '../documents/instance-document.ts';
import { sendProblem } from '../server/problem-details.ts';
import type { ApiContext } from './api-context.ts';
import { parseAppKey } from './app-path.ts';
import { QueryReader } from './query-reader.ts';
import { unaskedQuery, unaskedReply, whoAsksQuery, whoAsksReply } from './query-schemas.ts';
import { problemAnswer } from './schemas.ts';

const limitDefault = 100;
const limitMax = 1000;
const offsetMax = 100_000;
const withinDefaultMs = 7 * 86_400_000;
const withinMaxMs = 365 * 86_400_000;

const groupings: readonly QueryGrouping[] = ['question', 'name', 'client', 'app', 'none'];
const orders: readonly QueryOrder[] = ['queries', 'minute', 'hour', 'day', 'recent'];

/** Adds both calls to a scope whose prefix is /api/v1. */
export function addQueryRoutes(scope: FastifyInstance, context: ApiContext): void {
  const common = { tags: ['dns'] };
  const answers = { '4xx': problemAnswer };
  const list = {
    ...common,
    summary: 'Who asks DNS for what',
    description: 'Counted since this process began, in bounded memory: `unlisted` is how many queries are in no row.',
    querystring: whoAsksQuery,
    response: { 200: whoAsksReply, ...answers },
  };
  scope.get('/queries', { schema: list }, (request, reply) => {
    readQueries(context, request, reply);
  });
  const unasked = {
    ...common,
    summary: 'List the apps without DNS queries',
    querystring: unaskedQuery,
    response: { 200: unaskedReply, ...answers },
  };
  scope.get('/queries/unasked', { schema: unasked }, (request, reply) => {
    readUnasked(context, request, reply);
  });
}

function readQueries(context: ApiContext, request: FastifyRequest, reply: FastifyReply): void {
  const names = ['name', 'instance', 'type', 'rcode', 'transport', 'client', 'app', 'by', 'order', 'limit', 'offset'];
  const query = new QueryReader(request, names);
  const filter = filterOf(query);
  const instance = instanceOf(query);
  const page = {
    by: wordOf(query, 'by', groupings) ?? 'question',
    order: wordOf(query, 'order', orders) ?? 'queries',
    limit: query.integer('limit', 1, limitMax) ?? limitDefault,
    offset: query.integer('offset', 0, offsetMax) ?? 0,
  };
  const { control, clock } = context;
  if (query.refused(reply, 'Cannot list who asks for what')) return;
  const lists = listsOf(control.queries, reply);
  if (lists === undefined) return;
  const own = instance === undefined ? undefined : ownName(instance, context);
  if (instance !== undefined && own === undefined) {
    const { env, appid, instance: id } = instance;
    return void sendProblem(reply, {
      kind: 'unknown-instance',
      detail: `Cannot list who asks for ${env}/${appid}/${id}: it is not registered.`,
    });
  }
  const sought = own === undefined ? filter : { ...filter, name: own };
  const { groups, total, unlisted, sinceMs } = lists.list(request.principal, sought, page);
  const next = page.offset + groups.length;
  reply.header('cache-control', 'no-store').send({
    since: isoOfMonotonic(sinceMs, clock),
    total,
    ...(unlisted === undefined ? {} : { unlisted }),
    queries: groups.map((group) => documentOf(group, clock)),
    ...(next < total ? { next } : {}),
  });
}

function readUnasked(context: ApiContext, request: FastifyRequest, reply: FastifyReply): void {
  const query = new QueryReader(request, ['within', 'limit']);
  const withinMs = query.durationMs('within', withinMaxMs) ?? withinDefaultMs;
  const limit = query.integer('limit', 1, limitMax) ?? limitDefault;
  const { control } = context;
  if (query.refused(reply, 'Cannot list the apps without queries')) return;
  const lists = listsOf(control.queries, reply);
  if (lists === undefined) return;
  const { apps, sinceMs } = lists.unasked(request.principal, withinMs, limit);
  const document = apps.map(({ env, appid, lastMs }) => ({
    env,
    appid,
    lastSeen: lastMs === undefined ? null : isoTime(lastMs),
  }));
  reply.header('cache-control', 'no-store').send({ since: isoTime(sinceMs), apps: document });
}

function listsOf(lists: QueryLists | undefined, reply: FastifyReply): QueryLists | undefined {
  if (lists === undefined)
    sendProblem(reply, { kind: 'not-recorded', detail: 'Who asks for what is not kept: queryStatistics is off.' });
  return lists;
}

function filterOf(query: QueryReader): QueryFilter {
  const name = query.text('name')?.toLowerCase();
  return {
    name: name === undefined || name.endsWith('.') ? name : `${name}.`,
    type: query.text('type')?.toUpperCase(),
    rcode: query.text('rcode')?.toUpperCase(),
    transport: query.text('transport')?.toLowerCase(),
    client: query.text('client')?.toLowerCase(),
    app: appOf(query),
  };
}

function appOf(query: QueryReader): AppKey | undefined {
  const text = query.text('app');
  if (text === undefined) return undefined;
  const app = parseAppKey('app', text);
  if ('env' in app) return app;
  query.problems.push(app);
  return undefined;
}

function instanceOf(query: QueryReader): InstanceKey | undefined {
  const text = query.text('instance');
  if (text === undefined) return undefined;
  const [env = '', appid = '', ...rest] = text.split('/');
  const key = parseInstanceKey(env, appid, rest.join('/'));
  if (!Array.isArray(key)) return key;
  query.problems.push(problem('instance', 'must be of the form env/appid/instance', text));
  return undefined;
}

/** The DNS name that leads to this instance alone. */
function ownName(key: InstanceKey, { control, origin }: ApiContext): string | undefined {
  const label = control.view.find(key)?.instance.label;
  return label === undefined ? undefined : `${label}.${key.appid}.${key.env}.${origin}`;
}

function wordOf<Word extends string>(query: QueryReader, name: string, words: readonly Word[]): Word | undefined {
  const text = query.text(name);
  const word = words.find((one) => one === text);
  if (text !== undefined && word === undefined)
    query.problems.push(problem(name, `must be one of ${words.join(', ')}`, text));
  return word;
}

function documentOf(group: QueryGroup, clock: Clock) {
  const { app, recent, queries, firstMs, lastMs, closeTo, ...others } = group;
  return {
    ...others,
    ...(app === undefined ? {} : app),
    count: queries,
    lastMinute: recent.minute,
    lastHour: recent.hour,
    lastDay: recent.day,
    firstSeen: isoOfMonotonic(firstMs, clock),
    lastSeen: isoOfMonotonic(lastMs, clock),
    ...(closeTo.length === 0 ? {} : { closeTo: closeTo.map(({ env, appid }) => `${env}/${appid}`) }),
  };
}
