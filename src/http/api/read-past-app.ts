// `GET /apps/{env}/{appid}?at=<time>`: the instances registered then, rebuilt from the record. The filters mean what they mean
// for the present. What chooses among instances for a caller's traffic, and what waits, has no sense here and is
// refused rather than ignored.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { PastApp } from '../../control/record.ts';
import { parseAppid, parseEnv } from '../../model/names.ts';
import { type Problem, problem } from '../../model/problem.ts';
import { isSelected } from '../../model/selection/filter.ts';
import { contentDocument, isoTime } from '../documents/instance-document.ts';
import { sendProblem } from '../server/problem-details.ts';
import type { ApiContext } from './api-context.ts';
import { choiceParameters } from './app-choice.ts';
import { readMoment } from './moment.ts';
import { QueryReader } from './query-reader.ts';
import { readSelection, selectionParameters } from './selection-query.ts';

const ofThePresent: readonly string[] = [...choiceParameters, 'index', 'wait'];
const limitMax = 1000;

/** Whether a call for an app's instances means those of another time. */
export function asksForThePast(request: FastifyRequest): boolean {
  return (request.query as { readonly at?: unknown }).at !== undefined;
}

/** Handles the call, which is answered when the record has been read. */
export function readPastApp(context: ApiContext, request: FastifyRequest, reply: FastifyReply): void {
  answer(context, request, reply).catch((error: unknown) => reply.send(error));
}

async function answer(
  { control, clock }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const params = request.params as { readonly env: string; readonly appid: string };
  const query = new QueryReader(request, [...selectionParameters, ...ofThePresent, 'at']);
  const [env, appid] = [parseEnv(params.env), parseAppid(params.appid)];
  const selection = readSelection(query);
  const limit = query.integer('limit', 1, limitMax);
  const nowMs = clock.wallMs();
  const atMs = readMoment(query, 'at', nowMs) ?? nowMs;
  if (atMs > nowMs)
    query.problems.push(problem('at', `must not be in the future: it is ${isoTime(nowMs)}`, isoTime(atMs)));
  for (const name of ofThePresent.filter((other) => other !== 'limit' && query.texts(other) !== undefined)) {
    query.problems.push(problem(name, 'must not be given together with at', query.texts(name)?.[0]));
  }
  const places = [env, appid].filter((part): part is Problem => typeof part !== 'string');
  if (query.refused(reply, 'Cannot list the instances that an app had', places)) return reply;

  const place = { env: env as string, appid: appid as string };
  const past = await control.record.past(place, atMs);
  if (past.kind !== 'known') return refuse(reply, `${place.env}/${place.appid}`, atMs, past);
  const instances = past.instances.filter((instance) => isSelected(instance, selection)).slice(0, limit);
  const document = { ...place, at: isoTime(atMs), revision: past.revision, instances: instances.map(contentDocument) };
  return reply.header('cache-control', 'no-store').send(document);
}

type Unknown = Exclude<PastApp, { readonly kind: 'known' }>;

function refuse(reply: FastifyReply, app: string, atMs: number, past: Unknown): FastifyReply {
  const what = `Cannot list the instances that ${app} had at ${isoTime(atMs)}`;
  if (past.kind === 'far') {
    const detail = `${what}: more than ${past.undoneMax} changes of it lie between then and now. Ask for a later time.`;
    return sendProblem(reply, { kind: 'not-recorded', detail });
  }
  if (past.kind === 'damaged') {
    const detail = `${what}: ${past.changes} changes of it between then and now cannot be read, the record is damaged.`;
    return sendProblem(reply, { kind: 'not-recorded', detail });
  }
  const completeSince = isoTime(past.completeSinceMs);
  const detail = `${what}: changes are recorded since ${completeSince}.`;
  return sendProblem(reply, { kind: 'not-recorded', detail, members: { completeSince } });
}
