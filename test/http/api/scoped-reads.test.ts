// What a caller that reads some apps is shown: lists, the record, the guard, DNS and streams, without the others.

import { describe, expect, test } from 'vitest';
import { watchQuery } from '../../../src/http/watch/watch-query.ts';
import { scopeOf } from '../../../src/model/scope.ts';
import { bearer, credentialWorld, entry } from '../../kit/http/credential-world.ts';
import type { Json } from '../../kit/http/http-world.ts';
import { FakeStream } from '../../kit/http/watch-world.ts';

const file = entry('team', '{ rights: [read], env: prod, app: team-* }') + entry('all', '{ rights: [admin] }');

async function world() {
  const made = credentialWorld(file, {
    deps: { adapters: { names: ['eureka', 'discovery', 'tutorial'], env: 'prod' } },
  });
  for (const path of ['prod/team-a/1', 'prod/team-b/1', 'prod/hidden/1', 'dev/team-a/1']) {
    await made.call('PUT', `/apps/${path}`, { addrs: ['http://10.0.0.7:1'] }, bearer('all'));
  }
  const get = async (path: string, who = 'team') => made.call('GET', path, undefined, bearer(who));
  return { ...made, get };
}

describe('a caller that reads the apps of its team', () => {
  test('lists those', async () => {
    const { get } = await world();
    const names = async (path: string) =>
      ((await get(path)).json() as { apps: Json[] }).apps.map((one) => `${String(one['env'])}/${String(one['appid'])}`);
    expect(await names('/apps')).toEqual(['prod/team-a', 'prod/team-b']);
    expect(await names('/apps/prod')).toEqual(['prod/team-a', 'prod/team-b']);
    expect(await names('/apps?limit=1')).toEqual(['prod/team-a']);
    expect((await get('/apps?limit=1')).json()).toMatchObject({ next: 'prod/team-a' });
    expect((await get('/apps/dev')).statusCode).toBe(403);
  });

  test('gets a list of its own though another caller has the ETag of all', async () => {
    const { call, get } = await world();
    const tag = String((await get('/apps', 'all')).headers.etag);
    const reply = await call('GET', '/apps', undefined, { ...bearer('team'), 'if-none-match': tag });
    expect(reply.statusCode).toBe(200);
  });

  test('is refused an app, and an instance, outside by name', async () => {
    const { get } = await world();
    for (const path of [
      '/apps/prod/hidden',
      '/apps/prod/hidden/1',
      '/apps/prod/hidden?at=1m',
      '/apps/prod/hidden?wait=1s',
    ])
      expect({ path, status: (await get(path)).statusCode }).toEqual({ path, status: 403 });
    expect((await get('/apps/prod/team-a')).statusCode).toBe(200);
  });

  test('reads the changes of those, page by page', async () => {
    const { get } = await world();
    const first = (await get('/events?limit=1')).json() as { events: Json[]; next: string };
    expect(first.events.map(({ appid }) => appid)).toEqual(['team-b']);
    const second = (await get(`/events?limit=5&before=${first.next}`)).json() as { events: Json[]; next?: string };
    expect(second.events.map(({ appid }) => appid)).toEqual(['team-a']);
    expect(second.next).toBeUndefined();
    expect((await get('/events?app=prod/hidden')).statusCode).toBe(403);
    expect((await get('/events?env=dev')).statusCode).toBe(403);
    expect((await get('/events', 'all')).json()).toMatchObject({ events: { length: 4 } });
  });

  test('gets what DNS answers for those', async () => {
    const { get } = await world();
    const status = async (name: string) => (await get(`/resolve?name=${name}`)).statusCode;
    expect(await status('team-a.prod.svc')).toBe(200);
    expect(await status('http.1.team-a.prod.svc.')).toBe(200);
    expect((await get('/resolve?name=team-x.prod.svc')).json()).toMatchObject({
      reason: 'no app of this name is registered',
    });
    for (const name of [
      'hidden.prod.svc',
      '1.hidden.prod.svc',
      'prod.svc',
      'svc',
      '_services._dns-sd._udp.prod.svc',
      '7.0.0.10.in-addr.arpa',
      'team-a.dev.svc',
    ])
      expect({ name, status: await status(name) }).toEqual({ name, status: 403 });
  });

  test('watches those, and not the name of another', async () => {
    const { get } = await world();
    expect((await get('/watch?app=prod/hidden')).statusCode).toBe(403);
    expect((await get('/watch?env=dev')).statusCode).toBe(403);
    expect((await get('/watch?app=prod/team-a&app=prod/hidden')).statusCode).toBe(403);
  });

  test("sees the same through other registries' APIs", async () => {
    const { app } = await world();
    const get = async (url: string) => app.inject({ url, headers: { ...bearer('team'), accept: 'application/json' } });
    const apps = await get('/eureka/apps');
    expect(apps.body).toContain('TEAM-A');
    expect(apps.body).not.toContain('HIDDEN');
    expect((await get('/eureka/apps/delta')).body).not.toContain('HIDDEN');
    expect((await get('/eureka/apps/HIDDEN')).statusCode).toBe(403);
    expect((await get('/eureka/instances/1')).statusCode).toBe(200);
    expect((await get('/discovery/fetch/all')).body).not.toContain('hidden');
    expect((await get('/discovery/fetch?env=prod&appid=hidden&status=1')).json()).toMatchObject({ code: -403 });
    expect((await get('/discovery/fetchs?env=prod&appid=team-a&appid=hidden&status=1')).json()).toMatchObject({
      code: -403,
    });
    expect((await get('/discovery/poll?env=prod&appid=hidden&hostname=h')).json()).toMatchObject({ code: -403 });
    expect((await get('/tutorial/hidden/1/getaddresses')).statusCode).toBe(403);
  });
});

test('a watch of everything has the snapshot and the changes of what its caller reads', async () => {
  const { watchers, call } = await world();
  const stream = new FakeStream();
  const text = () => stream.chunks.join('');
  watchers.open(stream, watchQuery([], [], {}, scopeOf([{ env: 'prod', app: 'team-*' }])), undefined);
  await expect.poll(text).toContain('event: synced');
  await call('PUT', '/apps/prod/hidden/2', { addrs: ['http://10.0.0.8:1'] }, bearer('all'));
  await call('PUT', '/apps/prod/team-a/2', { addrs: ['http://10.0.0.8:1'] }, bearer('all'));
  await expect.poll(text).toContain('event: registered');
  expect(text()).toContain('team-b');
  expect(text()).not.toContain('hidden');
  expect(text()).not.toContain('"dev"');
});

test('two watchers that read different apps share no channel', async () => {
  const { watchers, call } = await world();
  const [team, all] = [new FakeStream(), new FakeStream()];
  watchers.open(team, watchQuery([], [], {}, scopeOf([{ app: 'team-*' }])), undefined);
  watchers.open(all, watchQuery([]), undefined);
  await expect.poll(() => team.chunks.join('')).toContain('event: synced');
  await expect.poll(() => all.chunks.join('')).toContain('event: synced');
  await call('PUT', '/apps/prod/hidden/2', { addrs: ['http://10.0.0.8:1'] }, bearer('all'));
  await expect.poll(() => all.chunks.join('')).toContain('event: registered');
  expect(team.chunks.join('')).not.toContain('hidden');
});
