// Requests that cannot be read or that mean nothing: broken bodies, wrong types, calls that do not exist. Each gets a
// problem document, and the registry does not move.

import { describe, expect, test } from 'vitest';
import { createWorld, problemOf } from '../../kit/http/http-world.ts';

describe('bodies', () => {
  const put = (world: ReturnType<typeof createWorld>, payload: string | Buffer, headers: Record<string, string>) =>
    world.app.inject({ method: 'PUT', url: '/api/v1/apps/prod/orders/a1', payload, headers });
  const json = { 'content-type': 'application/json' };
  const good = '{"addrs":["http://10.0.0.7:8080"]}';

  test.each<[what: string, body: string | Buffer, expected: RegExp]>([
    ['broken JSON', '{"addrs": [,]}', /line 1, column 12/],
    ['JSON broken on a later line', '{\n  "addrs": ["x"\n}', /line 3, column 1\b/],
    ['JSON that ends early', '{"addrs":["http://10.0.0.7:8080"', /the text ends where a comma or \] is expected/],
    ['something behind it', `${good} x`, /the end is expected, at line 1, column 36/],
    ['single quotes', "{'addrs': []}", /a key in double quotes is expected/],
    ['a comment', '{/* */}', /a key in double quotes/],
    ['NaN', '{"weight": NaN}', /a value is expected/],
    ['a leading zero', '{"weight": 010}', /a value is expected/],
    ['1e400', '{"weight": 1e400}', /larger than any/],
    ['a byte order mark', `\uFEFF${good}`, /byte order mark/],
    ['a lone surrogate', '{"version": "\\ud800"}', /surrogate/],
    ['a control character', '{"version": "a\tb"}', /control character/],
    ['a bad escape', '{"version": "\\x41"}', /escape, at line 1, column 14/],
    ['a key twice', '{"weight": 1, "weight": 2}', /"weight" is given twice in one object, at line 1, column 15/],
    ['a key twice in metadata', '{"metadata": {"a": "1", "\\u0061": "2"}}', /"a" is given twice/],
    ['__proto__', `{"addrs":["http://10.0.0.7:8080"],"__proto__":{"weight":1}}`, /"__proto__" is not allowed/],
    ['__proto__ in disguise', '{"metadata":{"__pr\\u006fto__":"x"}}', /"__proto__" is not allowed/],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), /not UTF-8/],
    ['nesting of 33', '['.repeat(33) + ']'.repeat(33), /nested deeper than 32, at line 1, column 33/],
    ['nesting of 30 000', '['.repeat(30_000), /nested deeper than 32/],
    ['nested objects', '{"a":'.repeat(5000), /nested deeper than 32/],
  ])('%s is a 400 with its position', async (_what, body, expected) => {
    const world = createWorld();
    const reply = await put(world, body, json);
    expect(reply.statusCode).toBe(400);
    expect(problemOf(reply).detail).toMatch(expected);
    expect(world.registry.revision).toBe(100);
  });

  test.each<[what: string, body: string]>([
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['text', '"x"'],
    ['a number', '1'],
  ])('%s is a 400: an object is needed', async (_what, body) => {
    const world = createWorld();
    const reply = await put(world, body, json);
    expect(reply.statusCode).toBe(400);
    expect(problemOf(reply).errors).toMatchObject([{ field: '', pointer: '#' }]);
    expect(world.registry.revision).toBe(100);
  });

  test.each([
    ['text/plain', 'text/plain'],
    ['a form, as curl -d sends it', 'application/x-www-form-urlencoded'],
    ['JSON in UTF-16', 'application/json; charset=utf-16'],
    ['a merge patch to a PUT', 'application/merge-patch+json'],
    ['nonsense', 'json'],
    ['XML', 'application/xml'],
    ['something that begins like JSON', 'application/jsonp'],
  ])('%s is a 415', async (_what, type) => {
    const world = createWorld();
    const reply = await put(world, good, { 'content-type': type });
    expect(reply.statusCode).toBe(415);
    expect(problemOf(reply)['type']).toBe('urn:rollcall:problem:unsupported-media-type');
    expect(world.registry.revision).toBe(100);
  });

  test('compressed JSON is a 415, a body without a type too', async () => {
    const world = createWorld();
    expect((await put(world, good, { ...json, 'content-encoding': 'gzip' })).statusCode).toBe(415);
    expect((await put(world, good, {})).statusCode).toBe(415);
    expect(world.registry.revision).toBe(100);
    expect((await put(world, good, { 'content-type': 'application/json; charset=UTF-8' })).statusCode).toBe(201);
  });

  test.each([
    ['2 MiB', 2 * 1024 * 1024, 'application/json'],
    ['2 MiB of text', 2 * 1024 * 1024, 'text/plain'],
    ['one byte over 64 KiB', 64 * 1024 + 1, 'application/json'],
  ])('%s is a 413', async (_what, size, type) => {
    const world = createWorld();
    const reply = await put(world, good.padEnd(size), { 'content-type': type });
    expect(reply.statusCode).toBe(413);
    problemOf(reply);
    expect(world.registry.revision).toBe(100);
  });

  test('64 KiB to the byte is taken', async () => {
    const world = createWorld();
    expect((await put(world, good.padEnd(64 * 1024), json)).statusCode).toBe(201);
  });
});

describe('calls that do not exist', () => {
  test.each([
    ['GET', '/api/v1/nothing'],
    ['GET', '/index.html'],
    ['GET', '/API/v1/apps'],
    ['GET', '/api/v1/apps/prod/orders/a1/renew/more'],
    ['PUT', '/api/v2/apps/prod/orders/a1'],
  ] as const)('%s %s is a 404', async (method, url) => {
    const { app } = createWorld();
    const reply = await app.inject({ method, url, payload: method === 'PUT' ? 'junk' : '' });
    expect(reply.statusCode).toBe(404);
    problemOf(reply);
  });

  test.each([
    ['POST', '/api/v1/apps', 'GET, HEAD'],
    ['POST', '/api/v1/apps/prod/orders/a1', 'DELETE, GET, HEAD, PATCH, PUT'],
    ['GET', '/api/v1/apps/prod/orders/a1/renew', 'PUT'],
    ['GET', '/api/v1/renew', 'POST'],
    ['DELETE', '/healthz', 'GET, HEAD'],
    ['OPTIONS', '/api/v1/apps', 'GET, HEAD'],
    ['TRACE', '/api/v1/apps', 'GET, HEAD'],
    ['PROPFIND', '/api/v1/apps', 'GET, HEAD'],
  ])('%s %s is a 405 with Allow', async (method, url, allow) => {
    const { app } = createWorld();
    const reply = await app.inject({
      method: method as 'GET',
      url,
      ...(method === 'POST' ? { payload: '{"broken' } : {}),
    });
    expect(reply.statusCode).toBe(405);
    expect(reply.headers['allow']).toBe(allow);
    problemOf(reply);
  });

  test('a mistake of ours is a 500 without a word of it, and an error in the log', async () => {
    const { app, log } = createWorld({
      deps: {
        metricsText: () => Promise.reject(new Error('secret inside')),
        resolve: async () => {
          throw new TypeError('secret inside');
        },
      },
    });
    for (const url of ['/metrics', '/api/v1/resolve?name=a.svc']) {
      const reply = await app.inject(url);
      expect(reply.statusCode).toBe(500);
      expect(reply.body).not.toContain('secret');
      problemOf(reply);
      expect(log.at(-1)).toMatchObject({ level: 50, err: { message: 'secret inside' } });
    }
  });
});
