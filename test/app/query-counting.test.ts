// Who asks for what over the life of a process: what is kept for the next one.

import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { forgetQueries } from '../../src/app/query-counting.ts';
import { unrestricted } from '../../src/model/principal.ts';
import type { DrainQueries, QuerySample } from '../../src/model/query-sample.ts';
import { countingOver } from '../kit/http/query-world.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { Harness, someAddress } from '../kit/registry/harness.ts';

const folder = scratch();
afterAll(() => removeScratch(folder));

const all = unrestricted('anonymous');
const day = 86_400_000;

test('apps without queries are known after a restart, since the first process', async () => {
  const harness = new Harness();
  for (const path of ['orders.prod/a1', 'billing.prod/b1']) harness.register(path, { addrs: [someAddress] });
  const { clock, registry } = harness;
  const start = clock.wallMs();
  const waiting: QuerySample[] = [];
  const drain: DrainQueries = (sink) => {
    for (const sample of waiting.splice(0)) sink.add(sample);
  };
  const ask = (name: string): void => {
    const atMs = clock.monotonicMs();
    const client = { transport: 'udp', client: '10.0.0.1', queries: 1, firstMs: atMs, lastMs: atMs };
    waiting.push({ name, type: 'A', rcode: 'NOERROR', ...client });
  };
  const first = countingOver(drain, clock, registry, folder);
  ask('a1.orders.prod.svc.');
  // The counts are not read before the end.
  await first.stop();
  clock.advance(3600_000);
  const second = countingOver(drain, clock, registry, folder);
  const apps = (withinMs: number) => second.lists.unasked(all, withinMs, 10);
  expect(apps(2 * 3600_000).apps).toEqual([{ env: 'prod', appid: 'billing', lastMs: undefined }]);
  expect(apps(60_000).apps).toContainEqual({ env: 'prod', appid: 'orders', lastMs: start });
  expect(apps(60_000).sinceMs).toBe(start);
  expect(second.lists.list(all, {}, { by: 'app', order: 'queries', limit: 1, offset: 0 }).sinceMs).toBeGreaterThan(0);
  await second.stop();
  clock.advance(2 * day);
  const third = countingOver(drain, clock, registry, folder);
  expect(third.lists.unasked(all, 60_000, 10).sinceMs).toBe(clock.wallMs());
  await third.stop();
  forgetQueries(folder, pino({ level: 'silent' }));
  expect(countingOver(drain, clock, registry, folder).lists.unasked(all, 9 * day, 10).apps).toHaveLength(2);
});
