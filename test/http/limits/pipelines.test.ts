// Clients that send requests without waiting for replies: all are answered, in order; others get their turn, and what is
// under way stays bounded.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { httpTimeouts } from '../../../src/http/limits/limits.ts';
import { createWorld, type World } from '../../kit/http/http-world.ts';
import { RawConnection } from '../../kit/http/raw-http.ts';
import { until } from '../../kit/process/until.ts';

const open: World[] = [];
const connections: RawConnection[] = [];

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  for (const { app } of open.splice(0)) await app.close();
});

async function listening(): Promise<World & { dial(): Promise<RawConnection>; entered(): number }> {
  // No time that runs out on a busy machine.
  const timeouts = { ...httpTimeouts, requestMs: 60_000, headersMs: 60_000, idleMs: 60_000 };
  const world = createWorld({ realTimers: true, deps: { timeouts } });
  open.push(world);
  let entered = 0;
  world.app.addHook('onRequest', async () => void entered++);
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = world.app.server.address() as { port: number };
  const dial = async () => {
    const connection = await RawConnection.open(port);
    connections.push(connection);
    return connection;
  };
  return { ...world, dial, entered: () => entered };
}

const get = (path: string) => `GET /api/v1${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`;
const renew = (id: string) => `PUT /api/v1/apps/prod/orders/${id}/renew HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`;
const post = (path: string, body: string) =>
  `POST /api/v1${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe('a pipeline', () => {
  test('of a thousand requests is answered in order', async () => {
    const { dial, register } = await listening();
    await register('prod/orders/a1');
    const connection = await dial();
    const paths = Array.from({ length: 1000 }, (_, i) => (i % 3 === 0 ? renew('a1') : get(`/apps/prod/app-${i}`)));
    connection.write(paths.join(''));
    await until('all that is awaited', () => connection.statuses.length === 1000);
    expect(new Set(connection.statuses)).toEqual(new Set([200]));
    const apps = Array.from(connection.received.matchAll(/"appid":"app-(\d+)"/g), ([, i]) => Number(i));
    expect(apps).toEqual(Array.from({ length: 1000 }, (_, i) => i).filter((i) => i % 3 !== 0));
  });

  test('is cut anywhere, bodies too, and each request is one', async () => {
    const { dial, register, counters } = await listening();
    await register('prod/orders/a1');
    const connection = await dial();
    const many = Array.from({ length: 900 }, (_, i) => ({ env: 'prod', appid: 'orders', instance: `a${i}` }));
    const body = JSON.stringify({ instances: many });
    connection.write(`${renew('a1')}${post('/renew', body)}`.repeat(10) + get('/apps'));
    await until('all that is awaited', () => connection.statuses.length === 21);
    expect(new Set(connection.statuses)).toEqual(new Set([200]));
    expect(counters.counts.get('renewal:renewed')).toBe(20);
    expect(counters.counts.get('renewal:unknown')).toBe(8990);
  });

  test('behind a call that waits is not read on beyond its limit, goes on after it, and delays no other', async () => {
    const { dial, register, entered, longPolls } = await listening();
    await register('prod/orders/a1');
    const connection = await dial();
    connection.write(get('/apps/prod/orders?wait=5m') + renew('a1').repeat(5000));
    await until('all that is awaited', () => longPolls.waiting === 1 && entered() > 20);
    const other = await dial();
    for (let i = 1; i <= 20; i++) {
      other.write(renew('a1'));
      await until('all that is awaited', () => other.statuses.length === i);
    }
    // One, those of the other connection and of the registration, the limit and the rest of a piece.
    expect(entered()).toBeLessThan(1 + 20 + 1 + 32 + 16);
    expect(connection.statuses).toEqual([]);
    longPolls.stop();
    await until('all that is awaited', () => connection.statuses.length === 5001);
    expect(new Set(connection.statuses)).toEqual(new Set([200]));
  });

  test('whose client goes is forgotten: nothing is under way, and the server can stop at once', async () => {
    const { dial, register, app, entered, longPolls } = await listening();
    await register('prod/orders/a1');
    let closed = 0;
    app.server.on('request', (_request, response) => response.on('close', () => closed++));
    const connection = await dial();
    connection.write(get('/apps/prod/orders?wait=5m') + renew('a1').repeat(20));
    await until('all that is awaited', () => longPolls.waiting === 1 && entered() === 22);
    expect(closed).toBe(0);
    connection.destroy();
    await until('all that is awaited', () => closed === 21);
    await until('all that is awaited', () => longPolls.waiting === 0);
  });

  test('of a client that takes no replies waits for it', async () => {
    const { dial, register, entered } = await listening();
    for (let i = 0; i < 10; i++) await register(`prod/orders/a${i}`, { metadata: { k: 'x'.repeat(7000) } });
    const before = entered();
    const connection = await dial();
    connection.stopReading();
    connection.write(get('/apps/prod/orders').repeat(400));
    const other = await dial();
    await until('all that is awaited', () => entered() > before + 10);
    for (let i = 1; i <= 50; i++) {
      other.write(renew('a1'));
      await until('all that is awaited', () => other.statuses.length === i);
    }
    // Each of its replies is 70 kB: what the kernel takes, and the limit.
    expect(entered()).toBeLessThan(before + 50 + 300);
    connection.readOn();
    await until('all that is awaited', () => entered() === before + 50 + 400);
  });

  test('of a client that takes no replies and goes on in short pieces is read once, in order', async () => {
    const { dial, register, app } = await listening();
    for (let i = 0; i < 500; i++) await register(`prod/orders/a${i}`, { metadata: { k: 'x'.repeat(7000) } });
    const accepted = once(app.server, 'connection');
    const connection = await dial();
    const [socket] = (await accepted) as [Socket];
    connection.stopReading();
    let sent = 0;
    const send = async (text: string) => {
      connection.write(text);
      sent += text.length;
      await until('the server has it', () => socket.bytesRead === sent);
    };
    // Replies of 4 MB: the kernel takes one or two. A body lets what follows it through, so Node itself stops the socket.
    const large = '/apps/prod/orders';
    const withBody = get(large).replace('\r\n\r\n', `\r\ncontent-length: 700\r\n\r\n${'x'.repeat(700)}`);
    await send(get(large));
    await until('it is answered', () => socket.bytesWritten > 3e6);
    await send(withBody);
    await until('replies wait', () => socket.writableLength > 0);
    await send(get(large).repeat(3));
    for (let i = 0; i < 10; i++) await send(get(`/apps/prod/app-${i}`));
    connection.readOn();
    await until('all are answered', () => connection.statuses.length === 15);
    expect(new Set(connection.statuses)).toEqual(new Set([200]));
    const apps = Array.from(connection.received.matchAll(/"appid":"app-(\d+)"/g), ([, i]) => Number(i));
    expect(apps).toEqual(Array.from({ length: 10 }, (_, i) => i));
  });
});
