// A DNS thread that ends by itself: who takes its place, what is then known of its answers, and when it is too much.

import { afterEach, expect, test } from 'vitest';
import { DnsThread } from '../../../src/dns/plane/dns-thread.ts';
import { openWorld } from '../../kit/dns/plane-world.ts';
import { until } from '../../kit/process/until.ts';

const leftovers: (() => unknown)[] = [];
afterEach(async () => {
  for (const leave of leftovers.splice(0).reverse()) await leave();
});

const open = (threads: number) => openWorld(leftovers, threads);

test('is replaced by one that knows every instance, and holds up no write', async () => {
  const { harness, plane, started, ends, lost, everywhere } = await open(2);
  plane.ready();
  for (let i = 0; i < 300; i++) harness.register(`app-${i}.prod/a`, { addrs: [`http://10.0.${i >> 8}.${i & 255}:80`] });
  await plane.applied();
  started[0]?.terminate();
  await until('a third thread', () => started.length === 3);
  harness.register('app-7.prod/a', { addrs: ['http://10.7.7.7:80'] });
  harness.cancel('app-8.prod/a');
  await plane.applied();
  await started[2]?.listening;
  // The other one goes too: who answers now is new.
  started[1]?.terminate();
  await until('a fourth thread', () => started.length === 4);
  await started[3]?.listening;
  await plane.applied();
  expect(await everywhere('app-299.prod.svc')).toEqual(['NOERROR 10.0.1.43 5']);
  expect(await everywhere('app-7.prod.svc')).toEqual(['NOERROR 10.7.7.7 5']);
  expect(await everywhere('app-8.prod.svc')).toEqual(['NXDOMAIN']);
  expect(await everywhere('www.a')).toEqual(['NOERROR 10.9.0.1 60']);
  expect([ends.length, lost]).toEqual([2, []]);
});

test('may have handed out everything until its end', async () => {
  const { harness, plane, started, elapse } = await open(2);
  plane.ready();
  const instance = { env: 'prod', appid: 'orders', instance: 'a', dnsTtl: 20 };
  harness.register('orders.prod/a', { dnsTtl: 20 });
  elapse(60_000);
  await plane.applied();
  const heldMs = async () => (await plane.answersHeld(instance)).heldUntilMs - harness.clock.monotonicMs();
  expect(await heldMs()).toBeLessThan(0);
  // Asked while it ends, and when another one has its place.
  const asked = heldMs();
  started[0]?.terminate();
  expect(await asked).toBeLessThanOrEqual(22_500);
  await until('a third thread', () => started.length === 3);
  expect(Math.floor((await heldMs()) / 1000)).toBeOneOf([21, 22]);
});

test('the one that takes its place delays no reply until it listens', async () => {
  const { harness, plane, started, everywhere } = await open(1);
  plane.ready();
  harness.register('orders.prod/a');
  await plane.applied();
  started[0]?.terminate();
  await until('another one', () => started.length === 2);
  let isListening = false;
  void started[1]?.listening.then(() => {
    isListening = true;
  });
  // A thread takes far longer to start than the few turns that this takes without one.
  for (let round = 1; round <= 3; round++) {
    harness.register('orders.prod/a', { addrs: [`http://10.0.0.${round}:80`] });
    await plane.applied();
    await plane.answersHeld({ env: 'prod', appid: 'orders', instance: 'a', dnsTtl: 5 });
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(isListening).toBe(false);
  await started[1]?.listening;
  expect(await everywhere('orders.prod.svc')).toEqual(['NOERROR 10.0.0.3 5']);
});

test('explains nothing it does not know: another thread is asked, and without one there is no explanation', async () => {
  const { harness, plane, started, everywhere } = await open(2);
  plane.ready();
  harness.register('orders.prod/a', { addrs: ['http://10.0.0.1:80'] });
  await plane.applied();
  const asked = plane.explain('orders.prod.svc', 'A');
  started[0]?.terminate();
  expect(await asked).toMatchObject({ rcode: 'NOERROR' });
  // What is on its way to a thread that ends is lost.
  await until('a third thread', () => started.length === 3);
  await started[2]?.listening;
  expect(await everywhere('orders.prod.svc')).toEqual(['NOERROR 10.0.0.1 5']);
  await plane.close();
  expect(await plane.explain('orders.prod.svc', 'A')).toBeUndefined();
});

test('one that does not follow is ended before the rows that it keeps are too many', async () => {
  let isStuck = false;
  const threads: DnsThread[] = [];
  const { harness, plane, ends, lost, everywhere } = await openWorld(leftovers, 2, {
    retiredRowsMax: 50,
    startThread: (start, hooks) => {
      const thread = new DnsThread(start, hooks);
      threads.push(thread);
      if (threads.length > 1) return thread;
      const post = thread.post.bind(thread);
      thread.post = (message) => {
        if (!isStuck) post(message);
      };
      return thread;
    },
  });
  plane.ready();
  harness.register('orders.prod/a', { addrs: ['http://10.0.0.1:80'] });
  await plane.applied();
  isStuck = true;
  for (let version = 1; version <= 100 && threads.length < 3; version++) {
    harness.register('orders.prod/a', { version: `${version}` });
    // So slowly that the other one follows on a busy machine too, where a turn of this loop is much shorter than its.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await until('another one', () => threads.length === 3);
  await threads[2]?.listening;
  // The other one is left alone.
  for (let version = 1; version <= 200; version++) {
    harness.register('orders.prod/a', { version: `${version}` });
    if (version % 20 === 0) await plane.applied();
  }
  harness.register('orders.prod/a', { addrs: ['http://10.0.0.2:80'] });
  await plane.applied();
  expect(await everywhere('orders.prod.svc')).toEqual(['NOERROR 10.0.0.2 5']);
  expect([threads.length, ends.length, lost]).toEqual([3, 1, []]);
});

test('too often is the end', async () => {
  const { plane, started, ends, lost } = await open(1);
  for (let times = 1; times <= 4; times++) {
    await started.at(-1)?.listening;
    started.at(-1)?.terminate();
    await until('its end', () => ends.length === times);
    if (times < 4) await until('another one', () => started.length === times + 1);
  }
  await until('the end', () => lost.length === 1);
  expect(lost[0]?.message).toBe('DNS threads ended 4 times in 600 s');
  expect(started).toHaveLength(4);
  await plane.applied();
});
