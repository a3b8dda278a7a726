// Every reply of a scope waits until DNS shows all changes that were made before it: see control/visible.ts.

import type { FastifyInstance } from 'fastify';
import type { Visible } from '../../control/visible.ts';

/** For all routes of a scope. */
export function waitUntilVisible(scope: FastifyInstance, visible: Visible): void {
  scope.addHook('onSend', (_request, _reply, _payload, done) => {
    const soon = visible();
    if (soon === undefined) done();
    else void resume(soon, done);
  });
}

async function resume(soon: Promise<void>, done: () => void): Promise<void> {
  await soon;
  done();
}
