// Clients that ask and do not read: what waits for them is bounded by connection, by client and in all, and others go on.

import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { httpTimeouts } from '../../../src/http/limits/limits.ts';
import { type UnsentLimits, UnsentReplies } from '../../../src/http/limits/unsent-replies.ts';
import { parseRegistration, type Registration } from '../../../src/model/instance.ts';
import { createWorld, type World } from '../../kit/http/http-world.ts';
import { RawConnection } from '../../kit/http/raw-http.ts';
import { until } from '../../kit/process/until.ts';

const open: World[] = [];
const connections: RawConnection[] = [];

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  for (const { app } of open.splice(0)) await app.close();
});

const mebi = 1024 * 1024;

function registrationOf(metadata: Record<string, string>): Registration {
  const fields = { addrs: ['http://10.0.0.7:8080'], metadata };
  return parseRegistration(fields, { leaseSeconds: 90, dnsTtl: 5 }) as Registration;
}

/** An app whose list is 16 MB, of which the kernel takes a half, or less, for a client that does not read. */
async function serving(unsent: UnsentLimits) {
  // No time that runs out on a busy machine.
  const timeouts = { ...httpTimeouts, requestMs: 60_000, headersMs: 60_000, idleMs: 60_000 };
  const world = createWorld({
    realTimers: true,
    registry: { instancesMax: 5000, instancesPerAppMax: 5000 },
    deps: { timeouts, unsent },
  });
  open.push(world);
  let served = 0;
  world.app.addHook('preHandler', async () => void served++);
  const registration = registrationOf({ k: 'x'.repeat(8000) });
  for (let i = 0; i < 2000; i++)
    world.registry.register({ env: 'prod', appid: 'big', instance: `a${i}` }, registration);
  served = 0;
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = world.app.server.address() as { port: number };
  const dial = async (from?: string) => {
    const connection = await RawConnection.open(port, from);
    connections.push(connection);
    return connection;
  };
  /** A client that asks `times` without reading; resolves when a reply is stuck. */
  const stuck = async (from: string, path = big, times = 18) => {
    const before = world.counters.unsentOctets;
    const connection = await dial(from);
    connection.stopReading();
    connection.write(get(path).repeat(times));
    await until('a reply is stuck', () => world.counters.unsentOctets > before);
    return connection;
  };
  return { ...world, dial, stuck, served: () => served };
}

