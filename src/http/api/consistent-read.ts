// `?consistent=true` of reads in a cluster: the reply shows every write that was answered before the call, at whichever node.
// Without it a read shows what this node has, which is mostly the same. On a node of its own it always is.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem } from '../../model/problem.ts';
import { invalidRequest, sendProblem } from '../server/problem-details.ts';
import type { ApiContext } from './api-context.ts';
import { refusalOf } from './refusals.ts';

/** For the routes that take it. */
export function consistentRead({ control }: Pick<ApiContext, 'control'>) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const { consistent: given } = request.query as { readonly consistent?: unknown };
    if (given === undefined) return undefined;
    if (given !== 'true')
      return sendProblem(reply, invalidRequest('Cannot read', [problem('consistent', 'must be true', given)]));
    if (control.cluster?.mode === 'peers') {
      const detail = 'Cannot read consistently: without etcd no node knows what the others have taken meanwhile.';
      return sendProblem(reply, { kind: 'not-in-this-mode', detail });
    }
    const reason = await control.cluster?.upToDate();
    if (reason === undefined) return undefined;
    return sendProblem(reply, refusalOf('Cannot read', { kind: 'no-quorum', reason, isUnknown: false }));
  };
}
