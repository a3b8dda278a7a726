// The watch in the description of the API; like schemas.ts it describes and does not judge.

import Type from 'typebox';
import { appQuery } from './schemas.ts';

export const watchQuery = Type.Object({
  app: Type.Optional(
    Type.Array(Type.String({ examples: ['prod/orders'] }), { description: '`env/appid`. May be repeated.' }),
  ),
  env: Type.Optional(
    Type.Array(Type.String(), {
      description: 'All apps of an environment. May be repeated. Without app and env: everything.',
    }),
  ),
  status: appQuery.properties.status,
  version: appQuery.properties.version,
  zone: appQuery.properties.zone,
  group: appQuery.properties.group,
  tag: appQuery.properties.tag,
  port: appQuery.properties.port,
  lastEventId: Type.Optional(Type.String({ description: 'For clients that cannot send the header `Last-Event-ID`.' })),
});

export const watchReply = {
  description: 'Events for as long as the client listens; `id` is the revision (`LIFE-N`), `data` one line of JSON.',
  content: { 'text/event-stream': { schema: Type.String() } },
};
