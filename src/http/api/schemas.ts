// What goes in and out, as TypeBox schemas: the source of /openapi.json and of nothing else. Bodies, paths and queries
// are not validated by them but by the registry's parsers and query-reader.ts, which report every problem at once, in
// our own words, with the value; a validator in front would stop at its own first opinion. A test holds schemas and
// parsers together: same fields, same verdict on examples.

import Type from 'typebox';
import { limits, priorityDefault, weightDefault } from '../../model/instance.ts';
import { instanceOctetsMax, nameOctetsMax } from '../../model/names.ts';
import { Order } from '../../model/selection/order.ts';
import { Status } from '../../model/status.ts';
import { checksField, healthReply, overrideReply } from './check-schemas.ts';
import { renewalsMax } from './common-renewals.ts';

const label = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?';

const env = Type.String({ description: 'Environment: one DNS label.', pattern: `^${label}$`, examples: ['prod'] });
const appid = Type.String({
  description: 'The app: one or more DNS labels.',
  pattern: `^${label}(\\.${label})*$`,
  maxLength: nameOctetsMax,
  examples: ['com.acme.pay'],
});
const instance = Type.String({
  description: `Unique in its app: printable text of at most ${instanceOctetsMax} bytes.`,
  minLength: 1,
  maxLength: instanceOctetsMax,
  examples: ['10.0.0.7:8080'],
});

/** See consistent-read.ts. */
export const consistent = Type.Optional(
  Type.Literal('true', {
    description:
      'In a cluster: show every write that was answered before this call, at whichever node; 503 while cut off.',
  }),
);

export const envParams = Type.Object({ env });
export const appParams = Type.Object({ env, appid });
export const instanceParams = Type.Object({ env, appid, instance });

const text = (description: string, example: string) =>
  Type.String({ description, maxLength: limits.textOctets, examples: [example] });
export const time = (description: string) =>
  Type.String({ description, format: 'date-time', examples: ['2026-11-21T09:30:00.000Z'] });

const registrationFields = {
  addrs: Type.Array(Type.String({ pattern: '^[^:/]+://', maxLength: 512 }), {
    description: "Where it is served: `name://host:port`. The name is the port's; `+udp` after it sets the protocol.",
    minItems: 1,
    maxItems: limits.addrs,
    examples: [['http://10.0.0.7:8080', 'dns+udp://[2001:db8::7]:53']],
  }),
  version: text('Version, to select by.', '1.4.2'),
  zone: text('Availability zone, to select by.', 'eu-1a'),
  group: text('Group, to select by.', 'blue'),
  tags: Type.Array(Type.String({ minLength: 1, maxLength: limits.textOctets }), {
    description: 'Tags, to select by.',
    maxItems: limits.tags,
    examples: [['canary']],
  }),
  weight: Type.Integer({ description: 'As in SRV.', minimum: 0, maximum: limits.weight, default: weightDefault }),
  priority: Type.Integer({ description: 'As in SRV.', minimum: 0, maximum: limits.weight, default: priorityDefault }),
  status: Type.Union([...Status.map((status) => Type.Literal(status)), Type.Literal(1), Type.Literal(2)], {
    description: '`up` (1) takes traffic, `waiting` (2) is registered but takes none.',
    default: 'up',
  }),
  metadata: Type.Record(Type.String(), Type.String(), {
    description: `String map: at most ${limits.metadataKeys} keys and ${limits.metadataOctets} bytes.`,
    maxProperties: limits.metadataKeys,
    examples: [{ team: 'payments' }],
  }),
  leaseSeconds: Type.Integer({
    description: 'The instance is evicted when it has not been renewed for this long.',
    minimum: limits.leaseSeconds.min,
    maximum: limits.leaseSeconds.max,
    examples: [90],
  }),
  dnsTtl: Type.Integer({
    description: 'TTL of its DNS records, in seconds.',
    minimum: limits.dnsTtl.min,
    maximum: limits.dnsTtl.max,
    examples: [5],
  }),
  checks: checksField,
};

const closed = { additionalProperties: false };
const { addrs, ...optionalFields } = registrationFields;

