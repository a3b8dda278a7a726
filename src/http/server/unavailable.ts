// Before the registry has been recovered no call of a scope is taken. While the store cannot write, control refuses what
// would change something (control/commands.ts); reads and renewals go on.

import type { FastifyInstance } from 'fastify';
import { type Failure, sendProblem } from './problem-details.ts';

export const notReady: Failure = {
  kind: 'not-ready',
  detail: 'Cannot take this call yet: the registry is being restored.',
  headers: { 'retry-after': '2' },
};

/** Guards all calls of a scope; to be called before its routes are added. */
export function refuseUntilRecovered(scope: FastifyInstance, isRecovered: () => boolean): void {
  scope.addHook('onRequest', (_request, reply, done) => {
    if (isRecovered()) done();
    else sendProblem(reply, notReady);
  });
}
