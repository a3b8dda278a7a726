// Ids, tags and indexes of another life of the registry are taken for none of this one.

import { describe, expect, test } from 'vitest';
import { createWorld, indexOf, tagOf, type World } from '../../kit/http/http-world.ts';

async function world(): Promise<World> {
  const found = createWorld();
  await found.register('prod/orders/a1');
  return found;
}

const ofOther = '"another1-101"';

describe('an entity tag of another life', () => {
  test.each(['/apps/prod/orders/a1', '/apps'])('gives no 304 for %s', async (path) => {
    const { call } = await world();
    expect((await call('GET', path, undefined, { 'if-none-match': tagOf(101) })).statusCode).toBe(304);
    expect((await call('GET', path, undefined, { 'if-none-match': '"101"' })).statusCode).toBe(304);
    expect((await call('GET', path, undefined, { 'if-none-match': ofOther })).statusCode).toBe(200);
  });

  test('gives no 304 for a list of instances', async () => {
    const { call } = await world();
    const tag = (await call('GET', '/apps/prod/orders')).headers['etag'] as string;
    expect((await call('GET', '/apps/prod/orders', undefined, { 'if-none-match': tag })).statusCode).toBe(304);
    const other = tag.replace('thislife', 'another1');
    expect((await call('GET', '/apps/prod/orders', undefined, { 'if-none-match': other })).statusCode).toBe(200);
  });

  test('does not match, with any number', async () => {
    const { call, registry } = await world();
    const refused = await call('DELETE', '/apps/prod/orders/a1', undefined, { 'if-match': ofOther });
    expect([refused.statusCode, registry.instanceCount]).toEqual([412, 1]);
    const matching = await call('DELETE', '/apps/prod/orders/a1', undefined, { 'if-match': tagOf(101) });
    expect([matching.statusCode, registry.instanceCount]).toEqual([200, 0]);
  });
});

describe('an index', () => {
  test('of another life is answered at once', async () => {
    const { call, longPolls } = await world();
    const reply = await call('GET', '/apps/prod/orders?wait=30s&index=another1-101');
    expect(reply.json()).toMatchObject({ index: 101, instances: [{ instance: 'a1' }] });
    expect(longPolls.waiting).toBe(0);
  });

  test('of this life from before a restart, of an app that is not there, is answered at once, and its own waits', async () => {
    const { call, longPolls, timers } = await world();
    const reply = await call('GET', `/apps/prod/pay?wait=30s&index=${indexOf(99)}`);
    const { index } = reply.json() as { index: number };
    const waiting = call('GET', `/apps/prod/pay?wait=30s&index=${index}`);
    await expect.poll(() => longPolls.waiting).toBe(1);
    timers.pass(30_000);
    expect((await waiting).json()).toMatchObject({ index, instances: [] });
  });

  test.each(['x', '-', 'another1-', '1.5'])('that is none is a 400: %s', async (index) => {
    const { call } = await world();
    const reply = await call('GET', `/apps/prod/orders?index=${index}`);
    expect(reply.statusCode).toBe(400);
    expect(reply.json()).toMatchObject({ errors: [{ field: 'index' }] });
  });
});
