// A mirror's writes at a real HTTP plane: what another caller has changed meanwhile is neither overwritten nor cancelled.

import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { mapped } from '../../../src/bridges/mirrored.ts';
import type { Present } from '../../../src/bridges/target.ts';
import { RegistryTarget } from '../../../src/cli/mirror/registry-target.ts';
import { httpRequest } from '../../../src/client/registry/http-request.ts';
import { RegistryLink } from '../../../src/client/registry/registry-link.ts';
import { systemScheduler } from '../../../src/runtime/scheduler.ts';
import { listed, mark } from '../../kit/adapters/mirror-world.ts';
import { createWorld } from '../../kit/http/http-world.ts';
import { until } from '../../kit/process/until.ts';

async function targetWorld() {
  const adapters = { names: ['consul', 'eureka'] as const, env: 'prod' };
  const world = createWorld({ realTimers: true, deps: { adapters } });
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = world.app.server.address() as AddressInfo;
  const link = new RegistryLink({
    ...{ addresses: [`http://127.0.0.1:${port}`], fetch: httpRequest, requestTimeoutMs: 10_000 },
    scheduler: systemScheduler,
  });
  const options = { link, env: 'prod', reason: 'mirror of x', scheduler: systemScheduler, random: () => 0 };
  const target = new RegistryTarget(options);
  const stop = new AbortController();
  const { signal } = stop;
  const following = target.follow(
    () => {},
    () => {},
    signal,
  );
  onTestFinished(async () => {
    stop.abort();
    await following;
    link.close();
    await world.app.close();
  });
  await until('the watch', () => target.present() !== undefined);
  const wanted = (weight: number) => {
    const instances = [listed('My_App/a', '10.0.0.1', { weight })];
    return mapped({ instances, unmapped: [] }, { kind: 'consul', env: 'prod', mark }).wanted;
  };
  const write = async (weight: number, before?: Present) => {
    const writes = wanted(weight).map((one) => ({ wanted: one, before }));
    const results = await target.register(writes, signal);
    return 'fault' in results ? results.fault : results.map(({ outcome }) => outcome);
  };
  const seen = (isIt: (one: Present) => boolean) =>
    until('the instance', () => [...(target.present()?.get('my-app')?.values() ?? [])].find(isIt));
  const stored = () => world.registry.find({ env: 'prod', appid: 'my-app', instance: 'a' });
  return { ...world, target, signal, write, seen, stored };
}

test('what it writes is seen by its watch, with its mark and the given name', async () => {
  const { write, seen, stored } = await targetWorld();
  expect(await write(3)).toEqual(['written']);
  const one = await seen(() => true);
  expect(one).toMatchObject({ mark, endpoints: ['10.0.0.1:80'], json: { weight: 3, status: 'up' }, dirtyAtMs: 0 });
  expect(one.fronts).toEqual({ consul: { appName: 'My_App', content: {} } });
  expect(stored()?.instance.liveness).toEqual({ kind: 'lease' });
  expect(await write(3, one)).toEqual(['unchanged']);
  expect(await write(4, one)).toEqual(['written']);
});

test('an instance that was not there when it looked is not overwritten', async () => {
  const { write, register, stored } = await targetWorld();
  await register('prod/my-app/a', { weight: 7 });
  expect(await write(3)).toEqual(['refused']);
  expect(stored()?.instance.weight).toBe(7);
});

test('nor one that a client has taken over since, which is not cancelled either', async () => {
  const { write, seen, register, stored, target, signal, clock } = await targetWorld();
  await write(3);
  const before = await seen(() => true);
  clock.advance(10);
  await register('prod/my-app/a', { weight: 7 });
  expect(await write(4, before)).toEqual(['refused']);
  expect(await target.cancel(before, 'gone', signal)).toBe('not-ours');
  expect(stored()?.instance.weight).toBe(7);
  const now = await seen((one) => one.mark === undefined);
  expect(await target.cancel(now, 'gone', signal)).toBe('cancelled');
  expect(await target.cancel(now, 'gone', signal)).toBe('not-ours');
});

test('a client of Eureka that has been running for long takes its place', async () => {
  const { write, seen, app, stored } = await targetWorld();
  await write(3);
  await seen(() => true);
  const instance = {
    ...{ instanceId: 'a', hostName: 'h', app: 'MY_APP', ipAddr: '10.0.0.1', lastDirtyTimestamp: '1000' },
    dataCenterInfo: { name: 'MyOwn' },
  };
  const early = await app.inject({ method: 'PUT', url: '/eureka/apps/MY_APP/a?lastDirtyTimestamp=1000' });
  expect(early.statusCode).toBe(404);
  const reply = await app.inject({ method: 'POST', url: '/eureka/apps/MY_APP', payload: { instance } });
  expect(reply.statusCode).toBe(204);
  expect(stored()?.instance.metadata.get('mirrored-from')).toBeUndefined();
});

test('a hold of an operator is no difference of what its registrant wants', async () => {
  const { write, seen, call } = await targetWorld();
  await write(3);
  await seen(() => true);
  await call('POST', '/apps/prod/my-app/a/drain?hold=1h');
  const held = await seen((one) => 'override' in one.json);
  expect(held.json['status']).toBe('up');
});
