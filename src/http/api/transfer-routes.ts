// `GET /export`: everything that is registered, one JSON object a line, sent as fast as the caller reads it. `POST /import`:
// such lines back, some hundred a call. The right to operate everywhere is needed for both.
// Limits: an export holds `chunkOctets` and one app's list of instances; an import takes `linesMax` lines a call.

import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { isObject } from '../../model/instance.ts';
import { problem } from '../../model/problem.ts';
import { version } from '../../runtime/version.ts';
import { actorOf } from '../auth/auth.ts';
import { clientOf } from '../server/client-address.ts';
import { refuseUnreadableBody } from '../server/json-body.ts';
import { inBody, sendProblem } from '../server/problem-details.ts';
import type { ApiContext } from './api-context.ts';
import { QueryReader } from './query-reader.ts';
import { readReason } from './reason.ts';
import { refusalOf } from './refusals.ts';
import { problemAnswer } from './schemas.ts';

const chunkOctets = 32 * 1024;
const linesMax = 500;
const linesType = 'application/x-ndjson';

const importReply = Type.Object({
  dryRun: Type.Boolean(),
  results: Type.Array(
    Type.Object({
      ...{ env: Type.Optional(Type.String()), appid: Type.Optional(Type.String()) },
      ...{ instance: Type.Optional(Type.String()), outcome: Type.String() },
      ...{ reason: Type.Optional(Type.String()), label: Type.Optional(Type.String()) },
    }),
  ),
});

/** Adds the calls to a scope whose prefix is /api/v1. */
export function addTransferRoutes(scope: FastifyInstance, context: ApiContext): void {
  const config = { right: 'operate', isWhole: true } as const;
  const exportSchema = {
    summary: 'Everything that is registered, a JSON object a line',
    description:
      'The first line has the identity of the registry and the last one is `{"kind":"end"}`; without that one the export is ' +
      'not complete. Lines of `kind` `instance` have registration, liveness, hold, what adapters keep, and what is left of the lease.',
    tags: ['record'],
    produces: [linesType],
    response: { 200: Type.String(), '4xx': problemAnswer },
  };
  scope.get('/export', { schema: exportSchema, config }, (request, reply) => {
    exportAll(context, request, reply);
  });
  const importSchema = {
    summary: 'Register what was exported',
    description: `At most ${linesMax} lines a call, a result for each. What is newer here stays; a repetition changes nothing. Leases start afresh.`,
    tags: ['record'],
    querystring: Type.Object({ dryRun: Type.Optional(Type.String()), reason: Type.Optional(Type.String()) }),
    body: Type.Object({ lines: Type.Array(Type.Unknown()) }),
    response: { 200: importReply, '4xx': problemAnswer, 503: problemAnswer },
  };
  const options = { bodyLimit: context.renewManyBytes, preHandler: refuseUnreadableBody, schema: importSchema, config };
  scope.post('/import', options, async (request, reply) => importLines(context, request, reply));
}

function exportAll({ control, life, follow }: ApiContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (new QueryReader(request, []).refused(reply, 'Cannot export')) return reply;
  const refused = control.transfer.refusal(request.principal);
  if (refused !== undefined) return sendProblem(reply, refusalOf('Cannot export', refused));
  const lines = control.transfer.lines({ registry: life.token, version });
  follow(reply.raw, clientOf(request.raw.socket.remoteAddress ?? ''));
  const body = Readable.from(chunks(lines), { objectMode: true, highWaterMark: 1 });
  return reply.header('content-type', linesType).header('cache-control', 'no-store').send(body);
}

function* chunks(lines: Iterable<object>): Generator<string> {
  let text = '';
  for (const line of lines) {
    text += `${JSON.stringify(line)}\n`;
    if (text.length < chunkOctets) continue;
    yield text;
    text = '';
  }
  yield text;
}

async function importLines(
  { control }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const what = 'Cannot import these lines';
  const query = new QueryReader(request, ['dryRun', 'reason']);
  const dryRun = query.text('dryRun') ?? 'false';
  const reason = readReason(query) ?? 'import';
  const { body } = request;
  const lines: unknown = isObject(body) ? body['lines'] : undefined;
  const isList = Array.isArray(lines) && lines.length <= linesMax;
  const problems = [
    ...(dryRun === 'true' || dryRun === 'false' ? [] : [problem('dryRun', 'must be true or false', dryRun)]),
    ...(isList
      ? []
      : inBody([problem('lines', `must be a list of at most ${linesMax} lines of an export`, lines ?? 'nothing')])),
  ];
  if (query.refused(reply, what, problems) || !isList) return reply;
  const isDryRun = dryRun === 'true';
  const actor = actorOf(request, 'api', reason);
  const imported = await control.transfer.import(request.principal, actor, lines, isDryRun);
  if ('kind' in imported) return sendProblem(reply, refusalOf(what, imported));
  const results = imported.map(({ key, ...result }) => ({ ...key, ...result }));
  return reply.send({ dryRun: isDryRun, results });
}
