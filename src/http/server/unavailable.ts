// When the API cannot take a call: before the registry has been restored, none at all; while the store cannot write,
// none that would change something. Such a call is refused before it is applied, so that nothing is in the answers that
// a restart would forget. Renewals go on: they are not written down; so does a registration that says again what is
// there (register.ts), since many clients renew in that way.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HttpCounters } from '../../control/decision-log.ts';
import { type Failure, sendProblem } from './problem-details.ts';

export interface Availability {
  /** False: the instances of the last life are not all back. */
  readonly isRestored: () => boolean;
  /** Why changes cannot be written down at present; undefined: they can. */
  readonly storeTrouble: () => string | undefined;
}

/** The store tries again each second. */
const headers = { 'retry-after': '2' };

/** Guards all calls of a scope; to be called before its routes are added. */
export function refuseWhileUnavailable(
  scope: FastifyInstance,
  context: Availability & { readonly counters: HttpCounters },
): void {
  scope.addHook('onRequest', (request, reply, done) => {
    if (!context.isRestored()) {
      const detail = 'Cannot take this call yet: the registry is being restored.';
      sendProblem(reply, { kind: 'not-ready', detail, headers });
    } else if (context.storeTrouble() === undefined || !isRefused(request)) done();
    else refuseToWrite(context, reply);
  });
}

/** Answers for a write that is not applied. */
export function refuseToWrite(
  { counters, storeTrouble }: Pick<Availability, 'storeTrouble'> & { readonly counters: HttpCounters },
  reply: FastifyReply,
): FastifyReply {
  counters.refused('store');
  return sendProblem(reply, storeFailure(storeTrouble()));
}

function storeFailure(reason = 'the disk does not answer'): Failure {
  const detail = `Cannot change anything at present: changes cannot be written to the disk (${reason}). Nothing was changed; renewals and reads go on.`;
  return { kind: 'store-failing', detail, headers };
}

/** Any write except renewals and registrations, which register.ts judges. */
function isRefused({ method, routeOptions: { url = '' } }: FastifyRequest): boolean {
  if (method === 'GET' || method === 'HEAD' || url.endsWith('/renew')) return false;
  return method !== 'PUT';
}
