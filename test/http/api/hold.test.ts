// Holds over HTTP: a drain that outlives registrations, and the call that ends it.

import { describe, expect, test } from 'vitest';
import { createWorld, problemOf, tagOf, type World } from '../../kit/http/http-world.ts';

const place = '/apps/prod/orders/a1';

async function held(query = '?hold=2h'): Promise<World> {
  const world = createWorld();
  await world.register('prod/orders/a1');
  expect((await world.call('POST', `${place}/drain${query}`)).statusCode).toBe(200);
  return world;
}

async function statusOf({ call }: World): Promise<unknown> {
  return ((await call('GET', place)).json() as { status: unknown }).status;
}

test('a plain drain ends with the next registration of up', async () => {
  const world = await held('');
  await world.register('prod/orders/a1');
  expect(await statusOf(world)).toBe('up');
});

describe('a hold', () => {
  test('outlives registrations and patches of up, and their replies have it', async () => {
    const world = await held('?hold=2h&reason=disk%20swap');
    await world.register('prod/orders/a1');
    await world.call('PATCH', place, { status: 'up' });
    expect((await world.call('GET', place)).json()).toMatchObject({
      status: 'waiting',
      override: { status: 'waiting', wanted: 'up', reason: 'disk swap', until: '2026-01-01T02:00:00.000Z' },
    });
  });

  test('outlives the registration itself', async () => {
    const world = await held();
    await world.call('DELETE', place);
    await world.register('prod/orders/a1');
    expect(await statusOf(world)).toBe('waiting');
  });

  test('ends with POST …/up, which may be repeated', async () => {
    const world = await held();
    const first = await world.call('POST', `${place}/up`);
    expect([first.statusCode, first.headers['etag'], first.json()]).toEqual([
      200,
      tagOf(103),
      { env: 'prod', appid: 'orders', instance: 'a1', outcome: 'resumed', status: 'up', revision: 103 },
    ]);
    expect((await world.call('POST', `${place}/up`)).json()).toMatchObject({ outcome: 'unchanged', revision: 103 });
    expect([world.counters.counts.get('drain:resumed'), world.counters.counts.get('drain:unchanged')]).toEqual([1, 1]);
  });

  test('of an instance that is not registered is lifted by up as well, once', async () => {
    const world = await held();
    await world.call('DELETE', place);
    expect((await world.call('POST', `${place}/up`)).json()).toMatchObject({ outcome: 'released' });
    expect((await world.call('POST', `${place}/up`)).statusCode).toBe(404);
    await world.register('prod/orders/a1');
    expect(await statusOf(world)).toBe('up');
  });

  test.each(['7d1', '8d', '604801s', '-1s', 'x', '0'])(
    'of %s is a 400 that names the parameter, and no drain',
    async (hold) => {
      const world = createWorld();
      await world.register('prod/orders/a1');
      const reply = await world.call('POST', `${place}/drain?hold=${hold}`);
      expect(problemOf(reply)).toMatchObject({ status: 400, errors: [{ field: 'hold' }] });
      expect(await statusOf(world)).toBe('up');
    },
  );

  test('may last seven days', async () => {
    const world = await held('?hold=7d');
    expect((await world.call('GET', place)).json()).toMatchObject({ override: { until: '2026-01-08T00:00:00.000Z' } });
  });
});

test('up with a stale If-Match changes nothing', async () => {
  const world = await held();
  const reply = await world.call('POST', `${place}/up`, undefined, { 'if-match': tagOf(101) });
  expect(problemOf(reply)).toMatchObject({ status: 412, type: 'urn:rollcall:problem:precondition-failed' });
  expect(await statusOf(world)).toBe('waiting');
});
