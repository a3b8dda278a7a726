// `GET /zones`: the files of the zones, what is served of each, its faults with line and column, and the registered apps
// that it hides. The log has the same when it happens; this is what holds now. For callers that read everything: files are
// the server's, and hidden apps are of all envs.

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ZoneFileStatus } from '../../model/zone-files.ts';
import type { ApiContext } from './api-context.ts';
import { QueryReader } from './query-reader.ts';
import { problemAnswer } from './schemas.ts';

const limitDefault = 100;
const limitMax = 1000;
/** Apps of one file that are listed; the others are counted. */
const hiddenMax = 100;

const orNull = (description: string) => Type.Union([Type.Integer(), Type.Null()], { description });

const zonesReply = Type.Object({
  total: Type.Integer({ description: 'Files in all.' }),
  failing: Type.Integer({ description: 'Files that are refused or deleted.' }),
  zones: Type.Array(
    Type.Object({
      file: Type.String({ description: 'As the server reads it.' }),
      zone: Type.Union([Type.String(), Type.Null()], { description: 'Null: the file is not named after a zone.' }),
      state: Type.String({ description: 'good, refused, or deleted: served on for a grace.' }),
      serves: Type.String({ description: 'file, last good version, SERVFAIL, or nothing.' }),
      serial: orNull('Of the zone that is served.'),
      records: orNull('Of the file that is served.'),
      faults: Type.Array(
        Type.Object({
          file: Type.String({ description: 'This one, or one that it includes.' }),
          line: Type.Integer(),
          column: Type.Integer({ description: 'In octets.' }),
          message: Type.String(),
        }),
      ),
      hidden: Type.Array(
        Type.Object({
          env: Type.String(),
          appid: Type.String(),
          instances: Type.Integer({ description: 'Instances of which some name is hidden.' }),
        }),
        { description: 'Apps at whose names the file answers in their place.' },
      ),
      moreHidden: Type.Integer({ description: 'Hidden apps that are not listed.' }),
    }),
    { description: 'Files at fault first, then those that hide apps, then by name.' },
  ),
});

/** Adds the call to a scope whose prefix is /api/v1. */
export function addZonesRoute(scope: FastifyInstance, { zoneFiles }: ApiContext): void {
  const schema = {
    summary: 'Zone files: what is served, faults, and the apps that they hide',
    tags: ['dns'],
    querystring: Type.Object({
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limitMax, default: limitDefault })),
    }),
    response: { 200: zonesReply, '4xx': problemAnswer },
  };
  scope.get('/zones', { schema, config: { isWhole: true } }, (request, reply) => {
    const query = new QueryReader(request, ['limit']);
    const limit = query.integer('limit', 1, limitMax) ?? limitDefault;
    if (query.refused(reply, 'Cannot list the zone files')) return;
    const files = zoneFiles();
    reply.header('cache-control', 'no-store').send({
      total: files.length,
      failing: files.filter(({ state }) => state !== 'good').length,
      zones: files.slice(0, limit).map(documentOf),
    });
  });
}

function documentOf({ zone, serial, records, hidden, ...file }: ZoneFileStatus) {
  return {
    ...file,
    zone: zone ?? null,
    serial: serial ?? null,
    records: records ?? null,
    hidden: hidden.slice(0, hiddenMax),
    moreHidden: Math.max(0, hidden.length - hiddenMax),
  };
}
