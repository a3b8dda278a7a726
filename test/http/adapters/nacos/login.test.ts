// How clients of Nacos show who they are.

import { expect, test } from 'vitest';
import { createNacosWorld as world } from '../../../kit/adapters/nacos-world.ts';
import type { Json } from '../../../kit/http/http-world.ts';

test('a server that asks for no credentials lets anybody log in', async () => {
  const { send } = world();
  const reply = await send('POST', '/v1/auth/login', { username: 'nacos', password: 'nacos' });
  expect(reply.json()).toMatchObject({ accessToken: expect.any(String), tokenTtl: 18_000, username: 'nacos' });
});

const secret = 'a-secret-of-sixteen-and-more';

test('a name and its secret give a token, by which calls are let in and changes are signed', async () => {
  const { send, given, call } = world({ deps: { tokens: [{ name: 'ci', token: secret }] } });
  for (const path of ['/v1/auth/login', '/v1/auth/users/login', '/v3/auth/user/login']) {
    const reply = await send('POST', path, { username: 'ci', password: secret }, true);
    const { accessToken, ...granted } = reply.json() as Json;
    expect(granted).toEqual({ tokenTtl: 18_000, globalAdmin: true, username: 'ci' });
    expect(accessToken).not.toBe(secret);
    const registered = await send('POST', `/v1/ns/instance?accessToken=${String(accessToken)}`, given, true);
    expect(registered.body).toBe('ok');
  }
  const { events } = (
    await call('GET', '/events?app=prod/web', undefined, { authorization: `Bearer ${secret}` })
  ).json();
  expect(events[0]).toMatchObject({ by: { front: 'nacos', token: 'ci' } });
});

test('npm nacos shows its secret with each call', async () => {
  const { send, given } = world({ deps: { tokens: [{ name: 'ci', token: secret }] } });
  const shown = { ...given, username: 'ci', password: secret };
  expect((await send('POST', '/v1/ns/instance', shown)).body).toBe('ok');
  expect((await send('POST', '/v1/ns/instance', { ...shown, password: 'another' })).statusCode).toBe(403);
});

test.each<[what: string, login: Record<string, string>]>([
  ['a wrong secret', { username: 'ci', password: 'another' }],
  ['another name', { username: 'nacos', password: secret }],
  ['no secret', { username: 'ci' }],
])('%s is a 403 in the words of the original', async (_what, login) => {
  const { send } = world({ deps: { tokens: [{ name: 'ci', token: secret }] } });
  const reply = await send('POST', '/v1/auth/login', login);
  expect([reply.statusCode, reply.json()]).toMatchObject([403, { error: 'Forbidden', message: 'unknown user!' }]);
});

test.each(['', '?accessToken=nothing-that-is-known', '?accessToken='])(
  'where credentials are needed a call with "%s" is a 403, which has clients log in again',
  async (query) => {
    const { send, given, registry } = world({ deps: { tokens: [{ name: 'ci', token: secret }] } });
    const refused = await send('POST', `/v1/ns/instance${query}`, given, true);
    expect([refused.statusCode, refused.json(), registry.instanceCount]).toMatchObject([403, { status: 403 }, 0]);
    expect((await send('GET', `/v1/ns/instance/list${query}`)).statusCode).toBe(403);
    expect((await send('GET', '/v1/console/health/liveness')).statusCode).toBe(200);
  },
);
