// What only shows on real connections: bytes that are no HTTP, clients that are slow or vanish, and the end.

import { afterEach, describe, expect, test } from 'vitest';
import { httpTimeouts } from '../../../src/http/limits/limits.ts';
import { createWorld, type World, type WorldOptions } from '../../kit/http/http-world.ts';
import { RawConnection } from '../../kit/http/raw-http.ts';

const open: World[] = [];
const connections: RawConnection[] = [];

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  for (const { app } of open.splice(0)) await app.close();
});

/** Limits short enough to be waited for; tests that are not about time have the product's own. */
const hasty = { requestMs: 800, headersMs: 600, idleMs: 1000, checkEveryMs: 20 };

async function listening(
  options: WorldOptions = {},
): Promise<World & { port: number; dial(): Promise<RawConnection> }> {
  const world = createWorld({ ...options, realTimers: true, deps: { timeouts: httpTimeouts, ...options.deps } });
  await world.app.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
  open.push(world);
  const { port } = world.app.server.address() as { port: number };
  const dial = async () => {
    const connection = await RawConnection.open(port);
    connections.push(connection);
    return connection;
  };
  return { ...world, port, dial };
}

const body = '{"addrs":["http://10.0.0.7:8080"]}';
const head = 'PUT /api/v1/apps/prod/orders/a1 HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n';
const smuggled = 'PUT /api/v1/apps/prod/orders/smuggled HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n';
const get = (path: string) => `GET /api/v1${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`;