const big = '/api/v1/apps/prod/big';
const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`;
const renew = 'PUT /api/v1/apps/prod/big/a1/renew HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n';

describe('a connection whose reply is stuck', () => {
  test('has that reply unsent, however many requests it has pipelined', async () => {
    const { stuck, served, counters, dial } = await serving({
      perClientOctets: 1000 * mebi,
      totalOctets: 1000 * mebi,
    });
    await stuck('127.0.0.2');
    const other = await dial();
    for (let i = 1; i <= 20; i++) {
      other.write(renew);
      await until('it is answered', () => other.statuses.length === i);
    }
    expect(served()).toBeLessThan(20 + 3);
    expect(counters.unsentOctets).toBeLessThan(17 * mebi);
  });

  test('is served on, all of it and in order, once the client reads', async () => {
    const { stuck, counters } = await serving({ perClientOctets: 1000 * mebi, totalOctets: 1000 * mebi });
    const connection = await stuck('127.0.0.2', big, 6);
    connection.write(renew + get('/api/v1/apps/prod/none'));
    connection.readOn();
    await until('all are answered', () => connection.statuses.length === 8);
    expect(new Set(connection.statuses)).toEqual(new Set([200]));
    expect(connection.received.lastIndexOf('"appid":"none"')).toBeGreaterThan(
      connection.received.lastIndexOf('"a1999"'),
    );
    await until('nothing is unsent', () => counters.unsentOctets === 0);
  });

  test('that goes away leaves nothing unsent', async () => {
    const { stuck, counters } = await serving({ perClientOctets: 1000 * mebi, totalOctets: 1000 * mebi });
    const connection = await stuck('127.0.0.2');
    connection.destroy();
    await until('nothing is unsent', () => counters.unsentOctets === 0);
  });
});

describe('a client over its limit', () => {
  test.each([[big], ['/openapi.json'], ['/metrics'], ['/api/v1/events'], ['/docs/'], ['/api/v1/watch?app=prod/big']])(
    '%s: 429, counted; renewals and health go on',
    async (path) => {
      const { stuck, dial, counters } = await serving({ perClientOctets: mebi, totalOctets: 1000 * mebi });
      await stuck('127.0.0.2');
      const again = await dial('127.0.0.2');
      again.write(get(path));
      await until('it is answered', () => again.statuses.length === 1);
      expect(again.statuses).toEqual([429]);
      expect(again.received).toContain('urn:rollcall:problem:unread-replies');
      expect(again.received).toMatch(/retry-after: \d/);
      expect(counters.counts.get('refused:unsent-replies')).toBe(1);
      again.write(renew + get('/healthz'));
      await until('they are answered', () => again.statuses.length === 3);
      expect(again.statuses).toEqual([429, 200, 200]);
    },
  );

  test('whose long poll wakes meanwhile gets 429 as well', async () => {
    const { stuck, dial, longPolls, register } = await serving({ perClientOctets: mebi, totalOctets: 1000 * mebi });
    const poll = await dial('127.0.0.2');
    poll.write(get(`${big}?wait=5m`));
    await until('it waits', () => longPolls.waiting === 1);
    await stuck('127.0.0.2');
    await register('prod/big/new');
    await until('it is answered', () => poll.statuses.length === 1);
    expect(poll.statuses).toEqual([429]);
  });

  test('keeps no other client from anything', async () => {
    const { stuck, dial } = await serving({ perClientOctets: mebi, totalOctets: 1000 * mebi });
    await stuck('127.0.0.2');
    const other = await dial('127.0.0.3');
    other.write(get(big));
    await until('it is answered', () => other.received.includes('"a1999"'));
    expect(other.statuses).toEqual([200]);
  });

  test('loses a watch that is blocked', async () => {
    const { stuck, dial, watchers, registry, counters } = await serving({
      perClientOctets: mebi,
      totalOctets: 1000 * mebi,
    });
    const watch = await dial('127.0.0.2');
    watch.write(get('/api/v1/watch?app=prod/small'));
    await until('it has heard everything', () => watch.received.includes('event: synced'));
    watch.stopReading();
    await stuck('127.0.0.2');
    expect(watchers.count).toBe(1);
    let version = 0;
    await until('it is cut', () => {
      // The kernel takes some megabytes first.
      for (let i = 0; i < 100; i++) {
        const metadata = { k: 'x'.repeat(8000), version: String(version++) };
        registry.register({ env: 'prod', appid: 'small', instance: 'a1' }, registrationOf(metadata));
      }
      return watchers.count === 0;
    });
    expect(watchers.cutCount).toBe(0);
    expect(counters.counts.get('refused:unsent-replies')).toBe(1);
  });
});

describe('all clients together over the limit', () => {
  test('the one that has most unsent loses its oldest reply, and a small one is served', async () => {
    const { stuck, dial, counters } = await serving({ perClientOctets: 1000 * mebi, totalOctets: 3 * mebi });
    const oldest = await stuck('127.0.0.2');
    const small = await dial('127.0.0.3');
    small.write(get(big));
    await until('it is served', () => small.received.includes('"a1999"'));
    expect(small.statuses).toEqual([200]);
    oldest.readOn();
    await oldest.closed;
    expect(counters.counts.get('refused:unsent-replies')).toBe(1);
  });

  test('and no client with more: 503', async () => {
    const { stuck, dial } = await serving({ perClientOctets: 1000 * mebi, totalOctets: 3 * mebi });
    await stuck('127.0.0.2');
    const again = await dial('127.0.0.2');
    again.write(get(big));
    await until('it is answered', () => again.statuses.length === 1);
    expect(again.statuses).toEqual([503]);
    expect(again.received).toContain('urn:rollcall:problem:overloaded');
  });
});

test('a client that has left before its reply was ready owes nothing', () => {
  let unsent = 0;
  const replies = new UnsentReplies(
    { perClientOctets: mebi, totalOctets: mebi },
    {
      refused: () => {},
      unsent: (octets) => {
        unsent += octets;
      },
    },
  );
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  response.destroy();
  replies.charge(response, '10.0.0.7', 2 * mebi);
  expect(unsent).toBe(0);
  expect(replies.refusal('10.0.0.7', () => 0)).toBeUndefined();
});
