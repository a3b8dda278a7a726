// `GET /resolve?name=&type=`: what DNS would answer, and why. The answer is the DNS side's own, handed over as a
// function by app.ts; here it is only asked for and shown.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Explanation } from '../../model/explanation.ts';
import { problem } from '../../model/problem.ts';
import { isoOfMonotonic } from '../documents/instance-document.ts';
import { sendProblem } from '../server/problem-details.ts';
import type { ApiContext } from './api-context.ts';
import { QueryReader } from './query-reader.ts';
import { readingOf } from './readable-name.ts';
import { problemAnswer, resolveQuery, resolveReply } from './schemas.ts';

/** 255 octets, each written as `\ddd`. `resolve` validates the name. */
const nameCharactersMax = 1020;

/** Adds the call to a scope whose prefix is /api/v1. */
export function addResolveRoute(scope: FastifyInstance, context: ApiContext): void {
  const schema = {
    summary: 'What DNS would answer, and why',
    tags: ['dns'],
    querystring: resolveQuery,
    response: { 200: resolveReply, '4xx': problemAnswer, 503: problemAnswer },
  };
  scope.get('/resolve', { schema }, async (request, reply) => {
    await readAnswer(context, request, reply);
    // Hooks may delay it.
    return reply;
  });
}

async function readAnswer(
  context: Pick<ApiContext, 'resolve' | 'origin' | 'control' | 'clock' | 'forbid'>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const query = new QueryReader(request, ['name', 'type']);
  const name = nameOf(query);
  const type = typeOf(query);
  const what = 'Cannot explain what DNS would answer';
  if (query.refused(reply, what)) return;
  const { principal } = request;
  const reading = readingOf(principal.scope('read'), name, context.origin, context.control.view);
  if (reading === 'none') {
    context.forbid(request, reply, 'read', 'the app of that name');
    return;
  }
  const result = await context.resolve(name, type);
  if (result === undefined) {
    const detail = `${what}: no DNS thread is running; one is being started.`;
    sendProblem(reply, { kind: 'not-ready', detail, headers: { 'retry-after': '2' } });
  } else if ('problems' in result) query.refused(reply, what, result.problems);
  else {
    const shown = reading === 'all' ? result : { ...result, reason: unknownApp };
    reply.header('cache-control', 'no-store').send({ ...shown, ...askedPart(context, result) });
  }
}

/** How often this is asked, where that is kept. */
function askedPart({ control, clock }: Pick<ApiContext, 'control' | 'clock'>, { name, type }: Explanation) {
  const asked = control.queries?.asked(name.toLowerCase(), type);
  if (asked === undefined) return {};
  const { queries, recent, clients, lastMs } = asked;
  return { asked: { count: queries, lastMinute: recent.minute, clients, lastSeen: isoOfMonotonic(lastMs, clock) } };
}

/** The reason of the DNS side may name other apps that are like it. */
const unknownApp = 'no app of this name is registered';

function nameOf(query: QueryReader): string {
  const name = query.text('name') ?? '';
  if (name === '') query.problems.push(problem('name', 'must be given: the name to look up, such as orders.prod.svc'));
  else if (name.length > nameCharactersMax) query.problems.push(problem('name', 'is longer than a DNS name', name));
  return name;
}

function typeOf(query: QueryReader): string {
  const type = query.text('type') ?? 'A';
  if (/^[A-Za-z][A-Za-z0-9-]{0,15}$/.test(type)) return type.toUpperCase();
  query.problems.push(problem('type', 'must be a record type such as A, SRV or TYPE65', type));
  return type;
}
