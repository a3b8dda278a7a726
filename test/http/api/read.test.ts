// Reading: one instance, an app's instances and the catalogue.

import { describe, expect, test } from 'vitest';
import { createWorld, indexOf, type Json, problemOf, type Reply, tagOf } from '../../kit/http/http-world.ts';

const namesOf = (reply: { json(): unknown }) =>
  (reply.json() as { instances: Json[] }).instances.map(({ instance }) => instance);

describe('one instance', () => {
  test('is shown with its ETag, which the next read may give back', async () => {
    const { call, register, clock } = createWorld();
    await register('prod/orders/a1');
    clock.advance(10_000);
    const reply = await call('GET', '/apps/prod/orders/A1');
    expect(reply.json()).toMatchObject({ instance: 'a1', leaseEndsAt: '2026-01-01T00:01:30.000Z' });
    expect(reply.headers['etag']).toBe(tagOf(101));
    for (const tag of [tagOf(101), `W/${tagOf(101)}`, '"101"', 'W/"101"', '"1", "101"', '*']) {
      const again = await call('GET', '/apps/prod/orders/a1', undefined, { 'if-none-match': tag });
      expect([again.statusCode, again.body, again.headers['etag']]).toEqual([304, '', tagOf(101)]);
    }
    await register('prod/orders/a1', { weight: 1 });
    expect((await call('GET', '/apps/prod/orders/a1', undefined, { 'if-none-match': '"101"' })).statusCode).toBe(200);
  });

  test('that is not there is a 404', async () => {
    const { call } = createWorld();
    const reply = await call('GET', '/apps/prod/orders/a1');
    expect([reply.statusCode, problemOf(reply)['type']]).toEqual([404, 'urn:rollcall:problem:unknown-instance']);
  });
});

