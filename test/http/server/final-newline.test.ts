// Every JSON reply ends with a line end, so that a shell prompt begins on a line of its own.

import { expect, test } from 'vitest';
import { createWorld } from '../../kit/http/http-world.ts';

const addrs = ['http://10.0.0.7:8080'];

test.each([
  ['a registration', { method: 'PUT', url: '/api/v1/apps/prod/orders/a1', payload: { addrs } }, 201],
  ['a list', { method: 'GET', url: '/api/v1/apps/prod/orders' }, 200],
  ['the catalogue', { method: 'GET', url: '/api/v1/apps' }, 200],
  ['many renewals', { method: 'POST', url: '/api/v1/renew', payload: { instances: [] } }, undefined],
  ['a renewal', { method: 'PUT', url: '/api/v1/apps/prod/orders/a2/renew' }, 200],
  ['a problem', { method: 'GET', url: '/api/v1/apps/prod/orders/none' }, 404],
  ['no such call', { method: 'GET', url: '/api/v1/none' }, 404],
  ['the description', { method: 'GET', url: '/openapi.json' }, 200],
] as const)('%s', async (_what, call, status) => {
  const { app } = createWorld();
  await app.inject({ method: 'PUT', url: '/api/v1/apps/prod/orders/a2', payload: { addrs } });
  const reply = await app.inject(call);
  if (status !== undefined) expect(reply.statusCode).toBe(status);
  expect(reply.body).toMatch(/[^\n]\n$/);
  expect(JSON.parse(reply.body)).toBeTypeOf('object');
  expect(Number(reply.headers['content-length'])).toBe(Buffer.byteLength(reply.body));
});

test('HEAD has the length of GET, and 304 has no body', async () => {
  const { app } = createWorld();
  await app.inject({ method: 'PUT', url: '/api/v1/apps/prod/orders/a1', payload: { addrs } });
  const url = '/api/v1/apps/prod/orders/a1';
  const get = await app.inject({ method: 'GET', url });
  const head = await app.inject({ method: 'HEAD', url });
  expect(head.headers['content-length']).toBe(get.headers['content-length']);
  const headers = { 'if-none-match': String(get.headers.etag) };
  expect(await app.inject({ method: 'GET', url, headers })).toMatchObject({ statusCode: 304, body: '' });
});
