// Watching a real process: with curl, over a restart, and while it is asked to stop.

import { afterAll, describe, expect, test, vi } from 'vitest';
import { ApiClient } from '../kit/http/api-client.ts';
import { EventParser, EventStreamClient, WatchedState } from '../kit/http/event-stream.ts';
import { requireInCi } from '../kit/process/installed.ts';
import { start } from '../kit/process/program.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { type ServerOptions, type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const missing = requireInCi(['curl'], 'curl');
// Processes start slowly where six others are busy.
vi.setConfig({ testTimeout: 60_000 });

const leftovers: (() => unknown)[] = [];

afterAll(async () => {
  for (const leave of leftovers.reverse()) await leave();
});

async function serverFor(options: ServerOptions = {}): Promise<{ server: ServerProcess; api: ApiClient }> {
  const server = await startServer(options);
  const api = new ApiClient(server.http);
  leftovers.push(() => server.kill());
  leftovers.push(() => api.close());
  return { server, api };
}

async function watch({ http }: ServerProcess, query: string, lastEventId?: string): Promise<EventStreamClient> {
  const client = await EventStreamClient.open(
    `${http}/api/v1/watch${query}`,
    lastEventId === undefined ? {} : { lastEventId },
  );
  leftovers.push(() => client.close());
  return client;
}

/** `prod/orders/a1` -> its weight, as the API lists it. */
async function listed(api: ApiClient, app: string): Promise<Map<string, unknown>> {
  const { instances } = (await api.call('GET', `/api/v1/apps/${app}`)).json as { instances: Record<string, unknown>[] };
  return new Map(instances.map(({ instance, weight }) => [`${app}/${String(instance)}`, weight]));
}

function weights(state: WatchedState): Map<string, unknown> {
  return new Map([...state.instances()].map(([key, document]) => [key, (document as { weight: number }).weight]));
}

test.skipIf(missing.length > 0)(`curl -N shows changes as they happen (missing: ${missing.join()})`, async () => {
  const { server, api } = await serverFor();
  await api.register('prod/orders/orders-1', ['http://10.0.0.7:80']);
  const curl = start('curl', ['-sN', `${server.http}/api/v1/watch?app=prod/orders`]);
  await until('the beginning', () => curl.output().includes('event: synced'));
  await api.patch('prod/orders/orders-1', { metadata: { note: 'news' } });
  await until('the change', () => curl.output().includes('"note":"news"'));
  await api.cancel('prod/orders/orders-1');
  await until('the end', () => curl.output().includes('event: cancelled'));
  expect(new EventParser().push(curl.output()).map(({ event }) => event)).toEqual([
    'snapshot',
    'synced',
    'updated',
    'cancelled',
  ]);
  await curl.stop();
  await until('curl having gone', async () => {
    return (await api.call('GET', '/metrics')).text.includes('\nrollcall_watchers 0\n');
  });
  expect((await api.call('GET', '/metrics')).text).toContain('\nrollcall_watch_events_total 4\n');
  await server.stop();
});

test('the end of a lease is sent at once', async () => {
  const { server, api } = await serverFor();
  await api.register('prod/orders/short', ['http://10.0.0.7:80'], { leaseSeconds: 5 });
  const client = await watch(server, '?env=prod&status=up');
  const { data } = await client.until('evicted');
  expect(data).toMatchObject({ instance: 'short', matches: false, why: 'evicted' });
  expect(data['silentSeconds']).toBeGreaterThanOrEqual(5);
  client.close();
  await server.stop();
});

describe('over a restart', () => {
  test('a client that had received everything goes on without a gap, and one that had not gets a gap', async () => {
    const directory = scratch();
    leftovers.push(() => removeScratch(directory));
    const first = await serverFor({ directory, data: 'data' });
    for (let i = 0; i < 5; i++) await first.api.register(`prod/orders/a${i}`, ['http://10.0.0.7:80']);
    const client = await watch(first.server, '');
    await client.until('synced');
    const early = client.lastEventId;
    await first.api.cancel('prod/orders/a0');
    await client.until('cancelled');
    const stopped = first.server.stop();
    await client.until('stopping');
    await client.closed;
    expect(client.events.map(({ event }) => event)).toEqual(['snapshot', 'synced', 'cancelled', 'stopping']);
    await stopped;

    const second = await serverFor({ directory, data: 'data' });
    const back = await watch(second.server, '', client.lastEventId);
    await back.until('synced');
    await second.api.register('prod/orders/b1', ['http://10.0.0.7:80']);
    await back.until('registered');
    const late = await watch(second.server, '', early);
    await late.until('synced');
    expect(late.events.map(({ event }) => event)).toEqual(['gap', 'snapshot', 'synced']);
    const state = new WatchedState();
    for (const event of [...client.events, ...back.events]) state.hear(event);
    const lateState = new WatchedState();
    for (const event of late.events) lateState.hear(event);
    expect(weights(state)).toEqual(await listed(second.api, 'prod/orders'));
    expect(weights(lateState)).toEqual(weights(state));
    expect(back.events.map(({ event }) => event)).toEqual(['synced', 'registered']);
    await second.server.stop();
  });

  test('after SIGKILL in the middle of writes a client that comes back ends with what is there', async () => {
    const directory = scratch();
    leftovers.push(() => removeScratch(directory));
    const first = await serverFor({ directory, data: 'data' });
    const client = await watch(first.server, '?app=prod/orders');
    await client.until('synced');
    const writes = Array.from({ length: 200 }, async (_, i) =>
      first.api.register(`prod/orders/a${i % 20}`, ['http://10.0.0.7:80'], { weight: i }).catch(() => undefined),
    );
    await client.until('registered', 10);
    await first.server.kill();
    await Promise.all([...writes, client.closed]);

    const second = await serverFor({ directory, data: 'data' });
    const back = await watch(second.server, '?app=prod/orders', client.lastEventId);
    await back.until('synced');
    const state = new WatchedState();
    for (const event of [...client.events, ...back.events]) state.hear(event);
    expect(weights(state)).toEqual(await listed(second.api, 'prod/orders'));
    await second.server.stop();
  });
});

test('SIGTERM with two hundred watches and long polls: each gets its end, and the exit is clean', async () => {
  const { server, api } = await serverFor();
  const watches = await Promise.all(Array.from({ length: 200 }, () => watch(server, '?app=prod/orders')));
  const polls = Array.from({ length: 20 }, () => api.call('GET', '/api/v1/apps/prod/orders?wait=1m'));
  for (const client of watches) await client.until('synced');
  await until('twenty waiting', async () => {
    return (await api.call('GET', '/metrics')).text.includes('rollcall_http_long_polls 20');
  });
  // Longer than `stopSeconds` would not be a clean end.
  const { code } = await server.stop();
  expect(code).toBe(0);
  for (const client of watches) await client.closed;
  expect(new Set(watches.map(({ kinds }) => kinds.at(-1)))).toEqual(new Set(['stopping']));
  expect(new Set((await Promise.all(polls)).map(({ status }) => status))).toEqual(new Set([200]));
});
