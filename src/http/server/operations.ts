// Calls for operators, at the root: is it alive, is it ready, its metrics, and the API's description.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Availability } from '../../control/commands.ts';
import { sendProblem } from './problem-details.ts';

export interface OperationsContext {
  /** Restored and listening: DNS answers can be believed. */
  readonly isReady: () => boolean;
  readonly availability?: Pick<Availability, 'storeTrouble' | 'clusterTrouble' | 'clusterWarnings'>;
  readonly metricsText: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Adds /healthz, /readyz, /metrics and /openapi.json. */
export function addOperations(app: FastifyInstance, context: OperationsContext): void {
  app.get('/healthz', { schema: describe('Alive', 'Always 200 while the process answers.') }, (_request, reply) => {
    reply.send({ status: 'alive' });
  });

  app.get(
    '/readyz',
    { schema: describe('Ready', '503 until the registry is restored and DNS answers.') },
    (_request, reply) => {
      const trouble = context.availability?.storeTrouble();
      // DNS, reads and renewals go on without it, so this server is of more use than none.
      const store = trouble === undefined ? {} : { store: `failing: ${trouble}` };
      // Names are answered from memory.
      const cut = context.availability?.clusterTrouble?.();
      const cluster = cut === undefined ? {} : { cluster: `not joined: ${cut}` };
      const found = context.availability?.clusterWarnings?.() ?? [];
      const warnings = found.length === 0 ? {} : { warnings: found };
      if (context.isReady()) return void reply.send({ status: 'ready', ...store, ...cluster, ...warnings });
      const detail = 'Cannot be relied on yet: the registry is not restored, or DNS does not answer.';
      sendProblem(reply, { kind: 'not-ready', detail, headers: { 'retry-after': '1' } });
    },
  );

  const metricsText = oncePerTurn(context.metricsText);
  const metrics = { schema: describe('Metrics', 'Prometheus text format.'), config: { right: 'metrics' as const } };
  app.get('/metrics', metrics, async (_request, reply) => {
    const { contentType, text } = await metricsText();
    return reply.header('content-type', contentType).send(text);
  });

  let description: string | undefined;
  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => {
    description ??= JSON.stringify(app.swagger());
    reply.header('content-type', 'application/json; charset=utf-8').send(description);
  });
}

/**
 * One page for all who have asked by the end of a turn of the event loop: it costs a millisecond or two, and these calls are
 * never shed.
 */
function oncePerTurn<T>(make: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | undefined;
  const made = async (): Promise<T> => {
    await nextTurn();
    next = undefined;
    return make();
  };
  return () => {
    next ??= made();
    return next;
  };
}

function describe(summary: string, description: string) {
  return { summary, description, tags: ['operations'] };
}
