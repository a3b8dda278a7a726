// The call itself, over real connections: what it answers and refuses, and how it lives with the limits of the server.

import { afterEach, describe, expect, test } from 'vitest';
import { EventStreamClient, type EventStreamKnobs } from '../../kit/http/event-stream.ts';
import { createWorld, problemOf, type World, type WorldOptions } from '../../kit/http/http-world.ts';
import { RawConnection } from '../../kit/http/raw-http.ts';

const worlds: World[] = [];
const clients: { close(): void }[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const { app } of worlds.splice(0)) await app.close();
});

/** Limits short enough to be waited for. */
const timeouts = { requestMs: 300, headersMs: 200, idleMs: 300, checkEveryMs: 20 };

async function listening(options: WorldOptions = {}) {
  const world = createWorld({ ...options, realTimers: true, deps: { timeouts, ...options.deps } });
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  worlds.push(world);
  const { port } = world.app.server.address() as { port: number };
  const watch = (query = '', knobs: EventStreamKnobs = {}) => {
    const client = new EventStreamClient(`http://127.0.0.1:${port}/api/v1/watch${query}`, knobs);
    clients.push(client);
    return client;
  };
  const dial = async () => {
    const connection = await RawConnection.open(port);
    clients.push({ close: () => connection.destroy() });
    return connection;
  };
  return { ...world, port, watch, dial };
}

const get = (query: string, headers = '') => `GET /api/v1/watch${query} HTTP/1.1\r\nhost: 127.0.0.1\r\n${headers}\r\n`;

describe('a watch', () => {
  test('begins at once, with headers that keep it from being stored, held back or chunked', async () => {
    const { watch } = await listening();
    const client = watch('?app=prod/orders');
    await client.until('synced');
    expect(client.status).toBe(200);
    expect(client.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      connection: 'close',
    });
    expect(client.headers['transfer-encoding']).toBeUndefined();
    expect(client.retryMs).toBeGreaterThanOrEqual(1000);
    expect(client.retryMs).toBeLessThanOrEqual(5000);
    expect(client.kinds).toEqual(['snapshot', 'synced']);
  });

  test('gets what others write, and by whom', async () => {
    const { watch, register, call } = await listening();
    const client = watch('?env=prod&status=up');
    await client.until('synced');
    await register('prod/orders/a1');
    await call('PATCH', '/apps/prod/orders/a1', { status: 'waiting' });
    await register('dev/orders/a1');
    await register('prod/orders/a2');
    await client.until('registered', 2);
    expect(client.events.map(({ event, id, data }) => [event, id, data['matches']])).toEqual([
      ['synced', 'thislife-100', undefined],
      ['registered', 'thislife-101', true],
      ['updated', 'thislife-102', false],
      ['registered', 'thislife-104', true],
    ]);
    expect(client.events[1]?.data['by']).toEqual({ address: '127.0.0.1' });
  });

  test('outlives the idle limit, and is kept in use', async () => {
    const { watch, watchers, register } = await listening({ watch: { beatMs: 50 } });
    const client = watch();
    await client.until('synced');
    await expect.poll(() => client.comments, { timeout: 5000 }).toBeGreaterThan((3 * timeouts.idleMs) / 50);
    await register('prod/orders/a1');
    await client.until('registered');
    expect(watchers.count).toBe(1);
  });

  test('goes on where it was: by header, by parameter, and the header is the newer one', async () => {
    const { watch, register } = await listening();
    for (const id of ['a1', 'a2', 'a3']) await register(`prod/orders/${id}`);
    const revisions = async (query: string, knobs?: EventStreamKnobs) => {
      const client = watch(query, knobs);
      await client.until('synced');
      return client.events.map(({ event, data }) =>
        typeof data['revision'] === 'number' ? `${event} ${data['revision']}` : event,
      );
    };
    const rest = ['registered 103', 'synced 103'];
    expect(await revisions('', { lastEventId: '102' })).toEqual(rest);
    expect(await revisions('?lastEventId=102')).toEqual(rest);
    expect(await revisions('?lastEventId=100', { lastEventId: '102' })).toEqual(rest);
    expect(await revisions('', { lastEventId: '' })).toEqual(['snapshot', 'synced 103']);
    expect(await revisions('', { lastEventId: 'what is this' })).toEqual(['gap', 'snapshot', 'synced 103']);
    expect(await revisions('', { lastEventId: '104' })).toEqual(['gap', 'snapshot', 'synced 103']);
  });

  test('whose client goes away frees its place, and is counted as answered', async () => {
    const { watch, watchers, counters, register } = await listening({ watch: { max: 1 } });
    const client = watch();
    await client.until('synced');
    client.close();
    await expect.poll(() => watchers.count).toBe(0);
    await register('prod/orders/a1');
    await expect.poll(() => counters.counts.get('request:GET /api/v1/watch 200')).toBe(1);
    await watch().until('synced');
  });

  test('whose client reads nothing is cut, and the others hear everything', async () => {
    const cuts: string[] = [];
    const { watch, watchers, registry } = await listening({
      registry: { instancesMax: 100_000 },
      watch: { beatMs: 400, onCut: (reason) => void cuts.push(reason) },
    });
    const slow = watch('?env=prod');
    const quick = watch('?env=prod');
    await Promise.all([slow.until('synced'), quick.until('synced')]);
    slow.pause();
    // Both ends of a connection hold some megabytes before anybody notices.
    let changes = 0;
    const { app } = worlds.at(-1) as World;
    const note = 'x'.repeat(8000);
    await expect
      .poll(
        async () => {
          for (let i = 0; i < 50; i++) {
            const payload = { addrs: ['http://10.0.0.7:8080'], metadata: { note: `${note}${changes++ % 7}` } };
            await app.inject({ method: 'PUT', url: '/api/v1/apps/prod/orders/a1', payload });
          }
          return cuts.length;
        },
        { timeout: 15_000, interval: 1 },
      )
      .toBe(1);
    expect(watchers.count).toBe(1);
    expect(watchers.cutCount).toBe(1);
    expect(quick.isClosed).toBe(false);
    await expect.poll(() => quick.lastEventId, { timeout: 5000 }).toBe(`thislife-${registry.revision}`);
    expect(quick.events.filter(({ data }) => 'matches' in data).length).toBe(registry.revision - 100);
  });

  test('gets "stopping" when the server stops, and its stream ends by itself', async () => {
    const { watch, app, counters } = await listening();
    const all = Array.from({ length: 50 }, () => watch());
    for (const client of all) await client.until('synced');
    await app.close();
    await Promise.all(all.map(({ closed }) => closed));
    for (const client of all) expect(client.kinds.at(-1)).toBe('stopping');
    expect(counters.counts.get('request:GET /api/v1/watch 200')).toBe(50);
  });
});

