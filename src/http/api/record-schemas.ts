// What the calls on the record take and give, as TypeBox schemas for /openapi.json; see schemas.ts.

import Type from 'typebox';
import { Removal } from '../../control/record.ts';
import { eventCauses } from './read-events.ts';
import { instanceContent } from './schemas.ts';

const moment = (description: string) =>
  Type.String({
    description: `${description} ISO 8601 with a zone, \`now\`, or counted back from now.`,
    examples: ['2026-11-21T09:30:00Z', '-15m', '-2h'],
  });
const time = (description: string) =>
  Type.String({ description, format: 'date-time', examples: ['2026-11-21T09:30:00.000Z'] });
const { env, appid, instance } = instanceContent.properties;
const app = Type.String({ description: 'An app, as env/appid.', examples: ['prod/orders'] });

export const eventsQuery = Type.Object({
  env: Type.Optional(env),
  app: Type.Optional(app),
  instance: Type.Optional(instance),
  why: Type.Optional(
    Type.String({ description: `Some of ${eventCauses.join(', ')}.`, examples: ['cancelled,evicted'] }),
  ),
  from: Type.Optional(moment('Not before.')),
  to: Type.Optional(moment('Not after.')),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  before: Type.Optional(Type.Integer({ description: 'The `next` of the page before: only lower revisions.' })),
});

export const eventReply = Type.Object({
  revision: Type.Integer(),
  at: time('By the wall clock; the order is that of revisions.'),
  why: Type.Union(eventCauses.map((why) => Type.Literal(why))),
  text: Type.String({ description: 'The same in a sentence.' }),
  env,
  appid,
  instance,
  by: Type.Optional(
    Type.Object({
      address: Type.String(),
      token: Type.Optional(Type.String({ description: 'The name of the token.' })),
      certificate: Type.Optional(Type.String({ description: 'The name of the client certificate.' })),
      jwt: Type.Optional(Type.String({ description: 'The entry of the token file, and the subject of the JWT.' })),
      reason: Type.Optional(Type.String({ description: "The caller's own words: `?reason=` of the write." })),
      front: Type.Optional(Type.String({ description: 'Where it came in, if not through this API.' })),
    }),
  ),
  verdict: Type.Optional(Type.String({ description: 'Checked: what its checks have found.' })),
  reason: Type.Optional(Type.String({ description: 'Checked: why.' })),
  silentSeconds: Type.Optional(Type.Number({ description: 'Evicted: the time without renewal.' })),
  heldSeconds: Type.Optional(Type.Number({ description: 'Evicted: how long after the end of its lease.' })),
  changed: Type.Optional(Type.Array(Type.String(), { description: 'The fields that differ.' })),
  before: Type.Optional(instanceContent),
  after: Type.Optional(instanceContent),
});

export const eventsReply = Type.Object({
  events: Type.Array(eventReply, { description: 'Newest first.' }),
  completeSince: time('Every change since then is recorded.'),
  completeSinceRevision: Type.Integer({ description: 'Every change after this revision is recorded.' }),
  unreadable: Type.Optional(
    Type.Array(Type.Integer(), {
      description: 'Revisions of changes that belong on this page and cannot be read: the record is damaged there.',
    }),
  ),
  next: Type.Optional(Type.String({ description: 'Cursor of the next page, for `before`; absent on the last.' })),
});

export const restoreBody = Type.Object(
  {
    env: Type.Optional(env),
    app: Type.Optional(app),
    from: moment('Removed since then.'),
    to: Type.Optional(moment('Removed until then; now by default.')),
    why: Type.Optional(
      Type.Array(Type.Union(Removal.map((why) => Type.Literal(why))), { minItems: 1, default: ['cancelled'] }),
    ),
    by: Type.Optional(
      Type.Object(
        { token: Type.Optional(Type.String()), address: Type.Optional(Type.String()) },
        { additionalProperties: false, minProperties: 1, description: 'Removed by this caller.' },
      ),
    ),
    dryRun: Type.Optional(
      Type.Boolean({ default: false, description: 'Return what would be done, and change nothing.' }),
    ),
  },
  { additionalProperties: false },
);

const removed = Type.Object({
  env,
  appid,
  instance,
  why: Type.Union(Removal.map((why) => Type.Literal(why))),
  revision: Type.Integer({ description: 'The revision of the removal.' }),
  at: time('When it was removed.'),
});

export const restoreReply = Type.Object({
  dryRun: Type.Boolean(),
  restored: Type.Array(removed),
  skipped: Type.Array(Type.Object({ ...removed.properties, reason: Type.String() }), { maxItems: 1000 }),
  skippedCount: Type.Integer(),
  left: Type.Integer({ description: 'As many are left for the next call.' }),
  completeSince: time('Removals are recorded since then.'),
  scannedTo: Type.Optional(time('Not all removals were looked at: call again with this as `to`.')),
});
