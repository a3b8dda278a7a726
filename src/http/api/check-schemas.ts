// Checks and what they found, as TypeBox schemas for /openapi.json; see schemas.ts.

import Type from 'typebox';
import { CheckMethod, CheckType, checkLimits } from '../../model/checks.ts';
import { Verdict } from '../../model/health.ts';
import { Status } from '../../model/status.ts';

const { inARow, intervalSeconds, timeoutSeconds, textOctets } = checkLimits;
const text = (description: string) => Type.Optional(Type.String({ description, maxLength: textOctets }));
const many = (description: string, fallback: number) =>
  Type.Optional(Type.Integer({ description, minimum: inARow.min, maximum: inARow.max, default: fallback }));

const rhythm = {
  port: text("The port's name; without it the one that goes with the type. Every address of it has to pass."),
  address: text('Where to ask instead of the addresses that are registered: `http://10.0.0.7:8081`.'),
  intervalSeconds: Type.Optional(
    Type.Integer({ minimum: intervalSeconds.min, maximum: intervalSeconds.max, default: 10 }),
  ),
  timeoutSeconds: Type.Optional(Type.Number({ minimum: timeoutSeconds.min, maximum: timeoutSeconds.max, default: 2 })),
  failures: many('So many in a row take it out of the answers.', 3),
  successes: many('So many in a row bring it into the answers.', 1),
};

const ofType = {
  http: {
    path: text('What is asked for; redirects are not followed.'),
    method: Type.Optional(Type.Union(CheckMethod.map((method) => Type.Literal(method)))),
    headers: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'Sent with each check. Callers that may read the instance can read them.',
      }),
    ),
    requestBody: Type.Optional(Type.String({ maxLength: checkLimits.requestBodyOctets })),
    status: text('Statuses that pass: `200-299,401`.'),
    warning: text('Statuses that pass, and are shown as a warning: `429`.'),
    body: text('Text that has to be in the first 64 KiB of the body.'),
    host: text('The Host header.'),
  },
  tcp: {},
  grpc: { service: text('As grpc.health.v1 calls it; empty: the whole server.') },
  dns: { name: Type.String({ description: 'Asked for with type A; NOERROR passes.', maxLength: textOctets }) },
};

const check = Type.Union(
  CheckType.map((type) =>
    Type.Object({ type: Type.Literal(type), ...ofType[type], ...rhythm }, { additionalProperties: false }),
  ),
);

export const checksField = Type.Array(check, {
  description: 'rollcall looks itself whether the instance serves; it then needs no renewals, and starts as `waiting`.',
  maxItems: checkLimits.checks,
  examples: [[{ type: 'http', path: '/healthz', intervalSeconds: 5 }]],
});

export const healthReply = Type.Object(
  {
    verdict: Type.Union(Verdict.map((verdict) => Type.Literal(verdict))),
    reason: Type.String({ description: 'What was asked, and what came of it, when the verdict changed.' }),
    wanted: Type.Union(Status.map((status) => Type.Literal(status))),
    file: Type.Optional(Type.String({ description: 'The service file that it comes from.' })),
  },
  { description: 'Of instances with checks: what these have found. `status` is `wanted` while they pass or warn.' },
);

export const overrideReply = Type.Object(
  {
    status: Type.Union(Status.map((status) => Type.Literal(status))),
    wanted: Type.Union(Status.map((status) => Type.Literal(status))),
    by: Type.String({ description: 'The name of the token, or an address.' }),
    reason: Type.Optional(Type.String()),
    until: Type.Union([Type.String(), Type.Null()], {
      description: 'End of a hold, or `unbounded`; null: the next registration or patch with `up` ends it.',
    }),
  },
  { description: 'An operator’s decision, which wins over the status that the registrant wants.' },
);
