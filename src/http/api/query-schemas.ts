// What the calls on DNS queries take and give, as TypeBox schemas for /openapi.json; see schemas.ts.

import Type from 'typebox';
import { instanceContent } from './schemas.ts';

const { env, appid } = instanceContent.properties;
const time = (description: string) => Type.String({ description, format: 'date-time' });
const text = (description: string, example: string) => Type.String({ description, examples: [example] });

export const whoAsksQuery = Type.Object({
  name: Type.Optional(text('This name and those below it.', 'orders.prod.svc')),
  instance: Type.Optional(text('The own name of this instance, as env/appid/instance.', 'prod/orders/orders-1')),
  type: Type.Optional(text('A record type.', 'SRV')),
  rcode: Type.Optional(text('An answer code; NXDOMAIN: names that do not exist.', 'NXDOMAIN')),
  transport: Type.Optional(text('udp, tcp, tls or https.', 'udp')),
  client: Type.Optional(text('A client, as it is listed.', '10.1.2.3')),
  app: Type.Optional(text('Names that belong to this app, as env/appid.', 'prod/orders')),
  by: Type.Optional(text('What is added up: question (name, type and code), name, client, app; none.', 'question')),
  order: Type.Optional(text('queries, or those of the last minute, hour, day; recent: asked last.', 'queries')),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000, default: 0 })),
});

export const whoAsksReply = Type.Object({
  since: time('Queries are counted from here on.'),
  total: Type.Integer({ description: 'Rows on all pages.' }),
  unlisted: Type.Optional(Type.Integer({ description: 'Queries for which there was no room in any row.' })),
  queries: Type.Array(
    Type.Object({
      name: Type.Optional(Type.String()),
      type: Type.Optional(Type.String()),
      rcode: Type.Optional(Type.String()),
      transport: Type.Optional(Type.String()),
      client: Type.Optional(Type.String({ description: 'An address or network; empty where clients are not kept.' })),
      env: Type.Optional(env),
      appid: Type.Optional(appid),
      count: Type.Integer(),
      lastMinute: Type.Integer(),
      lastHour: Type.Integer(),
      lastDay: Type.Integer(),
      firstSeen: time('The first query.'),
      lastSeen: time('The last query.'),
      clients: Type.Integer({ description: 'Different clients; 0 where they are not kept.' }),
      names: Type.Integer({ description: 'Different names.' }),
      closeTo: Type.Optional(
        Type.Array(Type.String(), {
          description:
            'For a name that does not exist: registered apps of nearly that name, else of that name in another env.',
        }),
      ),
    }),
  ),
  next: Type.Optional(Type.Integer({ description: 'The offset of the next page; absent on the last.' })),
});

export const unaskedQuery = Type.Object({
  within: Type.Optional(text('How long it has not been queried.', '7d')),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
});

export const unaskedReply = Type.Object({
  since: time('Queries are counted from here on: earlier ones are not known.'),
  apps: Type.Array(
    Type.Object({ env, appid, lastSeen: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]) }),
  ),
});
