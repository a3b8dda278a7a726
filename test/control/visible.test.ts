// Replies of the API wait for DNS: a write for its own change, reads and refusals for those of others.

import { expect, test } from 'vitest';
import { createWorld } from '../kit/http/http-world.ts';

test.each([
  ['a registration', 'PUT', '/apps/prod/orders/b', { addrs: ['http://10.0.0.8:80'] }, 201],
  ['a cancellation', 'DELETE', '/apps/prod/orders/a', undefined, 200],
  ['a renewal of one who is not there', 'PUT', '/apps/prod/orders/c/renew', undefined, 404],
  ['a listing', 'GET', '/apps/prod/orders', undefined, 200],
  ['an explanation', 'GET', '/resolve?name=orders.prod.svc&type=A', undefined, 200],
] as const)('%s', async (_what, method, path, body, status) => {
  let shows: Promise<void> | undefined;
  const world = createWorld({ control: { visible: () => shows } });
  expect((await world.register('prod/orders/a')).statusCode).toBe(201);
  const behind = Promise.withResolvers<void>();
  shows = behind.promise;
  const order: string[] = [];
  const reply = world.call(method, path, body).finally(() => order.push('answered'));
  // Probes do not wait, and were asked later.
  for (let probe = 0; probe < 20; probe++) expect((await world.app.inject('/healthz')).statusCode).toBe(200);
  order.push('shown');
  behind.resolve();
  expect((await reply).statusCode).toBe(status);
  expect(order).toEqual(['shown', 'answered']);
});
