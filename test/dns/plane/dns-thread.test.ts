// The handle on a DNS thread: what a thread leaves behind at its end, wherever that comes.

import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { DnsThread } from '../../../src/dns/plane/dns-thread.ts';
import type { ThreadStart } from '../../../src/dns/plane/thread-message.ts';
import { openWorld } from '../../kit/dns/plane-world.ts';
import { until } from '../../kit/process/until.ts';

const leftovers: (() => unknown)[] = [];
afterEach(async () => {
  for (const leave of leftovers.splice(0).reverse()) await leave();
});

const hooks = { onFault: () => {}, main: { answer: async () => undefined }, reply: () => {} };

/** A thread beside a plane's own, which listens nowhere yet. */
async function lonely(): Promise<DnsThread> {
  let start: ThreadStart | undefined;
  const startThread = (received: ThreadStart) => {
    start = received;
    return new DnsThread(received, hooks);
  };
  await openWorld(leftovers, 1, { startThread });
  const thread = new DnsThread(start as ThreadStart, hooks);
  leftovers.push(() => thread.terminate());
  return thread;
}

/** The kernel goes on giving a share of the queries to a socket that is not read. */
describe.skipIf(process.platform !== 'linux')('its datagram sockets are closed', () => {
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const here = { host: '127.0.0.1', port: 0 };

  test('when it is ended while it listens', async () => {
    const before = descriptors();
    const thread = await lonely();
    thread.post({ kind: 'listen', listens: [here, here], sequence: 1 });
    await thread.listening;
    thread.terminate();
    await thread.ended;
    for (const leave of leftovers.splice(0).reverse()) await leave();
    await until('no more descriptors than before', () => descriptors() <= before);
  });

  test('when it meets a bug before it listens everywhere', async () => {
    const before = descriptors();
    const thread = await lonely();
    // Not a port: nothing checks again what the configuration has.
    thread.post({ kind: 'listen', listens: [here, { ...here, port: 70_000 }], sequence: 1 });
    expect(await thread.ended).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    for (const leave of leftovers.splice(0).reverse()) await leave();
    await until('no more descriptors than before', () => descriptors() <= before);
  });
});
