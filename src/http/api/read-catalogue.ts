// `GET /apps` and `GET /apps/{env}`: which apps there are, sorted by env and appid, in pages. The cursor is the last
// app of the page before, so a page is right whatever came or went in between.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseAppid, parseEnv } from '../../model/names.ts';
import { type Problem, problem } from '../../model/problem.ts';
import type { AppRecords } from '../../model/view.ts';
import type { Registry } from '../../registry/registry.ts';
import { firstBehind } from './bounded-page.ts';
import { isNotModified, sendNotModified } from './entity-tag.ts';
import { QueryReader } from './query-reader.ts';

interface Place {
  readonly env: string;
  readonly appid: string;
}

const limitDefault = 100;
const limitMax = 1000;

/** Handles both calls. */
export function readCatalogue(
  context: { readonly registry: Registry },
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { registry } = context;
  const query = new QueryReader(request, ['limit', 'after']);
  const { env: envText } = request.params as { readonly env?: string };
  const env = envText === undefined ? undefined : parseEnv(envText);
  const limit = query.integer('limit', 1, limitMax) ?? limitDefault;
  const after = afterOf(query);
  if (query.refused(reply, 'Cannot list the apps', typeof env === 'object' ? [env] : [])) return reply;
  const tag = `"${registry.revision}"`;
  if (isNotModified(request, tag)) return sendNotModified(reply, tag);

  const apps = registry.apps(env as string | undefined);
  const { page, hasMore } = firstBehind<AppRecords>(
    apps,
    byPlace,
    (app) => after === undefined || byPlace(app, after) > 0,
    limit,
  );
  const last = page.at(-1);
  const next = hasMore && last !== undefined ? `${last.env}/${last.appid}` : undefined;
  if (next !== undefined) {
    const path = env === undefined ? '/api/v1/apps' : `/api/v1/apps/${env as string}`;
    reply.header('link', `<${path}?limit=${limit}&after=${encodeURIComponent(next)}>; rel="next"`);
  }
  const listed = page.map(entryOf);
  const document = { revision: registry.revision, apps: listed };
  return reply
    .header('etag', tag)
    .header('cache-control', 'no-cache')
    .send(next === undefined ? document : { ...document, next });
}

function entryOf(app: AppRecords) {
  let up = 0;
  for (const { instance } of app.instances()) if (instance.status === 'up') up++;
  return { env: app.env, appid: app.appid, instances: app.size, up, revision: app.revision };
}

function byPlace(a: Place, b: Place): number {
  if (a.env !== b.env) return a.env < b.env ? -1 : 1;
  return a.appid === b.appid ? 0 : a.appid < b.appid ? -1 : 1;
}

/** The cursor `env/appid`, as `next` gave it. */
function afterOf(query: QueryReader): Place | undefined {
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
