// The fast path for plain renewals and the common one: for any request the octets of the reply and the counts are the same.
// A server that logs what is routine has no lane: that is the usual way.

import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { LateDns } from '../../kit/dns/late-dns.ts';
import { createWorld, type World, type WorldOptions } from '../../kit/http/http-world.ts';
import { RawConnection } from '../../kit/http/raw-http.ts';
import { until } from '../../kit/process/until.ts';

const open: World[] = [];
const connections: RawConnection[] = [];

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  for (const { app } of open.splice(0)) await app.close();
});

interface Served extends World {
  /** Requests that went the usual way. */
  usual(): number;
  dial(): Promise<RawConnection>;
}

async function served(level: 'info' | 'debug', options: WorldOptions = {}): Promise<Served> {
  const logger = pino({ level }, { write: () => {} });
  const world = createWorld({ realTimers: true, ...options, deps: { logger, ...options.deps } });
  open.push(world);
  let usual = 0;
  world.app.addHook('onRequest', async () => void usual++);
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = world.app.server.address() as { port: number };
  const authorization = 'Bearer right-token';
  const headers = { authorization, host: '127.0.0.1' };
  await world.call('PUT', '/apps/prod/orders/a1', { addrs: ['http://10.0.0.7:80'] }, headers);
  await world.call(
    'PUT',
    '/apps/prod/orders/10.0.0.7:80',
    { addrs: ['http://10.0.0.7:80'], leaseSeconds: 20 },
    headers,
  );
  usual = 0;
  const dial = async () => {
    const connection = await RawConnection.open(port);
    connections.push(connection);
    return connection;
  };
  return { ...world, usual: () => usual, dial };
}

const host = 'host: 127.0.0.1';
const renewal = (instance: string, ...headers: string[]) =>
  `PUT /api/v1/apps/prod/orders/${instance}/renew HTTP/1.1\r\n${[host, ...headers].join('\r\n')}\r\n\r\n`;

/** The reply to what is sent, and then the end. */
async function replyTo(world: Served, sent: string): Promise<string> {
  const connection = await world.dial();
  // Nothing is read behind a request that is to be the last.
  const isLast = sent.includes('connection: close') || sent.includes('HTTP/1.0');
  connection.write(isLast ? sent : `${sent}GET /healthz HTTP/1.1\r\n${host}\r\nconnection: close\r\n\r\n`);
  await connection.closed;
  return connection.received.replaceAll(/^date: .*$/gim, 'date');
}

async function bothWays(sent: string, options: WorldOptions = {}) {
  const [lane, way] = [await served('info', options), await served('debug', options)];
  const [reply, expected] = [await replyTo(lane, sent), await replyTo(way, sent)];
  expect(reply).toBe(expected);
  expect([...lane.counters.counts].sort()).toEqual([...way.counters.counts].sort());
  expect(lane.counters.timed).toEqual(way.counters.timed);
  return { reply, isTaken: lane.usual() < way.usual() };
}

const recovering = { isRecovered: () => false, storeTrouble: () => undefined };
const tokens = [{ name: 'fleet', token: 'right-token' }];

describe('takes, and answers as the usual way does,', () => {
  test.each<[what: string, sent: string, options?: WorldOptions]>([
    ['a plain renewal', renewal('a1')],
    ['one of an id with a port', renewal('10.0.0.7:80')],
    ['one whose client names a type for nothing', renewal('a1', 'content-type: application/json', 'content-length: 0')],
    ['one of HTTP/1.0', renewal('a1').replace('1.1', '1.0')],
    ['one that is the last of its connection', renewal('a1', 'connection: close')],
    ['a pipeline', renewal('a1').repeat(7)],
    ['one with a token', renewal('a1', 'authorization: Bearer right-token'), { deps: { tokens } }],
  ])('%s', async (_what, sent, options) => {
    const { reply, isTaken } = await bothWays(sent, options);
    expect(reply).toContain('200 OK');
    expect(reply).toContain('"renewBefore"');
    expect(isTaken).toBe(true);
  });
});

describe('leaves to the usual way', () => {
  const other = (headers: string) => renewal('a1').replace(host, headers);
  test.each<[what: string, status: number, sent: string, options?: WorldOptions]>([
    ['one of an instance that is not there', 404, renewal('a9')],
    ['one in other letters', 200, renewal('A1').replace('/prod/', '/PROD/')],
    ['one with an escape', 200, renewal('%611')],
    ['one with a query', 200, renewal('a1').replace('/renew ', '/renew?x=1 ')],
    ['one with a body', 200, `${renewal('a1', 'content-type: application/json', 'content-length: 2')}{}`],
    ['one in chunks', 200, `${renewal('a1', 'transfer-encoding: chunked')}0\r\n\r\n`],
    ['one with another method', 405, renewal('a1').replace('PUT', 'POST')],
    ['one without a host', 400, other('x: y')],
    ['one to a foreign host', 403, other('host: evil.example')],
    ['one of a foreign page', 403, renewal('a1', 'origin: http://evil.example')],
    ['one without a token', 401, renewal('a1'), { deps: { tokens } }],
    ['one with a wrong token', 401, renewal('a1', 'authorization: Bearer wrong-token'), { deps: { tokens } }],
    ['one before the registry is back', 503, renewal('a1'), { control: { availability: recovering } }],
    ['one of a client with a rate', 200, renewal('a1'), { deps: { clientRate: { perSecond: 0.001, burst: 9 } } }],
  ])('%s', async (_what, status, sent, options) => {
    const { reply, isTaken } = await bothWays(sent, options);
    expect(reply).toContain(`HTTP/1.1 ${status} `);
    expect(isTaken).toBe(false);
  });

  test('those that an overload sheds', async () => {
    let report: (lateMs: number) => void = () => {};
    const measureLateness = (sample: (lateMs: number) => void) => {
      report = sample;
      return () => {};
    };
    const world = await served('info', { deps: { measureLateness } });
    for (let i = 0; i < 40; i++) report(1400);
    expect(await replyTo(world, renewal('a1'))).toContain('urn:rollcall:problem:overloaded');
    expect(world.counters.counts.get('refused:overload-renewal')).toBe(1);
    expect(world.counters.counts.get('renewal:renewed')).toBeUndefined();
  });

  test('those beyond a turn of the event loop, and all are answered', async () => {
    const world = await served('info');
    const all = await Promise.all(Array.from({ length: 40 }, () => world.dial()));
    for (const connection of all) connection.write(renewal('a1').repeat(20));
    await until('all are answered', () => all.every(({ statuses }) => statuses.length === 20));
    expect(new Set(all.flatMap(({ statuses }) => statuses))).toEqual(new Set([200]));
    expect(world.counters.counts.get('renewal:renewed')).toBe(800);
  });
});

test('waits for DNS as the usual way does', async () => {
  let dns: LateDns | undefined;
  const world = await served('info', { control: { visible: () => dns?.visible() } });
  dns = new LateDns(world.registry);
  world.registry.touch();
  const connection = await world.dial();
  connection.write(renewal('a1'));
  await until('it is renewed', () => world.counters.counts.get('renewal:renewed') === 1);
  expect((await world.app.inject('/healthz')).statusCode).toBe(200);
  expect(connection.statuses).toEqual([]);
  await dns.catchUp();
  await until('it is answered', () => connection.statuses.length === 1);
});
