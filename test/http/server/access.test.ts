// Who may call: tokens, and the web pages of others.

import type { InjectOptions } from 'fastify';
import { describe, expect, test } from 'vitest';
import { createWorld, problemOf } from '../../kit/http/http-world.ts';

const tokens = [
  { name: 'deploy', token: 'correct-horse-battery' },
  { name: 'agent', token: 'staple-correct-horse=' },
];

describe('with tokens', () => {
  const closed: [method: string, url: string][] = [
    ['PUT', '/api/v1/apps/prod/orders/a1'],
    ['PUT', '/api/v1/apps/prod/orders/a1/renew'],
    ['POST', '/api/v1/renew'],
    ['PATCH', '/api/v1/apps/prod/orders/a1'],
    ['DELETE', '/api/v1/apps/prod/orders/a1'],
    ['GET', '/api/v1/apps/prod/orders/a1'],
    ['GET', '/api/v1/apps/prod/orders'],
    ['HEAD', '/api/v1/apps/prod/orders'],
    ['GET', '/api/v1/apps'],
    ['GET', '/api/v1/resolve?name=a.svc'],
    ['GET', '/metrics'],
    ['GET', '/nothing'],
    ['POST', '/healthz?/docs/'],
    ['GET', '/docs%2F..'],
    ['GET', '//docs/'],
    ['GET', '/console%2F..'],
    ['GET', '/consoles'],
    ['GET', '/%64ocs'],
    ['GET', '/healthz/'],
  ];

  test.each(closed.filter(([, url]) => !url.startsWith('/healthz?')))('%s %s needs one', async (method, url) => {
    const { app, registry, log } = createWorld({ deps: { tokens } });
    const reply = await app.inject({ method, url } as InjectOptions);
    expect(reply.statusCode).toBe(401);
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="rollcall"');
    if (method !== 'HEAD') problemOf(reply);
    expect(registry.revision).toBe(100);
    expect(log).toMatchObject([{ decision: 'refused', reason: 'credentials' }]);
  });

  test.each(['/healthz', '/readyz', '/openapi.json', '/'])('%s needs none', async (url) => {
    const { app } = createWorld({ deps: { tokens } });
    expect((await app.inject(url)).statusCode).toBe(200);
  });

  test.each(['/docs', '/console'])('%s needs none', async (url) => {
    const { app } = createWorld({ deps: { tokens } });
    expect((await app.inject(url)).statusCode).toBe(302);
  });

  test.each([
    ['another token', 'Bearer wrong-horse-battery-staple'],
    ['half a token', 'Bearer correct-horse'],
    ['a token and more', 'Bearer correct-horse-battery1'],
    ['no token', 'Bearer '],
    ['a name', 'Bearer deploy'],
    ['another scheme', 'Basic Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5'],
    ['the token alone', 'correct-horse-battery'],
    ['50 000 characters', `Bearer ${'a'.repeat(50_000)}`],
  ])('%s does not do, and is not logged', async (_what, authorization) => {
    const { app, log } = createWorld({ deps: { tokens } });
    const reply = await app.inject({ url: '/api/v1/apps', headers: { authorization } });
    expect(reply.statusCode).toBe(401);
    expect(reply.headers['www-authenticate']).toContain('invalid_token');
    const output = problemOf(reply).detail + JSON.stringify(log);
    expect(output).not.toContain(authorization.slice(7) || '\0');
    expect(log).toMatchObject([{ decision: 'refused', reason: 'credentials' }]);
  });

  test.each([
    ['deploy', 'Bearer correct-horse-battery'],
    ['agent', 'bearer  staple-correct-horse='],
  ])('%s is let in and named in the log', async (name, authorization) => {
    const { call, log } = createWorld({ deps: { tokens } });
    const body = { addrs: ['http://10.0.0.7:80'] };
    const reply = await call('PUT', '/apps/prod/orders/a1', body, { authorization, host: 'rollcall.example' });
    expect(reply.statusCode).toBe(201);
    expect(log).toMatchObject([{ token: name }]);
  });

  test('the API has it in its description', async () => {
    const { app } = createWorld({ deps: { tokens } });
    expect((await app.inject('/openapi.json')).json()).toMatchObject({
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    });
  });
});

describe('without tokens', () => {
  test.each([
    '127.0.0.1',
    '127.0.0.1:7171',
    '10.0.0.7:7171',
    '[::1]:7171',
    '[2001:db8::7]',
    'localhost',
    'LOCALHOST:7171',
    'localhost.',
  ])('a call to %s is answered', async (host) => {
    const { app } = createWorld();
    expect((await app.inject({ url: '/api/v1/apps', headers: { host } })).statusCode).toBe(200);
  });

  test.each([
    'evil.example',
    'evil.example:7171',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '[::1',
    '[127.0.0.1]',
    '1.2.3',
    '0x7f.1',
    'a@localhost',
  ])('a call to %s is refused: a page may have led a browser here', async (host) => {
    const { app, registry } = createWorld();
    const url = '/api/v1/apps/prod/orders/a1';
    const reply = await app.inject({
      method: 'PUT',
      url,
      headers: { host },
      payload: { addrs: ['http://10.0.0.7:80'] },
    });
    expect(reply.statusCode).toBe(403);
    expect(problemOf(reply)['type']).toBe('urn:rollcall:problem:unexpected-host');
    expect(registry.revision).toBe(100);
  });

  test('where the operator allows every host any name is answered, and health is always', async () => {
    const { app } = createWorld({ deps: { isOpen: true } });
    expect((await app.inject({ url: '/api/v1/apps', headers: { host: 'rollcall.EXAMPLE:7171' } })).statusCode).toBe(
      200,
    );
    expect((await app.inject({ url: '/healthz', headers: { host: 'pod-1.cluster' } })).statusCode).toBe(200);
    expect((await app.inject({ url: '/readyz', headers: { host: 'pod-1.cluster' } })).statusCode).toBe(200);
  });
});

