// A refusal through the API of another registry comes in that registry's own form: wrong credentials, a missing right, and
// room for no further instance.

import type { InjectOptions } from 'fastify';
import { describe, expect, test } from 'vitest';
import { bearer, credentialWorld, entry, secretOf } from '../../kit/http/credential-world.ts';
import { createWorld } from '../../kit/http/http-world.ts';

const file =
  entry('reader', '{ rights: [read], env: prod }') +
  entry('one', '{ rights: [read, register], env: prod }', ', instancesMax: 1') +
  entry('mine', '{ rights: [register], env: prod, app: mine }') +
  entry('other', '{ rights: [register], env: prod, app: other }') +
  entry('both', '{ rights: [read], env: prod }, { rights: [register], env: prod, app: mine }') +
  entry('elsewhere', '{ rights: [read, register], env: dev }');

function world() {
  const adapters = { names: ['consul', 'eureka', 'discovery', 'tutorial'], env: 'prod' } as const;
  const made = credentialWorld(file, { deps: { adapters } });
  const call = (method: string, url: string, who: string | undefined, payload?: object, type = 'application/json') =>
    made.app.inject({
      method,
      url,
      headers: {
        ...(who === undefined ? {} : bearer(who)),
        ...(payload === undefined ? {} : { 'content-type': type }),
      },
      ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
    } as InjectOptions);
  return { ...made, call };
}

const service = (id: string) => ({ ID: id, Name: 'orders', Address: '10.0.0.7', Port: 80 });
const tutorial = { name: 'orders', version: '1', address: '10.0.0.7', port: 80 };

describe('consul', () => {
  test('answers with a sentence, and shows the scheme of its token', async () => {
    const { call } = world();
    const none = await call('PUT', '/v1/agent/service/register', undefined, service('a'));
    // 401 would mean to its clients that there are no tokens.
    expect([none.statusCode, none.body]).toEqual([403, 'Permission denied']);
    const wrong = await call('GET', '/v1/catalog/services', 'nobody');
    expect([wrong.statusCode, wrong.body]).toEqual([403, 'ACL not found']);
    expect(none.headers['content-type']).toContain('text/plain');
    expect(none.headers['www-authenticate']).toContain('X-Consul-Token');
    expect((await call('PUT', '/v1/agent/service/register', 'reader', service('a'))).statusCode).toBe(403);
    expect((await call('GET', '/v1/catalog/services', 'elsewhere')).statusCode).toBe(403);
    expect((await call('GET', '/v1/catalog/services', 'reader')).statusCode).toBe(200);
  });

  test('answers 429 where the entry has room for no further instance', async () => {
    const { call } = world();
    expect((await call('PUT', '/v1/agent/service/register', 'one', service('a'))).statusCode).toBe(200);
    expect((await call('PUT', '/v1/agent/service/register', 'one', service('b'))).statusCode).toBe(429);
  });

  const check = { TTL: '10s', CheckID: 'alive' };
  const ofOther = { ...service('same'), Name: 'other', Check: check };
  const ofMine = { ...service('same'), Name: 'mine', Check: check };
  const put = (path: string) => `/v1/agent/${path}`;

  test('answers for a service of others as for one that is not there', async () => {
    const { call } = world();
    await call('PUT', put('service/register'), 'other', ofOther);
    for (const path of ['service/deregister', 'check/pass', 'check/fail', 'check/deregister']) {
      const isCheck = path.startsWith('check');
      const there = await call('PUT', put(`${path}/${isCheck ? 'alive' : 'same'}`), 'mine');
      const nowhere = await call('PUT', put(`${path}/nowhere`), 'mine');
      expect([there.statusCode, nowhere.statusCode]).toEqual([404, 404]);
    }
  });

  test('keeps nothing of the state of a check without the right', async () => {
    const { call } = world();
    await call('PUT', put('service/register'), 'other', ofOther);
    const refused = await call('PUT', `${put('check/pass/alive')}?note=forged`, 'both');
    expect(refused.statusCode).toBe(403);
    const checks = await call('GET', '/v1/agent/checks', 'reader');
    expect(checks.json()).toMatchObject({ alive: { Output: '' } });
  });

  test('an id of one caller is not taken by another', async () => {
    const { call } = world();
    await call('PUT', put('service/register'), 'other', ofOther);
    expect((await call('PUT', put('service/register'), 'mine', ofMine)).statusCode).toBe(200);
    for (const who of ['mine', 'other']) {
      expect((await call('PUT', `${put('check/pass/alive')}?note=${who}`, who)).statusCode).toBe(200);
    }
    const checks = (await call('GET', '/v1/health/checks/mine', 'reader')).json();
    expect(checks).toMatchObject([{ CheckID: 'alive', Output: 'mine' }]);
    for (const who of ['mine', 'other']) {
      expect((await call('PUT', put('service/deregister/same'), who)).statusCode).toBe(200);
      expect((await call('PUT', put('service/deregister/same'), who)).statusCode).toBe(404);
    }
  });
});

