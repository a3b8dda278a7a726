// The table of calls under /api/v1: path, description and handler. Read with design §4.

import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { refuseUnreadableBody } from '../server/json-body.ts';
import { addWatchRoutes } from '../watch/watch.ts';
import type { ApiContext } from './api-context.ts';
import { cancel } from './cancel.ts';
import { readCommonRenewals } from './common-renewals.ts';
import { addDrainRoute } from './drain.ts';
import { addNodeRoutes } from './nodes.ts';
import { patch } from './patch.ts';
import { readAnswer } from './read-answer.ts';
import { appReader } from './read-app.ts';
import { readCatalogue } from './read-catalogue.ts';
import { addGuardRoutes } from './read-guard.ts';
import { readInstance } from './read-instance.ts';
import { asksForThePast, readPastApp } from './read-past-app.ts';
import { addRecordRoutes } from './record-routes.ts';
import { register } from './register.ts';
import { renew } from './renew.ts';
import { renewMany } from './renew-many.ts';
import * as schemas from './schemas.ts';
import { cancelReply, stopQuery } from './stop-schemas.ts';
import { addUpRoute } from './up.ts';

const problem = schemas.problemAnswer;
const preHandler = refuseUnreadableBody;

/** Adds the calls to a scope whose prefix is /api/v1. */
export function addRoutes(scope: FastifyInstance, context: ApiContext): void {
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();
  const readApp = appReader(context);
  addInstanceRoutes(scope, context);
  addDrainRoute(scope, context);
  addUpRoute(scope, context);
  addGuardRoutes(scope, context);
  if (context.control.cluster !== undefined) addNodeRoutes(scope, context.control.cluster);
  addRecordRoutes(scope, context);
  addWatchRoutes(scope, context);

  app.post(
    '/renew',
    {
      bodyLimit: context.renewManyBytes,
      config: { readUsual: readCommonRenewals },
      preHandler,
      schema: {
        summary: 'Renew many leases',
        description: 'A result for each, in order; one that is unknown does not stop the others.',
        tags: ['instances'],
        body: schemas.renewManyBody,
        response: { 200: schemas.renewManyReply, '4xx': problem },
      },
    },
    (request, reply) => {
      renewMany(context, request, reply);
    },
  );

  app.get(
    '/apps/:env/:appid',
    {
      schema: {
        summary: 'List the instances of an app, or wait for its next change',
        description:
          'An app that was never registered is an empty list. With `index` (from the reply before) the call returns at the ' +
          'next change of the app, or unchanged when `wait` is over. With `at` it lists the instances of then.',
        tags: ['instances'],
        params: schemas.appParams,
        querystring: schemas.appQuery,
        response: { 200: Type.Union([schemas.appReply, schemas.pastAppReply]), '4xx': problem },
      },
    },
    (request, reply) => {
      if (!asksForThePast(request)) readApp(request, reply);
      else readPastApp(context, request, reply);
    },
  );

  for (const url of ['/apps', '/apps/:env']) {
    const params = url === '/apps' ? {} : { params: schemas.envParams };
    const schema = {
      summary: url === '/apps' ? 'List all apps' : 'List the apps of an environment',
      tags: ['apps'],
      ...params,
      querystring: schemas.catalogueQuery,
      response: { 200: schemas.catalogueReply, '4xx': problem },
    };
    app.get(url, { schema }, (request, reply) => {
      readCatalogue(context, request, reply);
    });
  }

  app.get(
    '/resolve',
    {
      schema: {
        summary: 'What DNS would answer, and why',
        tags: ['dns'],
        querystring: schemas.resolveQuery,
        response: { 200: schemas.resolveReply, '4xx': problem, 503: problem },
      },
    },
    async (request, reply) => {
      await readAnswer(context, request, reply);
      // Hooks may still hold it back.
      return reply;
    },
  );
}

function addInstanceRoutes(scope: FastifyInstance, context: ApiContext): void {
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();
  const url = '/apps/:env/:appid/:instance';
  const tags = ['instances'];
  const params = schemas.instanceParams;

  app.put(
    url,
    {
      preHandler,
      schema: {
        summary: 'Register or replace an instance',
        description:
          'The reply says under which names it is found and how to keep it there. `If-None-Match: *`: only if new.',
        tags,
        params,
        querystring: schemas.writeQuery,
        body: schemas.registrationBody,
        response: { 200: schemas.registrationReply, 201: schemas.registrationReply, '4xx': problem, 507: problem },
      },
    },
    async (request, reply) => register(context, request, reply),
  );

  app.put(
    `${url}/renew`,
    { schema: { summary: 'Renew the lease', tags, params, response: { 200: schemas.renewReply, '4xx': problem } } },
    (request, reply) => {
      renew(context, request, reply);
    },
  );

  app.patch(
    url,
    {
      preHandler,
      schema: {
        summary: 'Change a registration',
        description:
          'JSON merge patch; does not renew the lease. `If-Match` with its ETag: only if no other writer was faster.',
        tags,
        params,
        querystring: schemas.writeQuery,
        body: schemas.patchBody,
        consumes: ['application/merge-patch+json', 'application/json'],
        response: { 200: schemas.instanceReply, '4xx': problem },
      },
    },
    async (request, reply) => patch(context, request, reply),
  );

  app.delete(
    url,
    {
      schema: {
        summary: 'Cancel an instance',
        tags,
        params,
        querystring: stopQuery,
        response: { 200: cancelReply, '4xx': problem },
      },
    },
    async (request, reply) => cancel(context, request, reply),
  );

  app.get(
    url,
    { schema: { summary: 'Show an instance', tags, params, response: { 200: schemas.instanceReply, '4xx': problem } } },
    (request, reply) => {
      readInstance(context, request, reply);
    },
  );
}