describe('a web page', () => {
  const write = (origin: string, host = '127.0.0.1:7171') => {
    const world = createWorld();
    const headers = { host, origin };
    const payload = { addrs: ['http://10.0.0.7:80'] };
    const reply = world.app.inject({ method: 'PUT', url: '/api/v1/apps/prod/orders/a1', headers, payload });
    return reply.then(({ statusCode, headers: sent }) => ({ statusCode, sent, revision: world.registry.revision }));
  };

  test.each([
    'http://evil.example',
    'https://127.0.0.1:7172',
    'http://localhost:7171',
    'http://127.0.0.1',
    'null',
    'file://',
    'nonsense',
    'http://127.0.0.1:7171@evil.example',
  ])('of %s may not call, and gets no CORS header', async (origin) => {
    const { statusCode, sent, revision } = await write(origin);
    expect([statusCode, revision]).toEqual([403, 100]);
    expect(Object.keys(sent).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('of our own may, /docs for one', async () => {
    expect(await write('http://127.0.0.1:7171')).toMatchObject({ statusCode: 201 });
    expect(await write('http://127.0.0.1', '127.0.0.1:80')).toMatchObject({ statusCode: 201 });
    expect(await write('http://[::1]:7171', '[::1]:7171')).toMatchObject({ statusCode: 201 });
  });

  test.each([
    ['cross-site', 'no-cors', 403],
    ['same-site', 'cors', 403],
    ['cross-site', 'navigate', 200],
    ['same-origin', 'cors', 200],
    ['none', 'navigate', 200],
  ])('%s, %s, without Origin: %i', async (site, mode, status) => {
    const headers = { host: '127.0.0.1:7171', 'sec-fetch-site': site, 'sec-fetch-mode': mode };
    const { app } = createWorld();
    expect((await app.inject({ url: '/api/v1/apps', headers })).statusCode).toBe(status);
  });

  test('gets no leave for a request to come', async () => {
    const { app } = createWorld();
    const headers = { host: '127.0.0.1', origin: 'http://evil.example', 'access-control-request-method': 'PUT' };
    const reply = await app.inject({ method: 'OPTIONS', url: '/api/v1/apps/prod/orders/a1', headers });
    expect(reply.statusCode).toBe(403);
  });
});

describe('operators', () => {
  test('see that the server lives before it is ready', async () => {
    let isReady = false;
    const { app } = createWorld({ deps: { isReady: () => isReady } });
    expect((await app.inject('/healthz')).json()).toEqual({ status: 'alive' });
    const notYet = await app.inject('/readyz');
    expect(notYet.statusCode).toBe(503);
    problemOf(notYet);
    isReady = true;
    expect((await app.inject('/readyz')).json()).toEqual({ status: 'ready' });
  });

  test('get the metrics as they are', async () => {
    const { app } = createWorld();
    const reply = await app.inject('/metrics');
    expect([reply.headers['content-type'], reply.body]).toEqual(['text/plain; version=0.0.4', 'rollcall_up 1\n']);
  });

  test('measures calls by kind, but for those that wait by their own wish', async () => {
    const { call, register, counters } = createWorld();
    await register('prod/orders/a1');
    await call('PUT', '/apps/prod/orders/a1/renew');
    await call('GET', '/apps/prod/orders?index=1&wait=1s');
    await call('GET', '/apps/prod/orders');
    await call('POST', '/renew', { instances: [] });
    await call('DELETE', '/apps/prod/orders/a1');
    expect(counters.timed).toEqual(['write', 'renewal', 'read', 'renewal', 'write']);
  });

  test('can count requests by route template, never by address', async () => {
    const { app, call, register, counters } = createWorld();
    await register('prod/orders/a1');
    await call('PUT', '/apps/prod/orders/a1/renew');
    await call('GET', '/apps/prod/orders');
    await call('GET', '/secret');
    await app.inject('/docs/static/secret');
    await app.inject('/%zz');
    const requests = [...counters.counts.keys()].filter((key) => key.startsWith('request:'));
    expect(counters.counts.get('request:GET unmatched 404')).toBe(2);
    expect(requests).toEqual([
      'request:PUT /api/v1/apps/:env/:appid/:instance 201',
      'request:PUT /api/v1/apps/:env/:appid/:instance/renew 200',
      'request:GET /api/v1/apps/:env/:appid 200',
      'request:GET unmatched 404',
      'request:GET unmatched 400',
    ]);
  });
});
