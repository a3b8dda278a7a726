// The calls under /api/v1 (design §4). Each file adds its own: path, description and handler.

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ApiContext } from './api-context.ts';
import { addCancelRoute } from './cancel.ts';
import { consistentRead } from './consistent-read.ts';
import { addDrainRoute } from './drain.ts';
import { addNodeRoutes } from './nodes.ts';
import { addPatchRoute } from './patch.ts';
import { addResolveRoute } from './read-answer.ts';
import { appReader } from './read-app.ts';
import { addCatalogueRoutes } from './read-catalogue.ts';
import { addGuardRoutes } from './read-guard.ts';
import { addInstanceReadRoute } from './read-instance.ts';
import { asksForThePast, readPastApp } from './read-past-app.ts';
import { addQueryRoutes } from './read-queries.ts';
import { addRefusalsRoute } from './read-refusals.ts';
import { addZonesRoute } from './read-zones.ts';
import { addRecordRoutes } from './record-routes.ts';
import { addRegisterRoute } from './register.ts';
import { addRenewRoute } from './renew.ts';
import { addRenewManyRoute } from './renew-many.ts';
import { appParams, appQuery, appReply, pastAppReply, problemAnswer } from './schemas.ts';
import { addTransferRoutes } from './transfer-routes.ts';
import { addUpRoute } from './up.ts';
import { addWatchRoutes } from './watch.ts';
import { addWhoamiRoute } from './whoami.ts';

/** In the order of the description. */
const calls = [
  addRegisterRoute,
  addRenewRoute,
  addPatchRoute,
  addCancelRoute,
  addInstanceReadRoute,
  addDrainRoute,
  addUpRoute,
  addGuardRoutes,
  addRecordRoutes,
  addRefusalsRoute,
  addWatchRoutes,
  addRenewManyRoute,
  addAppRoute,
  addCatalogueRoutes,
  addResolveRoute,
  addQueryRoutes,
  addZonesRoute,
  (scope: FastifyInstance, { control }: ApiContext) => addWhoamiRoute(scope, (entry) => control.quotas.count(entry)),
  addTransferRoutes,
];

/** Adds the calls to a scope whose prefix is /api/v1. */
export function addRoutes(scope: FastifyInstance, context: ApiContext): void {
  for (const add of calls) add(scope, context);
  if (context.control.cluster !== undefined) addNodeRoutes(scope, context.control.cluster, context.control.view);
}

/** An app as it is, and with `at` as it was. */
function addAppRoute(scope: FastifyInstance, context: ApiContext): void {
  const readApp = appReader(context);
  const schema = {
    summary: 'List the instances of an app, or wait for its next change',
    description:
      'An app that was never registered is an empty list. With `index` (from the previous reply) the call returns at ' +
      'the next change of the app, or unchanged when `wait` is over. With `at` it lists the instances of that time.',
    tags: ['instances'],
    params: appParams,
    querystring: appQuery,
    response: { 200: Type.Union([appReply, pastAppReply]), '4xx': problemAnswer },
  };
  scope.get('/apps/:env/:appid', { schema, preHandler: consistentRead(context) }, (request, reply) => {
    if (!asksForThePast(request)) readApp(request, reply);
    else readPastApp(context, request, reply);
  });
}
