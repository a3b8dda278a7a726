// Every recorded HTTP request of real Nacos clients gets an answer that differs from the real server's in times, in what
// the real server shows half a second late, and in services of other clients that were recorded at the same time.

import type { InjectOptions } from 'fastify';
import { expect, test } from 'vitest';
import { exchangesOf } from '../../../kit/adapters/transcript.ts';
import { createWorld, type Json } from '../../../kit/http/http-world.ts';

const recordings = ['nacos-npm', 'nacos-py', 'nacos-java-1.4.7', 'nacos-go-1.1.4'] as const;

/** Of the time when all was recorded, a little before. */
const recordedMs = 1_795_881_000_000;

/** Without times, and with hosts in one order. */
function comparable(text: string): Json {
  const { lastRefTime, hosts, ...others } = JSON.parse(text) as Json;
  expect(typeof lastRefTime).toBe('number');
  const sorted = [...(hosts as Json[])].sort((a, b) => (String(a['instanceId']) < String(b['instanceId']) ? -1 : 1));
  return { ...others, hosts: sorted };
}

function replay(name: string) {
  const service =
    { 'nacos-npm': 'npm-web', 'nacos-py': 'py-web', 'nacos-java-1.4.7': 'java-web' }[name] ?? 'nacos-v1-web';
  const world = createWorld({ deps: { adapters: { names: ['nacos'], env: 'prod' } } });
  world.clock.stepWall(recordedMs - world.clock.wallMs());
  let passedMs = 0;
  const send = async ({ atMs, request }: ReturnType<typeof exchangesOf>[number]) => {
    const { host: _host, 'content-length': _length, ...headers } = request.headers;
    world.clock.stepWall(atMs - passedMs);
    passedMs = atMs;
    const payload = request.body === '' ? {} : { payload: request.body };
    return world.app.inject({ method: request.method, url: request.url, headers, ...payload } as InjectOptions);
  };
  const exchanges = exchangesOf(name).map((exchange) => ({ exchange, send: () => send(exchange) }));
  return { world, service, exchanges };
}

test.each(recordings)('%s', async (name) => {
  const { world, service, exchanges } = replay(name);
  expect(exchanges.length).toBeGreaterThan(8);
  const shown: unknown[] = [[]];
  const listed: unknown[] = [];
  for (const { exchange, send } of exchanges) {
    const { request, reply: recorded, number } = exchange;
    const reply = await send();
    const call = `${number} ${request.method} ${request.url}`;
    expect([call, reply.statusCode]).toEqual([call, recorded.status]);
    const type = recorded.headers['content-type']?.split(';', 1)[0];
    expect([call, String(reply.headers['content-type']).split(';', 1)[0]]).toEqual([call, type]);
    const after = await world.app.inject({ method: 'GET', url: `/nacos/v1/ns/instance/list?serviceName=${service}` });
    shown.push(comparable(after.body)['hosts']);
    if (request.url.includes('/instance/list')) {
      const { hosts, ...head } = comparable(recorded.body);
      expect(comparable(reply.body)).toMatchObject(head);
      listed.push(hosts);
    } else if (request.url.includes('/service/list')) {
      expect(reply.json()).toEqual({ count: 1, doms: [service] });
    } else expect([call, reply.body]).toEqual([call, recorded.body]);
  }
  // The real server shows a change late, and calls overlapped there.
  for (const hosts of listed) expect(shown).toContainEqual(hosts);
});
