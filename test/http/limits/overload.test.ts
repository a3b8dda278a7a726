// More calls than the node can take: who is shed first, who never, when it ends, and that a refusal has changed nothing.

import { afterEach, describe, expect, test } from 'vitest';
import { overloadLimits } from '../../../src/http/limits/overload.ts';
import { createWorld, problemOf, type World, type WorldOptions } from '../../kit/http/http-world.ts';
import { RawConnection } from '../../kit/http/raw-http.ts';
import { seededRandom } from '../../kit/registry/placed.ts';

/** A world whose event loop is as late as the test sets it. */
async function busyWorld(options: WorldOptions = {}): Promise<World & { late(ms: number, samples?: number): void }> {
  let report: (lateMs: number) => void = () => {};
  const measureLateness = (sample: (lateMs: number) => void) => {
    report = sample;
    return () => {};
  };
  const world = createWorld({ ...options, deps: { measureLateness, random: seededRandom(5), ...options.deps } });
  await world.register('prod/orders/a1');
  const late = (ms: number, samples = 40) => {
    for (let i = 0; i < samples; i++) report(ms);
  };
  return { ...world, late };
}

const status = async (world: World, method: string, path: string) => (await world.call(method, path)).statusCode;

test('the loop is measured less often while there are no calls and it is on time', async () => {
  let isCalm = (): boolean => false;
  let report: (lateMs: number) => void = () => {};
  const measureLateness = (sample: (lateMs: number) => void, calm: () => boolean) => {
    report = sample;
    isCalm = calm;
    return () => {};
  };
  const world = createWorld({ deps: { measureLateness } });
  await world.register('prod/orders/a1');
  expect(isCalm()).toBe(false);
  expect(isCalm()).toBe(true);
  await world.call('PUT', '/apps/prod/orders/a1/renew');
  expect([isCalm(), isCalm()]).toEqual([false, true]);
  report(600);
  expect(isCalm()).toBe(false);
  for (let i = 0; i < 20; i++) report(0);
  expect(isCalm()).toBe(true);
});

describe('an event loop that is late', () => {
  test('sheds reads, registrations and patches first, as overloaded', async () => {
    const world = await busyWorld();
    world.late(600);
    const refused = [
      await world.call('GET', '/apps/prod/orders'),
      await world.call('GET', '/apps'),
      await world.call('GET', '/resolve?name=orders.prod.svc'),
      await world.register('prod/orders/a2'),
      await world.call('PATCH', '/apps/prod/orders/a1', { weight: 1 }),
    ];
    for (const reply of refused) {
      expect(reply.statusCode).toBe(503);
      expect(problemOf(reply)).toMatchObject({ type: 'urn:rollcall:problem:overloaded' });
    }
    expect(world.registry.revision).toBe(101);
    expect(world.counters.counts.get('refused:overload')).toBe(refused.length);
    expect(await status(world, 'PUT', '/apps/prod/orders/a1/renew')).toBe(200);
    expect(world.log.filter(({ msg }) => String(msg).includes('too many calls'))).toMatchObject([
      { calls: 'others', level: 40 },
    ]);
  });

  test('sheds renewals last; cancels, drains, health and metrics never', async () => {
    const world = await busyWorld();
    await world.register('prod/orders/a2');
    world.late(1400);
    expect(await status(world, 'PUT', '/apps/prod/orders/a1/renew')).toBe(503);
    expect((await world.call('POST', '/renew', { instances: [] })).statusCode).toBe(503);
    expect(world.counters.counts.get('refused:overload-renewal')).toBe(2);
    for (const url of ['/healthz', '/readyz', '/metrics']) expect((await world.app.inject(url)).statusCode).toBe(200);
    expect(await status(world, 'DELETE', '/apps/prod/orders/a1')).toBe(200);
    expect(await status(world, 'POST', '/apps/prod/orders/a2/drain')).toBe(200);
  });

  test('takes everything again only well below the limit', async () => {
    const world = await busyWorld();
    const taken = async () => [
      await status(world, 'GET', '/apps'),
      await status(world, 'PUT', '/apps/prod/orders/a1/renew'),
    ];
    world.late(1400);
    expect(await taken()).toEqual([503, 503]);
    world.late(700);
    expect(await taken()).toEqual([503, 503]);
    world.late(450);
    expect(await taken()).toEqual([503, 200]);
    world.late(250);
    expect(await taken()).toEqual([503, 200]);
    world.late(150);
    expect(await taken()).toEqual([200, 200]);
    world.late(450);
    expect(await taken()).toEqual([200, 200]);
    expect(world.log.filter(({ msg }) => msg === 'all calls are taken again')).toHaveLength(2);
  });

  test('after one pause, however long, sheds no call: what waited is served', async () => {
    const world = await busyWorld();
    world.late(3_600_000, 1);
    expect(await status(world, 'GET', '/apps')).toBe(200);
    expect(await status(world, 'PUT', '/apps/prod/orders/a1/renew')).toBe(200);
  });

  test('spreads Retry-After over a fleet', async () => {
    const world = await busyWorld();
    world.late(600);
    const seconds = new Set<number>();
    for (let i = 0; i < 60; i++) seconds.add(Number((await world.call('GET', '/apps')).headers['retry-after']));
    expect([...seconds].sort()).toEqual([2, 3, 4]);
  });
});

describe('requests in flight', () => {
  const limit = { lateMs: overloadLimits.lateMs };
  const few = { others: { from: 2, until: 1 }, renewals: { from: 4, until: 2 } };
  const open: RawConnection[] = [];
  const worlds: World[] = [];
  afterEach(async () => {
    for (const connection of open.splice(0)) connection.destroy();
    for (const { app } of worlds.splice(0)) await app.close();
  });

  test('are limited, so that a disk that hangs fills no memory; those that wait by design do not count', async () => {
    const written = Promise.withResolvers<void>();
    let isHanging = false;
    const durable = async () => (isHanging ? written.promise : undefined);
    const world = await busyWorld({
      control: { durable },
      deps: { overload: { ...limit, inFlight: few } },
      realTimers: true,
    });
    worlds.push(world);
    await world.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = world.app.server.address() as { port: number };
    const send = async (line: string, body = '') => {
      const connection = await RawConnection.open(port);
      open.push(connection);
      const type = body === '' ? '' : `content-type: application/json\r\ncontent-length: ${body.length}\r\n`;
      connection.write(`${line} HTTP/1.1\r\nhost: 127.0.0.1\r\n${type}\r\n${body}`);
      return connection;
    };
    const at = '/api/v1/apps/prod/orders';
    for (let i = 0; i < 5; i++) await send(`GET ${at}?index=101&wait=1m`);
    await expect.poll(() => world.longPolls.waiting).toBe(5);

    isHanging = true;
    const registration = '{"addrs":["http://10.0.0.8:80"]}';
    const writing = [await send(`PUT ${at}/b1`, registration), await send(`PUT ${at}/b2`, registration)];
    await expect.poll(() => world.registry.instanceCount).toBe(3);
    const third = await send(`PUT ${at}/b3`, registration);
    await expect.poll(() => third.statuses).toEqual([503]);
    expect(third.received).toMatch(/retry-after: [234]\r\n/);
    expect(world.registry.instanceCount).toBe(3);
    const renewal = await send(`PUT ${at}/a1/renew`);
    await expect.poll(() => renewal.statuses).toEqual([200]);

    written.resolve();
    await expect.poll(() => writing.map(({ statuses }) => statuses)).toEqual([[201], [201]]);
    const again = await send(`PUT ${at}/b3`, registration);
    await expect.poll(() => again.statuses).toEqual([201]);
  });
});
