// `GET /api/v1/whoami`: what the credential of a call is.

import { expect, test } from 'vitest';
import { createWorld, problemOf } from '../../kit/http/http-world.ts';

test('an open server has anonymous callers that may do all', async () => {
  const { call } = createWorld();
  const reply = await call('GET', '/whoami');
  expect(reply.headers['cache-control']).toBe('no-store');
  expect(reply.json()).toEqual({
    kind: 'anonymous',
    name: '',
    allow: [{ rights: ['admin'], env: '*', app: '*' }],
    expiresAt: null,
    instancesMax: null,
    instances: null,
  });
});

test('a token is known by its name', async () => {
  const { call } = createWorld({ deps: { tokens: [{ name: 'deploy', token: '0123456789abcdef' }] } });
  const reply = await call('GET', '/whoami', undefined, { authorization: 'Bearer 0123456789abcdef' });
  expect(reply.json()).toMatchObject({ kind: 'token', name: 'deploy' });
  expect(problemOf(await call('GET', '/whoami'))['type']).toBe('urn:rollcall:problem:unauthorized');
  expect((await call('GET', '/whoami?x=1', undefined, { authorization: 'Bearer 0123456789abcdef' })).statusCode).toBe(
    400,
  );
});