describe("an app's instances", () => {
  test('come in the order of registration, with the index of the app', async () => {
    const { call, register } = createWorld();
    await register('prod/orders/b');
    await register('prod/orders/a');
    await register('prod/other/z');
    const reply = await call('GET', '/apps/PROD/orders');
    expect(namesOf(reply)).toEqual(['b', 'a']);
    expect(reply.json()).toMatchObject({ env: 'prod', appid: 'orders', index: 102 });
    expect(reply.headers['x-rollcall-index']).toBe(indexOf(102));
  });

  test('are an empty list where none was registered, and where the last was removed', async () => {
    const { call, register } = createWorld();
    const never = await call('GET', '/apps/prod/orders');
    expect(never.statusCode).toBe(200);
    expect(never.json()).toEqual({ env: 'prod', appid: 'orders', index: 100, instances: [] });
    await register('prod/orders/a1');
    await call('DELETE', '/apps/prod/orders/a1');
    await register('prod/other/a1');
    expect((await call('GET', '/apps/prod/orders')).json()).toMatchObject({ index: 102, instances: [] });
  });

  test.each([
    ['', ['a', 'b', 'c']],
    ['status=up', ['a', 'b']],
    ['status=1', ['a', 'b']],
    ['status=waiting', ['c']],
    ['status=2', ['c']],
    ['status=3', ['a', 'b', 'c']],
    ['version=1.0', ['a', 'c']],
    ['zone=EU-1B', ['b']],
    ['group=blue', ['b', 'c']],
    ['tag=x', ['a', 'b']],
    ['tag=x&tag=y', ['b']],
    ['port=GRPC', ['b']],
    ['version=1.0&status=up', ['a']],
    ['near=eu-1b', ['b', 'a', 'c']],
    ['near=eu-1b&limit=2', ['b', 'a']],
    ['limit=1', ['a']],
    ['zone=nowhere', []],
  ])('narrowed by "%s" are %j', async (query, names) => {
    const { call, register } = createWorld();
    await register('prod/orders/a', { version: '1.0', zone: 'eu-1a', tags: ['x'] });
    await register('prod/orders/b', { zone: 'eu-1b', group: 'blue', tags: ['x', 'y'], addrs: ['grpc://10.0.0.8:90'] });
    await register('prod/orders/c', { version: '1.0', group: 'blue', status: 'waiting' });
    expect(namesOf(await call('GET', `/apps/prod/orders?${query}`))).toEqual(names);
  });

  test.each([
    ['colour=red', 'colour'],
    ['status=down', 'status'],
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['index=-1', 'index'],
    ['index=1e3', 'index'],
    ['index=99999999999999999', 'index'],
    ['wait=1h', 'wait'],
    ['wait=301', 'wait'],
    ['wait=301s', 'wait'],
    ['wait=6m', 'wait'],
    ['wait=', 'wait'],
    ['wait=1.5s', 'wait'],
    ['zone=%0A', 'zone'],
    ['zone=%zz', 'query'],
    ['zone=%ff', 'query'],
    [`zone=${'z'.repeat(3000)}`, 'zone'],
    [Array.from({ length: 40 }, () => 'tag=a').join('&'), 'tag'],
  ])('asked for with "%s" are a 400', async (query, field) => {
    const { call } = createWorld();
    const reply = await call('GET', `/apps/prod/orders?${query}`);
    expect(reply.statusCode).toBe(400);
    expect(problemOf(reply).errors).toMatchObject([{ field }]);
  });

  test('asked for wrongly in several ways give all problems at once', async () => {
    const { call } = createWorld();
    const reply = await call('GET', '/apps/prod_/-orders?status=down&limit=0&wait=9h&x=1');
    expect(problemOf(reply).errors.map(({ field }) => field)).toEqual(['env', 'appid', 'x', 'status', 'limit', 'wait']);
  });

  test('have an ETag that knows the filters and the revision of the app alone', async () => {
    const { call, register } = createWorld();
    await register('prod/orders/a');
    const all = (await call('GET', '/apps/prod/orders')).headers['etag'] as string;
    const near = (await call('GET', '/apps/prod/orders?near=x')).headers['etag'] as string;
    expect(all).toMatch(/^W\/"thislife-101-/);
    expect(near).not.toBe(all);
    await register('prod/other/a');
    const again = await call('GET', '/apps/prod/orders', undefined, { 'if-none-match': all });
    expect([again.statusCode, again.body, again.headers['x-rollcall-index']]).toEqual([304, '', indexOf(101)]);
    await register('prod/orders/b');
    expect((await call('GET', '/apps/prod/orders', undefined, { 'if-none-match': all })).statusCode).toBe(200);
  });

  test('are there for HEAD as well', async () => {
    const { call, register } = createWorld();
    await register('prod/orders/a');
    const reply = await call('HEAD', '/apps/prod/orders');
    expect([reply.statusCode, reply.body, reply.headers['x-rollcall-index']]).toEqual([200, '', indexOf(101)]);
  });
});

describe('the catalogue', () => {
  test('counts instances and those that are up', async () => {
    const { call, register } = createWorld();
    await register('prod/b/1');
    await register('prod/b/2', { status: 'waiting' });
    await register('prod/a/1');
    await register('dev/z/1');
    const reply = await call('GET', '/apps');
    expect(reply.json()).toEqual({
      revision: 104,
      apps: [
        { env: 'dev', appid: 'z', instances: 1, up: 1, revision: 104 },
        { env: 'prod', appid: 'a', instances: 1, up: 1, revision: 103 },
        { env: 'prod', appid: 'b', instances: 2, up: 1, revision: 102 },
      ],
    });
    expect(reply.headers['link']).toBeUndefined();
    const tag = reply.headers['etag'] as string;
    expect((await call('GET', '/apps', undefined, { 'if-none-match': tag })).statusCode).toBe(304);
    expect((await call('GET', '/apps/prod')).json()).toMatchObject({ apps: [{ appid: 'a' }, { appid: 'b' }] });
    expect((await call('GET', '/apps/nowhere')).json()).toEqual({ revision: 104, apps: [] });
  });

  test.each(['/apps', '/apps/prod'])(
    '%s is complete and in order page by page, in any order of registration',
    async (path) => {
      const { register, app } = createWorld();
      const expected: string[] = [];
      for (let i = 0; i < 57; i++) {
        const appid = `app-${(i * 31) % 57}`;
        expected.push(appid);
        await register(`prod/${appid}/1`);
      }
      const found: string[] = [];
      let pages = 0;
      for (let url: string | undefined = `/api/v1${path}?limit=10`; url !== undefined; pages++) {
        const reply: Reply = await app.inject(url);
        const { apps, next } = reply.json() as { apps: Json[]; next?: string };
        found.push(...apps.map(({ appid }) => appid as string));
        url = /^<([^>]+)>; rel="next"$/.exec((reply.headers['link'] as string | undefined) ?? '')?.[1];
        expect(url === undefined).toBe(next === undefined);
      }
      expect(found).toEqual(expected.sort());
      expect(pages).toBe(6);
    },
  );

  test('has an end that is exact: no empty last page', async () => {
    const { call, register } = createWorld();
    await register('prod/a/1');
    await register('prod/b/1');
    expect((await call('GET', '/apps?limit=2')).json()).not.toHaveProperty('next');
    expect((await call('GET', '/apps?limit=1')).json()).toMatchObject({ next: 'prod/a' });
  });

  test.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['after=x', 'after'],
    ['after=a_b/c', 'after'],
    ['after=', 'after'],
    ['page=2', 'page'],
  ])('asked for with "%s" is a 400', async (query, field) => {
    const { call } = createWorld();
    expect(problemOf(await call('GET', `/apps?${query}`)).errors).toMatchObject([{ field }]);
  });
});