/** The body of a registration. */
export const registrationBody = Type.Object(
  {
    addrs,
    ...Type.Partial(Type.Object(optionalFields)).properties,
    dirtyAt: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0 }), Type.String({ format: 'date-time' })], {
        description:
          "The writer's time: epoch milliseconds or ISO 8601. An older registration leaves a newer one in place.",
      }),
    ),
  },
  closed,
);

/** The body of a patch (RFC 7396): fields to set, or null to give one back its default. */
export const patchBody = Type.Object(Type.Partial(Type.Object(registrationFields)).properties, {
  ...closed,
  description: 'JSON merge patch: what is left out stays; null gives a field its default.',
  examples: [{ status: 'waiting', metadata: { note: 'draining' } }],
});

/** The body of many renewals. */
export const renewManyBody = Type.Object(
  { instances: Type.Array(Type.Object({ env, appid, instance }, closed), { maxItems: renewalsMax }) },
  closed,
);

/** An instance without its times: as the record of changes has it. */
export const instanceContent = Type.Object({
  env,
  appid,
  instance,
  label: Type.String({ description: "Its own DNS label below the app's name." }),
  ...registrationFields,
  status: Type.Union(Status.map((status) => Type.Literal(status))),
  checks: Type.Optional(checksField),
  health: Type.Optional(healthReply),
  override: Type.Optional(overrideReply),
  fronts: Type.Optional(
    Type.Record(Type.String(), Type.Object({ appName: Type.String(), content: Type.Unknown() }), {
      description: "Read-only: what the API of another registry keeps with it, by the API's name.",
    }),
  ),
});

export const replicated = Type.Optional(
  Type.Boolean({
    description:
      'Only in a cluster, of a write that changed something. False: this node accepted it while it was cut off, and the cluster decides it later.',
  }),
);

export const instanceReply = Type.Object({
  ...instanceContent.properties,
  replicated,
  registeredAt: time('Last registration.'),
  upAt: Type.Union([time('When it last began to take traffic.'), Type.Null()]),
  renewedAt: time('Last renewal.'),
  updatedAt: time('Last change of data.'),
  dirtyAt: time("The writer's time of the registration."),
  leaseEndsAt: Type.Union([time('End of the lease; null: it has checks and none.'), Type.Null()]),
  suspect: Type.Optional(Type.Literal(true, { description: 'Past its lease, and kept by the guard.' })),
  revision: Type.Integer({ description: "The registry's revision at the last change of data; the ETag has it." }),
});

const renewBefore = Type.Union([time('The end of the lease: renew before. Null: it has checks.'), Type.Null()]);

export const registrationReply = Type.Object({
  ...instanceReply.properties,
  outcome: Type.Union(['created', 'replaced', 'unchanged', 'outdated'].map((kind) => Type.Literal(kind))),
  dnsNames: Type.Array(Type.String(), {
    description:
      'Names under which it is found: by address at its app and its own name, by SRV at those of its ports. ' +
      'Host names alone give no addresses.',
  }),
  hidden: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.String(),
        types: Type.Array(Type.String(), { examples: [['A', 'AAAA']] }),
        by: Type.Union(['records', 'alias', 'delegation', 'redirection'].map((by) => Type.Literal(by))),
        zone: Type.String({ description: 'The zone whose file it is.' }),
      }),
      { description: 'Names at which a zone file answers in its place. Absent: none.' },
    ),
  ),
  renewBefore: Type.Optional(renewBefore),
  renewEverySeconds: Type.Optional(Type.Integer({ description: 'A third of the lease: two renewals may be lost.' })),
  renewWith: Type.Optional(Type.String({ description: 'The command that renews the lease. Not with checks.' })),
});

export const renewReply = Type.Object({ renewBefore, leaseSeconds: Type.Integer(), revision: Type.Integer() });

export const renewManyReply = Type.Object({
  results: Type.Array(
    Type.Object({
      env: Type.Unknown(),
      appid: Type.Unknown(),
      instance: Type.Unknown(),
      status: Type.Union(['renewed', 'unknown', 'invalid'].map((status) => Type.Literal(status))),
      renewBefore: Type.Optional(renewBefore),
      problems: Type.Optional(Type.Array(Type.Object({ field: Type.String(), message: Type.String() }))),
    }),
    { description: 'One for each, in order.' },
  ),
});