describe('eureka', () => {
  test('takes the secret as a password, and answers with a sentence', async () => {
    const { app, call } = world();
    const basic = (secret: string) => `Basic ${Buffer.from(`any:${secret}`).toString('base64')}`;
    const get = (authorization: string) => app.inject({ url: '/eureka/apps', headers: { authorization } });
    expect((await get(basic(secretOf('reader')))).statusCode).toBe(200);
    const wrong = await get(basic('wrong'));
    expect(wrong.statusCode).toBe(401);
    expect(wrong.headers['www-authenticate']).toMatch(/^Basic /);
    const forbidden = await call('DELETE', '/eureka/apps/ORDERS/a', 'reader');
    expect(forbidden.statusCode).toBe(403);
    expect(forbidden.body).toContain('"register"');
    expect(forbidden.body).toContain('prod/orders');
  });
});

describe('discovery', () => {
  test('answers with a code', async () => {
    const { call } = world();
    const none = await call('GET', '/discovery/fetch/all', undefined);
    expect(none.statusCode).toBe(401);
    expect(none.json()).toMatchObject({ code: -401 });
    const forbidden = await call('POST', '/discovery/renew', 'reader');
    expect(forbidden.statusCode).toBe(200);
    expect(forbidden.headers['kratos-status-code']).toBe('-403');
    expect(forbidden.json()).toMatchObject({ code: -403 });
  });

  test.each(['renew', 'cancel', 'set'])('%s does not show which instances others have', async (verb) => {
    const { call, app } = world();
    await call('PUT', '/api/v1/apps/prod/other/there', 'other', { addrs: ['http://10.0.0.7:80'] });
    const codes = ['there', 'nowhere'].map(async (hostname) => {
      const headers = { ...bearer('mine'), 'content-type': 'application/x-www-form-urlencoded' };
      const payload = `env=prod&appid=other&zone=z&hostname=${hostname}`;
      return (await app.inject({ method: 'POST', url: `/discovery/${verb}`, headers, payload })).json();
    });
    expect(await Promise.all(codes)).toMatchObject([{ code: -403 }, { code: -403 }]);
  });
});

describe('the tutorial', () => {
  test('answers with its own document', async () => {
    const { call } = world();
    const forbidden = await call('POST', '/tutorial/orders/1/register', 'reader', tutorial);
    expect(forbidden.statusCode).toBe(403);
    expect(forbidden.json()).toMatchObject({ success: false, errors: [{}] });
    expect((await call('GET', '/tutorial/orders/1/heartbeat', 'reader')).statusCode).toBe(403);
    expect((await call('POST', '/tutorial/orders/1/register', 'one', tutorial)).statusCode).toBe(200);
    const second = await call('POST', '/tutorial/orders/1/register', 'one', { ...tutorial, port: 81 });
    expect(second.statusCode).toBe(429);
  });
});

describe('what is not a call that can be read', () => {
  const open = () =>
    createWorld({ deps: { adapters: { names: ['consul', 'eureka', 'nacos', 'discovery'], env: 'prod' } } }).app;
  const huge = 'x'.repeat(200_000);

  test.each([
    ['PUT', '/v1/agent/service/register', 413],
    ['POST', '/eureka/apps/WEB', 413],
    ['POST', '/nacos/v1/ns/instance', 413],
  ] as const)('%s %s with a body that is too large is %i and a sentence', async (method, url, status) => {
    const reply = await open().inject({ method, url, payload: huge });
    expect(reply.statusCode).toBe(status);
    expect(reply.headers['content-type']).not.toContain('json');
    expect(reply.body).toContain('bytes');
  });

  test.each(['/v1/health/service/%', '/eureka/apps/%ff', '/nacos/v1/ns/%'])('%s is 400 and a sentence', async (url) => {
    const reply = await open().inject({ method: 'GET', url });
    expect(reply.statusCode).toBe(400);
    expect(reply.headers['content-type']).not.toContain('json');
  });

  test("discovery's are codes", async () => {
    const app = open();
    const large = await app.inject({ method: 'POST', url: '/discovery/register', payload: huge });
    expect([large.statusCode, large.json()]).toMatchObject([200, { code: -400 }]);
    const malformed = await app.inject({ method: 'GET', url: '/discovery/%' });
    expect([malformed.statusCode, malformed.json()]).toMatchObject([200, { code: -400 }]);
    const none = await app.inject({ method: 'POST', url: '/discovery/none' });
    expect([none.statusCode, none.body]).toEqual([404, '404 page not found']);
  });

  test.each(['', ';;;', 'text', 'application/json; charset=utf-16'])(
    'a content type of "%s" is passed over',
    async (type) => {
      const payload = JSON.stringify(service('a'));
      const headers = { 'content-type': type };
      const reply = await open().inject({ method: 'PUT', url: '/v1/agent/service/register', headers, payload });
      expect(reply.statusCode).toBe(200);
    },
  );
});