describe('what DNS would answer', () => {
  test('is shown as DNS answers it; the type is A where none is given', async () => {
    const asked: string[] = [];
    const answer = {
      name: 'a.svc.',
      rcode: 'NXDOMAIN',
      flags: ['qr'],
      answer: [],
      authority: [],
      additional: [],
      reason: 'why',
    };
    const resolve = async (name: string, type: string) => {
      asked.push(`${name} ${type}`);
      return { ...answer, type };
    };
    const { call } = createWorld({ deps: { resolve } });
    expect((await call('GET', '/resolve?name=_http._tcp.a.svc&type=srv')).json()).toEqual({ ...answer, type: 'SRV' });
    await call('GET', '/resolve?name=a.svc');
    expect(asked).toEqual(['_http._tcp.a.svc SRV', 'a.svc A']);
  });

  test.each([
    ['', 'name'],
    ['name=', 'name'],
    [`name=${'a'.repeat(1021)}`, 'name'],
    ['name=a&type=%2A', 'type'],
    ['name=a&type=', 'type'],
    ['name=a&class=IN', 'class'],
  ])('asked for with "%s" is a 400', async (query, field) => {
    const { call } = createWorld();
    expect(problemOf(await call('GET', `/resolve?${query}`)).errors).toMatchObject([{ field }]);
  });

  test('is a 503 while no DNS thread can answer', async () => {
    const { call } = createWorld({ deps: { resolve: async () => undefined } });
    const reply = await call('GET', '/resolve?name=a.svc');
    expect([reply.statusCode, reply.headers['retry-after']]).toEqual([503, '2']);
    expect(problemOf(reply)['type']).toBe('urn:rollcall:problem:not-ready');
  });

  test('is a 400 where the DNS side finds no name in it', async () => {
    const problems = [{ field: 'name', message: 'is not a domain name: has an empty label', value: 'a..b' }];
    const { call } = createWorld({ deps: { resolve: async () => ({ problems }) } });
    const reply = await call('GET', '/resolve?name=a..b');
    expect(reply.statusCode).toBe(400);
    expect(problemOf(reply).errors).toEqual(problems);
  });
});
