// Every recorded gRPC request of real Nacos clients gets an answer that differs from the real server's in ids of connections and
// instances, in times, and in services of other clients that were recorded at the same time. Pushes come at once, where the
// real server collects them for half a second.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { NacosGrpc } from '../../../../../src/http/adapters/nacos/grpc/nacos-grpc.ts';
import { unrestricted } from '../../../../../src/model/principal.ts';
import { NacosClient } from '../../../../kit/adapters/nacos-client.ts';
import { createWorld, type Json } from '../../../../kit/http/http-world.ts';
import { until } from '../../../../kit/process/until.ts';

const recordings = ['nacos-go-2.2.7-grpc', 'nacos-java-2.5.1-grpc', 'nacos-java-3.1.0-grpc'] as const;
const folder = join(import.meta.dirname, '..', '..', '..', '..', 'fixtures', 'transcripts');

interface Line {
  readonly from: 'client' | 'server';
  readonly on: 'request' | 'response' | 'stream';
  readonly type: string;
  readonly body: Json;
}

function linesOf(name: string): readonly Line[] {
  const text = readFileSync(join(folder, `${name}.txt`), 'utf8');
  const found = text.matchAll(/^\+\d+ms (C>|<S) (request|response|stream) (\w+) .*\n(\{.*\})$/gm);
  return Array.from(found, ([, from, on, type, body]) => ({
    from: from === 'C>' ? ('client' as const) : ('server' as const),
    on: on as Line['on'],
    type: type as string,
    body: JSON.parse(body as string) as Json,
  }));
}

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

/** Without what differs each time. */
function comparable(body: Json): Json {
  return JSON.parse(
    JSON.stringify(body, (key, value: unknown) => {
      if (['connectionId', 'instanceId', 'lastRefTime', 'requestId'].includes(key)) return undefined;
      if (key === 'serviceNames' || key === 'count') return undefined;
      return key === 'hosts' ? (value as Json[]).toSorted((a, b) => Number(a['port']) - Number(b['port'])) : value;
    }),
  ) as Json;
}

async function world() {
  const { control, clock } = createWorld({ realTimers: true });
  const defaults = { leaseSeconds: 90, dnsTtl: 5 };
  const findPrincipal = () => unrestricted('anonymous');
  const limits = { connectionsMax: 10, connectionsPerClientMax: 10 };
  const opened = await NacosGrpc.open({ control, clock, defaults, env: 'prod', findPrincipal, ...limits }, [
    { host: '127.0.0.1', port: 0 },
  ]);
  if ('failed' in opened) throw new Error('it does not listen');
  closing.push(() => opened.grpc.close());
  const client = new NacosClient(opened.listens[0]?.port ?? 0);
  closing.push(() => client.close());
  return client;
}

test.each(recordings)('%s', async (name) => {
  const lines = linesOf(name);
  expect(lines.length).toBeGreaterThan(20);
  const client = await world();
  const setup = lines.find(({ type }) => type === 'ConnectionSetupRequest');
  await client.setUp(setup?.body);
  const asked = lines.filter(({ from, on }) => from === 'client' && on === 'request');
  const answered = lines.filter(({ from, on }) => from === 'server' && on === 'response');
  expect(asked.length).toBe(answered.length);
  for (const [at, { type, body }] of asked.entries()) {
    const reply = await client.request(type, body);
    expect([at, reply.type]).toEqual([at, answered[at]?.type]);
    expect([at, comparable(reply.body)]).toEqual([at, comparable(answered[at]?.body ?? {})]);
  }
  const own = new Set(lines.filter(({ from, on }) => from === 'server' && on === 'stream').map(({ type }) => type));
  for (const type of own) await until(type, () => client.pushed.some((one) => one.type === type));
  // Each list that the real server pushed was pushed here as well.
  const lists = client.pushed
    .filter(({ type }) => type === 'NotifySubscriberRequest')
    .map(({ body }) => comparable(body));
  const pushes = lines.filter(({ from, type }) => from === 'server' && type === 'NotifySubscriberRequest');
  expect(pushes.length).toBeGreaterThan(0);
  for (const { body } of pushes) expect(lists).toContainEqual(comparable(body));
});
