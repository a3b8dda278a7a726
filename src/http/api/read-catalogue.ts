// `GET /apps` and `GET /apps/{env}`: which apps there are, sorted by env and appid, in pages.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { cataloguePage } from '../../control/catalogue.ts';
import { scopedView } from '../../control/scoped-view.ts';
import { type AppKey, parseAppid, parseEnv } from '../../model/names.ts';
import { type Problem, problem } from '../../model/problem.ts';
import type { ApiContext } from './api-context.ts';
import { consistentRead } from './consistent-read.ts';
import { isRevisionKnown, revisionTag, sendNotModified } from './entity-tag.ts';
import { QueryReader } from './query-reader.ts';
import { catalogueQuery, catalogueReply, envParams, problemAnswer } from './schemas.ts';

const limitDefault = 100;
const limitMax = 1000;

/** Adds both calls to a scope whose prefix is /api/v1. */
export function addCatalogueRoutes(scope: FastifyInstance, context: ApiContext): void {
  const schema = {
    tags: ['apps'],
    querystring: catalogueQuery,
    response: { 200: catalogueReply, '4xx': problemAnswer },
  };
  const ofEnv = { ...schema, summary: 'List the apps of an environment', params: envParams };
  const preHandler = consistentRead(context);
  scope.get('/apps', { preHandler, schema: { ...schema, summary: 'List all apps' } }, (request, reply) => {
    readCatalogue(context, request, reply);
  });
  scope.get('/apps/:env', { preHandler, schema: ofEnv }, (request, reply) => {
    readCatalogue(context, request, reply);
  });
}

function readCatalogue(
  { control: { view }, life }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const query = new QueryReader(request, ['limit', 'after', 'consistent']);
  const { env: envText } = request.params as { readonly env?: string };
  const env = envText === undefined ? undefined : parseEnv(envText);
  const limit = query.integer('limit', 1, limitMax) ?? limitDefault;
  const after = afterOf(query);
  if (query.refused(reply, 'Cannot list the apps', typeof env === 'object' ? [env] : [])) return reply;
  const { revision } = view;
  const scope = request.principal.scope('read');
  // Of another caller the same revision may be another list.
  const tag = scope.isEverywhere ? revisionTag(life, revision) : undefined;
  if (tag !== undefined && isRevisionKnown(request, life, revision)) return sendNotModified(reply, tag);
  const page = cataloguePage(scopedView(view, scope), env as string | undefined, after, limit);
  const document = { revision, apps: page.apps };
  if (tag !== undefined) reply.header('etag', tag);
  reply.header('cache-control', tag === undefined ? 'no-store' : 'no-cache');
  if (page.next === undefined) return reply.send(document);
  const next = `${page.next.env}/${page.next.appid}`;
  const path = env === undefined ? '/api/v1/apps' : `/api/v1/apps/${env as string}`;
  reply.header('link', `<${path}?limit=${limit}&after=${encodeURIComponent(next)}>; rel="next"`);
  return reply.send({ ...document, next });
}

/** The cursor `env/appid`, as `next` gave it. */
function afterOf(query: QueryReader): AppKey | undefined {
  const text = query.text('after');
  if (text === undefined) return undefined;
  const slash = text.indexOf('/');
  const env = parseEnv(text.slice(0, Math.max(slash, 0)));
  const appid = parseAppid(text.slice(slash + 1));
  const faults = [env, appid].filter((part): part is Problem => typeof part !== 'string');
  if (slash >= 0 && faults.length === 0) return { env: env as string, appid: appid as string };
  query.problems.push(problem('after', 'must be the "next" of the page before, of the form env/appid', text));
  return undefined;
}
