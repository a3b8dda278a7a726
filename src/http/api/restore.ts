// `POST /restore`: restores what a bad removal took away. By default that is what was cancelled, and nothing else: a
// drained instance is still registered and its owner brings it back, and in the middle of a deploy many are drained on
// purpose, of processes that are about to stop; an evicted one had stopped renewing. Both can be asked for by name.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { Removal, type RemovalFilter, type Removed, type Restored } from '../../control/record.ts';
import { isObject } from '../../model/instance.ts';
import { parseEnv } from '../../model/names.ts';
import { type Problem, problem } from '../../model/problem.ts';
import { actorOf } from '../auth/auth.ts';
import { isoTime } from '../documents/instance-document.ts';
import { inBody, invalidRequest, sendProblem } from '../server/problem-details.ts';
import type { ApiContext } from './api-context.ts';
import { parseAppKey } from './app-path.ts';
import { momentForm, parseMoment } from './moment.ts';
import { QueryReader } from './query-reader.ts';
import { refusalOf } from './refusals.ts';

/** Handles the call; the body has been read as JSON. */
export async function restore(
  { control, clock }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const what = 'Cannot put instances back';
  if (new QueryReader(request, []).refused(reply, what)) return reply;
  const asked = readAsked(request.body, clock.wallMs());
  if (Array.isArray(asked)) return sendProblem(reply, invalidRequest(what, inBody(asked)));
  const { isDryRun, filter } = asked;
  const restored = await control.record.restore(request.principal, actorOf(request, 'api'), filter, isDryRun);
  if (restored.kind !== 'restored') return sendProblem(reply, refusalOf(what, restored));
  return reply.send(replyDocument(isDryRun, restored));
}

/** More are counted and not named. */
const skippedListedMax = 1000;

function replyDocument(isDryRun: boolean, { done, skipped, left, completeSinceMs, scannedToMs }: Restored) {
  return {
    dryRun: isDryRun,
    restored: done.map(removedDocument),
    skipped: skipped.slice(0, skippedListedMax).map(({ removed, reason }) => ({ ...removedDocument(removed), reason })),
    skippedCount: skipped.length,
    left,
    completeSince: isoTime(completeSinceMs),
    ...(scannedToMs === undefined ? {} : { scannedTo: isoTime(scannedToMs) }),
  };
}

function removedDocument({ why, change, instance }: Removed) {
  const { env, appid, instance: id } = instance;
  return { env, appid, instance: id, why, revision: change.revision, at: isoTime(change.atMs) };
}

interface Asked {
  readonly filter: RemovalFilter;
  readonly isDryRun: boolean;
}

const fields: readonly string[] = ['env', 'app', 'from', 'to', 'why', 'by', 'dryRun'];

/** The body, or all that is wrong with it. */
function readAsked(body: unknown, nowMs: number): Asked | Problem[] {
  if (!isObject(body)) return [problem('', 'must be a JSON object', body ?? 'nothing')];
  const problems: Problem[] = [];
  for (const field of Object.keys(body)) {
    if (!fields.includes(field))
      problems.push(problem(field.slice(0, 63), `is not a field: there are ${fields.join(', ')}`));
  }
  const place = filterPathOf(body, problems);
  const fromMs = timeOf(body, 'from', nowMs, problems);
  const toMs = timeOf(body, 'to', nowMs, problems) ?? nowMs;
  if (fromMs === undefined && body['from'] === undefined) {
    problems.push(problem('from', 'must be given: restore what was removed since this time'));
  } else if (fromMs !== undefined && fromMs > toMs) {
    problems.push(problem('from', `must not be after "to", ${isoTime(toMs)}`, body['from']));
  }
  const why = whyOf(body['why'], problems);
  const by = callerOf(body['by'], problems);
  if (by !== undefined && why.includes('evicted')) {
    problems.push(problem('by', 'must not be given with why evicted: no caller asks for an eviction'));
  }
  const isDryRun = body['dryRun'] ?? false;
  if (typeof isDryRun !== 'boolean') problems.push(problem('dryRun', 'must be true or false', isDryRun));
  if (problems.length > 0) return problems;
  const filter = { ...place, fromMs: fromMs as number, toMs, why, ...(by === undefined ? {} : { by }) };
  return { filter, isDryRun: isDryRun === true };
}

function filterPathOf(body: Record<string, unknown>, problems: Problem[]): Pick<RemovalFilter, 'env' | 'appid'> {
  const { env: envText, app: appText } = body;
  const env =
    envText === undefined ? undefined : typeof envText === 'string' ? parseEnv(envText) : notText('env', envText);
  if (typeof env === 'object') problems.push(env);
  if (appText === undefined) return typeof env === 'string' ? { env } : {};
  const place = typeof appText === 'string' ? parseAppKey('app', appText) : notText('app', appText);
  if ('message' in place) problems.push(place);
  else if (typeof env === 'string' && env !== place.env) {
    problems.push(problem('app', `must be in the env that is asked for, ${env}`, appText));
  } else return place;
  return {};
}

function notText(field: string, value: unknown): Problem {
  return problem(field, 'must be text', value);
}

function timeOf(body: Record<string, unknown>, field: string, nowMs: number, problems: Problem[]): number | undefined {
  const value = body[field];
  if (value === undefined) return undefined;
  const ms = typeof value === 'string' ? parseMoment(value, nowMs) : undefined;
  if (ms === undefined) problems.push(problem(field, momentForm, value));
  return ms;
}

function whyOf(value: unknown, problems: Problem[]): Removal[] {
  if (value === undefined) return ['cancelled'];
  const isRemoval = (word: unknown): word is Removal => (Removal as readonly unknown[]).includes(word);
  if (Array.isArray(value) && value.length > 0 && value.every(isRemoval)) return value;
  const wrong = Array.isArray(value) ? value.find((word) => !isRemoval(word)) : value;
  problems.push(problem('why', `must be a list of some of ${Removal.join(', ')}`, wrong ?? 'an empty list'));
  return [];
}

function callerOf(value: unknown, problems: Problem[]): RemovalFilter['by'] {
  if (value === undefined) return undefined;
  const members = isObject(value) ? Object.entries(value) : [];
  const isSound = ([key, text]: [string, unknown]) =>
    (key === 'token' || key === 'address') && typeof text === 'string';
  if (members.length > 0 && members.every(isSound)) return Object.fromEntries(members);
  problems.push(problem('by', 'must be an object with "token" (its name), "address" or both', value));
  return undefined;
}