describe('it is refused', () => {
  test.each<[query: string, fields: string[]]>([
    ['?app=orders', ['app']],
    ['?app=prod/a_b&app=x.y/a', ['app', 'app']],
    ['?env=a.b', ['env']],
    ['?status=down&lastEventId=x&apps=prod/a', ['apps', 'status', 'lastEventId']],
    ['?lastEventId=-1', ['lastEventId']],
    [`?${'app=prod/a&'.repeat(33)}`, ['app']],
  ])('%s: 400, with every problem', async (query, fields) => {
    const { call, watchers } = createWorld();
    const reply = await call('GET', `/watch${query}`);
    expect(reply.statusCode).toBe(400);
    const named = problemOf(reply).errors.map(({ field }) => field as string);
    expect(named.sort()).toEqual([...fields].sort());
    expect(watchers.count).toBe(0);
  });

  test.each([
    ['application/json', 406],
    ['text/html, application/xhtml+xml', 406],
    ['text/event-stream;q=0, */*', 406],
    ['*/*;q=0', 406],
    ['text/event-stream', 200],
    ['TEXT/Event-Stream; q=0.5', 200],
    ['text/*', 200],
    ['application/json, */*;q=0.1', 200],
  ])('Accept: %s is answered with %i', async (accept, status) => {
    const { call } = createWorld();
    const reply = await call('HEAD', '/watch', undefined, { accept });
    expect(reply.statusCode).toBe(status);
    if (status === 200) expect(reply.headers['content-type']).toBe('text/event-stream');
    else
      expect(problemOf(await call('GET', '/watch', undefined, { accept }))['type']).toBe(
        'urn:rollcall:problem:not-acceptable',
      );
  });

  test('without a token where one is needed', async () => {
    const tokens = [{ name: 'ci', token: 'correct-horse-battery' }];
    const { watch, register } = await listening({ deps: { timeouts, tokens } });
    const stranger = watch();
    await stranger.closed;
    expect(stranger.status).toBe(401);
    const headers = { authorization: 'Bearer correct-horse-battery' };
    const known = watch('', { headers });
    await known.until('synced');
    await register('prod/orders/a1');
    const { call } = worlds.at(-1) as World;
    await call('PUT', '/apps/prod/orders/a1', { addrs: ['http://10.0.0.7:80'] }, headers);
    expect((await known.until('registered')).data['by']).toEqual({ address: '127.0.0.1', token: 'ci' });
  });

  test('to pages of other sites', async () => {
    const { watch } = await listening();
    const page = watch('', { headers: { origin: 'http://evil.example' } });
    await page.closed;
    expect(page.status).toBe(403);
  });

  test('above the limit: 503 with a time to come back, counted', async () => {
    const { watch, port, counters } = await listening({ watch: { max: 1 } });
    await watch().until('synced');
    const reply = await fetch(`http://127.0.0.1:${port}/api/v1/watch`);
    expect(reply.status).toBe(503);
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(5);
    expect(await reply.json()).toMatchObject({ type: 'urn:rollcall:problem:overloaded' });
    expect(counters.counts.get('refused:watchers')).toBe(1);
  });

  test('behind another call on the same connection', async () => {
    const { dial, watchers, register } = await listening();
    const connection = await dial();
    connection.write(get('?app=prod/orders') + get('') + get(''));
    await expect.poll(() => connection.received).toContain('event: synced');
    await register('prod/orders/a1');
    await expect.poll(() => connection.received).toContain('event: registered');
    expect(connection.statuses).toEqual([200]);
    expect(watchers.count).toBe(1);
  });
});

test('hundreds of watches and long polls at once all hear of one change, and the rest of the API goes on', async () => {
  const patient = { requestMs: 10_000, headersMs: 10_000, idleMs: 30_000, checkEveryMs: 1000 };
  const { watch, watchers, longPolls, call, register, port } = await listening({
    deps: { timeouts: patient },
    waitingMax: 300,
    watch: { max: 300 },
  });
  const all = Array.from({ length: 300 }, () => watch('?app=prod/orders'));
  const url = `http://127.0.0.1:${port}/api/v1/apps/prod/orders?index=100&wait=1m`;
  const polls = Array.from({ length: 300 }, () => fetch(url).then((reply) => reply.json()));
  await expect
    .poll(() => [watchers.count, longPolls.waiting, all.every(({ kinds }) => kinds.includes('synced'))], {
      timeout: 10_000,
    })
    .toEqual([300, 300, true]);
  expect((await call('GET', '/apps')).statusCode).toBe(200);
  await register('prod/orders/a1');
  await Promise.all([...polls, ...all.map((client) => client.until('registered'))]);
  expect(watchers.eventCount).toBe(300 * 3);
});
