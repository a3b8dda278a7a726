// Every limit of the API that a caller can run into: the status, the problem, the count, and no effect on other callers.

import { describe, expect, test } from 'vitest';
import type { Reply } from '../../kit/http/http-world.ts';
import { createWorld, problemOf, type World, type WorldOptions } from '../../kit/http/http-world.ts';

interface Limit {
  readonly what: string;
  readonly options: WorldOptions;
  /** Goes up to the limit. */
  fill(world: World): Promise<unknown>;
  /** Goes over it. */
  exceed(world: World): Promise<Reply>;
  readonly status: number;
  readonly type: string;
  /** A number in the detail that the caller needs. */
  readonly limit: string;
}

const limits: readonly Limit[] = [
  {
    what: 'instances',
    options: { registry: { instancesMax: 2 } },
    fill: async ({ register }) => [await register('prod/a/1'), await register('prod/b/1')],
    exceed: ({ register }) => register('prod/b/2'),
    status: 507,
    type: 'full',
    limit: '2',
  },
  {
    what: 'instances-per-app',
    options: { registry: { instancesPerAppMax: 2 } },
    fill: async ({ register }) => [await register('prod/a/1'), await register('prod/a/2')],
    exceed: ({ register }) => register('prod/a/3'),
    status: 507,
    type: 'full',
    limit: '2',
  },
  {
    what: 'apps',
    options: { registry: { appsMax: 2 } },
    fill: async ({ register }) => [await register('prod/a/1'), await register('prod/b/1')],
    exceed: ({ register }) => register('prod/c/1'),
    status: 507,
    type: 'full',
    limit: '2',
  },
  {
    what: 'body',
    options: {},
    fill: ({ register }) => register('prod/a/1'),
    exceed: ({ register }) => register('prod/a/2', { metadata: { k: 'x'.repeat(65_536) } }),
    status: 413,
    type: 'body-too-large',
    limit: '65536',
  },
  {
    what: 'body',
    options: {},
    fill: ({ register }) => register('prod/a/1'),
    exceed: ({ call }) => call('POST', '/renew', { instances: [{ env: 'x'.repeat(524_288) }] }),
    status: 413,
    type: 'body-too-large',
    limit: '524288',
  },
  {
    what: 'long-polls',
    options: { waitingMax: 1 },
    fill: async ({ call, register, longPolls }) => {
      await register('prod/a/1');
      void call('GET', '/apps/prod/a?wait=1m');
      await expect.poll(() => longPolls.waiting).toBe(1);
    },
    exceed: ({ call }) => call('GET', '/apps/prod/a?wait=1m'),
    status: 503,
    type: 'overloaded',
    limit: '1',
  },
];

describe.each(limits)('$what, at most $limit', ({ what, options, fill, exceed, status, type, limit }) => {
  test(`is a ${status}, is counted, and takes nothing from those who are there`, async () => {
    const world = createWorld(options);
    await fill(world);
    const { revision, instanceCount } = world.registry;
    const reply = await exceed(world);
    expect(reply.statusCode).toBe(status);
    expect(problemOf(reply)).toMatchObject({
      type: `urn:rollcall:problem:${type}`,
      detail: expect.stringContaining(limit),
    });
    expect(world.counters.counts.get(`refused:${what}`)).toBe(1);
    expect([world.registry.revision, world.registry.instanceCount]).toEqual([revision, instanceCount]);
    expect((await world.call('PUT', '/apps/prod/a/1/renew')).statusCode).toBe(200);
    expect((await world.register('prod/a/1', { weight: 7 })).statusCode).toBe(200);
  });
});

test('a place that is given back may be taken again', async () => {
  const { register, call } = createWorld({ registry: { appsMax: 1 } });
  await register('prod/a/1');
  expect((await register('prod/b/1')).statusCode).toBe(507);
  await call('DELETE', '/apps/prod/a/1');
  expect((await register('prod/b/1')).statusCode).toBe(201);
});