export const appQuery = Type.Object({
  consistent,
  status: Type.Optional(Type.String({ description: '`up` (1), `waiting` (2) or both (3, the default).' })),
  version: Type.Optional(Type.String()),
  zone: Type.Optional(Type.String()),
  group: Type.Optional(Type.String()),
  tag: Type.Optional(Type.Array(Type.String(), { description: 'May be repeated: all have to be there.' })),
  port: Type.Optional(Type.String({ description: "A port's name." })),
  near: Type.Optional(Type.String({ description: 'Instances of this zone come first; the others fill up.' })),
  order: Type.Optional(
    Type.Union(
      Order.map((order) => Type.Literal(order)),
      {
        description:
          '`weighted`: by chance, by weight, the lowest priority first. `round-robin`: one place further with every call. ' +
          '`random`: by chance, all alike. Without it: in order of registration.',
      },
    ),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  subset: Type.Optional(
    Type.Integer({ description: 'So many instances, always the same ones for one client.', minimum: 1, maximum: 1000 }),
  ),
  client: Type.Optional(Type.String({ description: 'Whose subset; without it the address of the caller.' })),
  index: Type.Optional(Type.String({ description: 'Wait until the app has changed since: the `index` of a reply.' })),
  wait: Type.Optional(Type.String({ description: 'How long to wait: `500ms`, `30s`, `5m` (the most).' })),
  at: Type.Optional(
    Type.String({ description: 'The instances as of then: ISO 8601, or counted back from now (`-15m`, `-2h`).' }),
  ),
});

/** Of PUT, PATCH and DELETE. */
export const writeQuery = Type.Object({
  reason: Type.Optional(Type.String({ description: 'Why, for the log and /events.', maxLength: 200 })),
});

export const appReply = Type.Object({
  env,
  appid,
  index: Type.Integer({
    description: 'To be given as `index` of the next call; the header `x-rollcall-index` has it as `LIFE-N`.',
  }),
  instances: Type.Array(instanceReply),
});

/** The same with `at`: without times, since the record has none of renewals. */
export const pastAppReply = Type.Object({
  env,
  appid,
  at: time('The moment that was asked for.'),
  revision: Type.Integer({ description: "The registry's revision then." }),
  instances: Type.Array(instanceContent, { description: 'Sorted by id.' }),
});

export const catalogueQuery = Type.Object({
  consistent,
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  after: Type.Optional(Type.String({ description: 'The `next` of the page before.' })),
});

export const catalogueReply = Type.Object({
  revision: Type.Integer(),
  apps: Type.Array(
    Type.Object({ env, appid, instances: Type.Integer(), up: Type.Integer(), revision: Type.Integer() }),
  ),
  next: Type.Optional(Type.String({ description: 'Cursor of the next page; absent on the last.' })),
});

export const resolveQuery = Type.Object({
  name: Type.String({ examples: ['orders.prod.svc'] }),
  type: Type.Optional(Type.String({ default: 'A', examples: ['SRV'] })),
});

const records = Type.Array(Type.String({ description: 'A record in presentation format.' }));

export const resolveReply = Type.Object({
  name: Type.String(),
  type: Type.String(),
  rcode: Type.String(),
  flags: Type.Array(Type.String()),
  answer: records,
  authority: records,
  additional: records,
  reason: Type.String({ description: 'Why the answer is what it is.' }),
  ttl: Type.Optional(Type.Integer()),
  asked: Type.Optional(
    Type.Object(
      {
        count: Type.Integer(),
        lastMinute: Type.Integer(),
        clients: Type.Integer({ description: '0 where clients are not kept.' }),
        lastSeen: Type.String({ format: 'date-time' }),
      },
      { description: 'How this question was asked since queries are counted; absent where it was not.' },
    ),
  ),
});

export const problemReply = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          field: Type.String(),
          pointer: Type.Optional(Type.String({ description: 'JSON pointer into the body.' })),
          message: Type.String(),
          value: Type.Optional(Type.String()),
        }),
      ),
    ),
  },
  { description: 'RFC 9457.' },
);

/** How every call describes what may go wrong. */
export const problemAnswer = {
  description: 'What is wrong, all of it at once.',
  content: { 'application/problem+json': { schema: problemReply } },
};
