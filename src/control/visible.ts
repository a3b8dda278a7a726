// Nothing that the API says is news to DNS: a reply waits until DNS shows all changes that were made before it, its own
// and those of others. Else whoever is told 404, or sees a change in a listing or a long poll, could ask DNS and find
// what was before; a write that is answered would not be in every answer yet.
// Watches, whose replies go on and on, wait with every change: watch/shown-changes.ts.

import type { FastifyInstance } from 'fastify';

/** Settles once DNS shows all changes so far; undefined: it does. Called with every reply. */
export type Shown = () => Promise<void> | undefined;

/** For all routes of a scope. */
export function waitUntilVisible(scope: FastifyInstance, shown: Shown): void {
  scope.addHook('onSend', (_request, _reply, _payload, done) => {
    const soon = shown();
    if (soon === undefined) done();
    else void resume(soon, done);
  });
}

async function resume(soon: Promise<void>, done: () => void): Promise<void> {
  await soon;
  done();
}