describe('bytes that are no HTTP/1.1', () => {
  test.each<[what: string, bytes: string]>([
    [
      'length and chunks',
      `${head}content-length: ${body.length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    ['two lengths', `${head}content-length: 0\r\ncontent-length: ${body.length}\r\n\r\n${body}${smuggled}`],
    ['an unknown transfer encoding', `${head}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['chunked twice with more behind', `${head}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`],
    ['a length that is no number', `${head}content-length: +1\r\n\r\n${smuggled}`],
    ['bare line feeds', `${head}content-length: 0\r\n\r\n`.replaceAll('\r\n', '\n')],
    ['a space before a colon', `${head}content-length : 0\r\n\r\n${smuggled}`],
    ['a folded header', `${head}x: a\r\n b: c\r\ncontent-length: 0\r\n\r\n`],
    ['a NUL in a header', `${head}x: a\0b\r\ncontent-length: 0\r\n\r\n`],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a wrong chunk size', `${head}transfer-encoding: chunked\r\n\r\nzz\r\n\r\n${smuggled}`],
  ])('%s: refused, closed, and nothing behind it is heard', async (_what, bytes) => {
    const { dial, registry } = await listening();
    const connection = await dial();
    connection.write(bytes);
    await connection.closed;
    expect(connection.statuses).toEqual([400]);
    expect(connection.received).toContain('urn:rollcall:problem:');
    expect(registry.revision).toBe(100);
  });

  test('17 KiB of headers: 431', async () => {
    const { dial } = await listening();
    const connection = await dial();
    connection.write(`${head}x: ${'a'.repeat(17 * 1024)}\r\n\r\n`);
    await connection.closed;
    expect(connection.statuses).toEqual([431]);
    expect(connection.received).toContain('urn:rollcall:problem:headers-too-large');
  });

  test('a body of 2 MiB in chunks: 413 and closed, however long it goes on', async () => {
    const { dial, registry } = await listening();
    const connection = await dial();
    connection.write(`${head}transfer-encoding: chunked\r\n\r\n`);
    for (let i = 0; i < 32; i++) connection.write(`10000\r\n${' '.repeat(65_536)}\r\n`);
    await connection.closed;
    expect(connection.statuses).toEqual([413]);
    expect(registry.revision).toBe(100);
  });

  test.each([
    ['a fragment', '/apps/prod/orders/a%231#x'],
    ['UTF-8 that is not escaped', '/apps/prod/orders/caf\xc3\xa9'],
  ])('%s in the address: 400', async (_what, path) => {
    const { dial, registry } = await listening();
    const connection = await dial();
    connection.write(`${head.replace('/apps/prod/orders/a1', path)}content-length: ${body.length}\r\n\r\n${body}`);
    await expect.poll(() => connection.statuses).toEqual([400]);
    expect(connection.received).toContain('urn:rollcall:problem:');
    expect(registry.revision).toBe(100);
  });

  test('no Host: 400 in HTTP/1.1; in HTTP/1.0 the command names the address that was called', async () => {
    const { dial, port } = await listening();
    const modern = await dial();
    modern.write(get('/apps').replace('host: 127.0.0.1\r\n', ''));
    await expect.poll(() => modern.statuses).toEqual([400]);
    const old = await dial();
    const request = head.replace('HTTP/1.1', 'HTTP/1.0').replace('host: 127.0.0.1\r\n', '');
    old.write(`${request}content-length: ${body.length}\r\n\r\n${body}`);
    await expect.poll(() => old.received).toContain(`'http://127.0.0.1:${port}/api/v1/apps/prod/orders/a1/renew'`);
  });

  test('an instance called ..: its command keeps curl from shortening the path', async () => {
    const { dial, registry } = await listening();
    const connection = await dial();
    connection.write(`${head.replace('/a1', '/..')}content-length: ${body.length}\r\n\r\n${body}`);
    await expect.poll(() => connection.statuses).toEqual([201]);
    expect(connection.received).toContain(
      "curl -fsS --path-as-is -X PUT 'http://127.0.0.1/api/v1/apps/prod/orders/../renew'",
    );
    expect(registry.find({ env: 'prod', appid: 'orders', instance: '..' })).toBeDefined();
  });

  test('two requests in one packet: two replies in order', async () => {
    const { dial } = await listening();
    const connection = await dial();
    connection.write(get('/nothing') + get('/apps'));
    await expect.poll(() => connection.statuses).toEqual([404, 200]);
  });
});

describe('slow clients', () => {
  test.each([
    ['half a body', `${head}content-length: 1000\r\n\r\n{"addrs"`],
    ['half a header', `${head}x: `],
    ['half a chunk', `${head}transfer-encoding: chunked\r\n\r\n5\r\nab`],
  ])('that send %s and no more: 408 and closed', async (_what, bytes) => {
    const { dial, registry } = await listening({ deps: { timeouts: hasty } });
    const connection = await dial();
    connection.write(bytes);
    await connection.closed;
    expect(connection.statuses).toEqual([408]);
    expect(connection.received).toContain('urn:rollcall:problem:request-timeout');
    expect(registry.revision).toBe(100);
  });

  test('that send a byte now and then do not stretch the time', async () => {
    const { dial } = await listening({ deps: { timeouts: hasty } });
    const connection = await dial();
    connection.write(`${head}content-length: 1000\r\n\r\n`);
    const drip = setInterval(() => connection.write('x'), 20);
    await connection.closed;
    clearInterval(drip);
    expect(connection.statuses).toEqual([408]);
  });

  test('that send nothing, or nothing more, are closed', async () => {
    const { dial } = await listening({ deps: { timeouts: hasty } });
    const silent = await dial();
    const idle = await dial();
    idle.write(get('/apps'));
    await expect.poll(() => idle.statuses).toEqual([200]);
    await Promise.all([silent.closed, idle.closed]);
    expect(idle.statuses).toEqual([200]);
  });
});

describe('a caller that waits', () => {
  test('outlives the idle limit, wakes with the change, and may go on with the connection', async () => {
    const { dial, longPolls, register } = await listening({ deps: { timeouts: hasty } });
    const connection = await dial();
    connection.write(get('/apps/prod/orders?index=100&wait=1m'));
    await expect.poll(() => longPolls.waiting).toBe(1);
    // Real time: Node's own timers close idle connections.
    await new Promise((resolve) => setTimeout(resolve, 2.5 * hasty.idleMs));
    expect(connection.received).toBe('');
    await register('prod/orders/a1');
    await expect.poll(() => connection.statuses).toEqual([200]);
    expect(connection.received).toContain('"instance":"a1"');
    connection.write(get('/apps'));
    await expect.poll(() => connection.statuses).toEqual([200, 200]);
    await connection.closed;
  });

  test('and goes away frees its place at once', async () => {
    const { dial, longPolls, registry, register } = await listening({ waitingMax: 1 });
    const connection = await dial();
    connection.write(get('/apps/prod/orders?wait=1m'));
    await expect.poll(() => longPolls.waiting).toBe(1);
    connection.destroy();
    await expect.poll(() => longPolls.waiting).toBe(0);
    await register('prod/orders/a1');
    expect(registry.revision).toBe(101);
  });

  test('a thousand at once are all answered by one change', async () => {
    const { port, longPolls, register } = await listening({ waitingMax: 1000 });
    const url = `http://127.0.0.1:${port}/api/v1/apps/prod/orders?index=100&wait=1m`;
    const replies = Array.from({ length: 1000 }, () =>
      fetch(url).then((reply) => reply.json() as Promise<{ index: number }>),
    );
    await expect.poll(() => longPolls.waiting, { timeout: 10_000 }).toBe(1000);
    await register('prod/orders/a1');
    const indexes = (await Promise.all(replies)).map(({ index }) => index);
    expect(new Set(indexes)).toEqual(new Set([101]));
    expect(longPolls.waiting).toBe(0);
  });
});

describe('the end', () => {
  test('answers who waits and who is being served, refuses the next, then closes', async () => {
    const written = Promise.withResolvers<void>();
    const { app, dial, longPolls, registry } = await listening({
      control: { durable: () => written.promise },
    });
    const waiting = await dial();
    waiting.write(get('/apps/prod/orders?wait=1m'));
    const writing = await dial();
    writing.write(`${head}content-length: ${body.length}\r\n\r\n${body}`);
    const late = await dial();
    await expect.poll(() => [longPolls.waiting, registry.revision]).toEqual([0, 101]);
    const again = await dial();
    again.write(get('/apps/prod/orders?wait=1m'));
    await expect.poll(() => longPolls.waiting).toBe(1);

    const closing = app.close();
    await expect.poll(() => again.statuses).toEqual([200]);
    late.write(get('/apps'));
    await expect.poll(() => late.statuses).toEqual([503]);
    expect(late.received).toContain('urn:rollcall:problem:');
    expect(writing.statuses).toEqual([]);
    written.resolve();
    await closing;
    await Promise.all([waiting.closed, writing.closed, late.closed, again.closed]);
    expect(writing.statuses).toEqual([201]);
    expect(waiting.statuses).toEqual([200]);
  });

  test('does not wait for a body that never comes', async () => {
    const { app, dial } = await listening();
    const connection = await dial();
    connection.write(`${head}content-length: 1000\r\n\r\n`);
    // The head has arrived by then, or comes while the server closes: both have to end.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await app.close();
    await connection.closed;
  });
});
