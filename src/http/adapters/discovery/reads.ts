// Reads of discovery that do not wait.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Status } from '../../../model/status.ts';
import { queryOf } from '../parameters.ts';
import { askedApp, DiscoveryApps, type DiscoveryContext } from './apps.ts';
import { missingArguments } from './arguments.ts';
import { codes, sendCode, sendUnbound } from './replies.ts';

type Handler = (context: DiscoveryContext, request: FastifyRequest, reply: FastifyReply) => FastifyReply;

/** Undefined as a value: both. */
const statuses: Readonly<Record<string, Status | 'both'>> = { '1': 'up', '2': 'waiting', '3': 'both' };

const fetch: Handler = (context, request, reply) => {
  const query = queryOf(request);
  const missing = missingArguments('Fetch', query, ['Env', 'AppID', 'Status']);
  if (missing !== undefined) return sendUnbound(reply, missing);
  const app = askedApp(query.get('env') ?? '', query.get('appid') ?? '');
  const status = statuses[query.get('status') ?? ''];
  if (app === undefined || status === undefined) return sendCode(reply, codes.badRequest);
  const wanted = { status: status === 'both' ? undefined : status, zone: query.get('zone') || undefined };
  const apps = new DiscoveryApps(context, request);
  if (!apps.isReadable(app)) return sendCode(reply, codes.forbidden);
  const text = apps.text(app, wanted);
  return text === undefined ? sendCode(reply, codes.notFound, 'null') : sendCode(reply, codes.ok, text);
};

const fetchs: Handler = (context, request, reply) => {
  const query = queryOf(request);
  const missing = missingArguments('Fetchs', query, ['Env', 'AppID', 'Status'], ['AppID']);
  if (missing !== undefined) return sendUnbound(reply, missing);
  const status = statuses[query.get('status') ?? ''];
  if (status === undefined) return sendCode(reply, codes.badRequest);
  const apps = new DiscoveryApps(context, request);
  const wanted = { status: status === 'both' ? undefined : status, zone: query.get('zone') || undefined };
  const texts = new Map<string, string>();
  for (const name of query.all('appid')) {
    const app = askedApp(query.get('env') ?? '', name);
    if (app === undefined) return sendCode(reply, codes.badRequest);
    if (!apps.isReadable(app)) return sendCode(reply, codes.forbidden);
    const text = apps.text(app, wanted);
    if (text !== undefined) texts.set(name, `${JSON.stringify(name)}:${text}`);
  }
  return sendCode(reply, codes.ok, `{${[...texts.values()].join()}}`);
};

const fetchAll: Handler = (context, request, reply) =>
  sendCode(reply, codes.ok, new DiscoveryApps(context, request).all());

const nodes: Handler = (_context, request, reply) =>
  sendCode(reply, codes.ok, JSON.stringify([{ addr: request.host, status: 0, zone: '' }]));

export const reads = { fetch, fetchs, fetchAll, nodes } as const;
