// How `drain` and `DELETE` answer: with what was done, and until when resolvers may still hold the instance; where the
// caller waits, when none does any more. The wait is in the name of a credential, and ends with it: what was done stays,
// and the caller still has its answer.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DrainWait, StopTimes } from '../../control/drain-waits.ts';
import type { Instance } from '../../model/instance.ts';
import { instanceName, isoTime } from '../documents/instance-document.ts';
import { sendProblem } from '../server/problem-details.ts';
import { retryAfter } from '../server/retry-after.ts';
import { holdReply } from '../server/waiting-reply.ts';
import type { ApiContext } from './api-context.ts';

/** Answers for an instance that has just left the answers; `waitMs` undefined: at once. */
export async function answerWhenSafe(
  { control, random, openCalls }: Pick<ApiContext, 'control' | 'random' | 'openCalls'>,
  request: FastifyRequest,
  reply: FastifyReply,
  instance: Instance,
  document: Readonly<Record<string, unknown>>,
  waitMs: number | undefined,
): Promise<FastifyReply> {
  const held = holdReply(request, reply);
  const over = new AbortController();
  const forget = openCalls.add(request.principal, () => over.abort());
  const wait = await control.drainWaits.until(instance, { waitMs, gone: held.gone, over: over.signal });
  forget();
  held.end();
  return send(reply, wait, instance, document, random);
}

function send(
  reply: FastifyReply,
  wait: DrainWait,
  instance: Instance,
  document: Readonly<Record<string, unknown>>,
  random: () => number,
): FastifyReply {
  switch (wait.kind) {
    case 'known':
      return reply.header('cache-control', 'no-store').send({ ...document, ...timesDocument(wait.times) });
    case 'up-again': {
      const detail = `Cannot wait until ${instanceName(instance)} is safe to stop: it was registered as up meanwhile, and takes traffic.`;
      return sendProblem(reply, { kind: 'up-again', detail });
    }
    case 'no-place': {
      const done = `${instanceName(instance)} is ${document['outcome'] === 'cancelled' ? 'cancelled' : 'drained'}`;
      return sendProblem(reply, {
        kind: 'overloaded',
        detail: `Cannot wait until it is safe to stop: ${wait.waiting} callers are waiting already. ${done}; stop it at safeToStopAt.`,
        members: timesDocument(wait.times),
        headers: { 'retry-after': retryAfter(3, random) },
      });
    }
    default:
      return reply;
  }
}

function timesDocument({ isSafe, safeToStopAtMs, safeInSeconds, lastServedAtMs, unknown, assumedDead }: StopTimes) {
  return {
    safe: isSafe && assumedDead !== undefined ? 'assumed' : isSafe,
    safeToStopAt: isoTime(safeToStopAtMs),
    safeInSeconds,
    ...(unknown === undefined ? {} : { unknown }),
    ...(assumedDead === undefined ? {} : { assumedDead }),
    ...(lastServedAtMs === undefined ? {} : { lastServedAt: isoTime(lastServedAtMs) }),
  };
}
