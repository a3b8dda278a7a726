// DNS threads are asked over sockets; what the main thread reads of it is what was asked, whichever thread answered.

import { afterEach, expect, test } from 'vitest';
import type { QuerySample } from '../../../src/model/query-sample.ts';
import { openWorld } from '../../kit/dns/plane-world.ts';

const leftovers: (() => unknown)[] = [];
afterEach(async () => {
  for (const leave of leftovers.splice(0).reverse()) await leave();
});

test.each([0, 2])('every query over UDP and TCP is counted once, with %i threads', async (threads) => {
  const world = await openWorld(leftovers, threads, { queryDetail: 'addresses' });
  world.plane.ready();
  await world.plane.applied();
  const before = new Map<string, number>();
  const add = (sample: QuerySample): void => {
    const key = `${sample.name} ${sample.type} ${sample.transport} ${sample.client}`;
    before.set(key, (before.get(key) ?? 0) + sample.queries);
  };
  const sink = { add, addUnlisted: () => expect.unreachable() };
  for (let round = 0; round < 3; round++) {
    await world.everywhere('www.a.');
    world.plane.drainQueries(sink);
  }
  world.plane.drainQueries(sink);
  let answered = 0;
  for (const { count } of world.plane.counters.queries()) answered += count;
  expect([...before.values()].reduce((sum, queries) => sum + queries, 0)).toBe(answered);
  expect([...before.keys()].every((key) => /^www\.a\. A (udp|tcp) 127\.0\.0\.1$/.test(key))).toBe(true);
});
