// Cancelling and draining, as TypeBox schemas for /openapi.json; see schemas.ts.

import Type from 'typebox';
import { instanceContent, replicated, time, writeQuery } from './schemas.ts';

const { env, appid, instance } = instanceContent.properties;

const stopTimes = {
  replicated,
  safe: Type.Union([Type.Boolean(), Type.Literal('assumed')], {
    description:
      'It is: no resolver can hold an answer with this instance in it. `assumed`: unless a node of `assumedDead` answers still.',
  }),
  unknown: Type.Optional(Type.Array(Type.String(), { description: 'Nodes of the cluster that did not answer.' })),
  assumedDead: Type.Optional(
    Type.Array(Type.String(), { description: 'Nodes that died without a word, and were not struck off since.' }),
  ),
  safeToStopAt: time('From then on no resolver can hold an answer with this instance in it.'),
  safeInSeconds: Type.Integer({ description: 'How long that is from now, rounded up.' }),
  lastServedAt: Type.Optional(time('When the last answer that may still be held was handed out.')),
};
export const cancelReply = Type.Object({
  env,
  appid,
  instance,
  outcome: Type.Literal('cancelled'),
  revision: Type.Integer(),
  ...stopTimes,
});

export const drainReply = Type.Object({
  env,
  appid,
  instance,
  outcome: Type.Union(['drained', 'unchanged'].map((kind) => Type.Literal(kind))),
  status: Type.Literal('waiting'),
  revision: Type.Integer(),
  ...stopTimes,
});

export const upReply = Type.Object({
  env,
  appid,
  instance,
  outcome: Type.Union(
    ['resumed', 'unchanged', 'released'].map((kind) => Type.Literal(kind)),
    { description: '`released`: it is not registered, and the hold that waited for it is lifted.' },
  ),
  status: Type.Optional(instanceContent.properties.status),
  revision: Type.Optional(Type.Integer()),
});

const wait = {
  wait: Type.Optional(
    Type.String({
      description: 'Answer when it is safe to stop, or after this time: `500ms`, `30s`, `5m` (the most).',
    }),
  ),
};

export const stopQuery = Type.Object({ ...wait, ...writeQuery.properties });

export const drainQuery = Type.Object({
  ...wait,
  hold: Type.Optional(
    Type.String({
      description: 'Stay out for this long whatever is registered: `30m`, `2h`, at most `7d`. Ended by `POST …/up`.',
    }),
  ),
  ...writeQuery.properties,
});
