// rollcall's handler behind batched sockets, in a thread of its own, with the names of the bench and nothing else.
// Port: argv[2], number of names: argv[3].

import { isMainThread, Worker } from 'node:worker_threads';
import { openBatchedUdp } from '../../src/dns/sockets/batched/batched-udp.ts';
import { listenDns } from '../../src/dns/sockets/server.ts';
import { Harness } from '../kit/harness.ts';
import { addressOf, appOf } from './names.ts';

const [port = 0, count = 0] = process.argv.slice(2).map(Number);

if (isMainThread) {
  new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
} else {
  const harness = new Harness({ cacheOctetsMax: 64 * 1024 * 1024, instancesMax: count, appsMax: count });
  // The time that passes, since reading it is part of the cost.
  harness.clock.monotonicMs = () => performance.now();
  for (let index = 0; index < count; index++) {
    harness.register(`${appOf(index)}.prod/one`, { addrs: [`http://${addressOf(index)}:8080`], leaseSeconds: 86_400 });
  }
  const udp = await openBatchedUdp();
  if ('unavailable' in udp) throw new Error(udp.unavailable);
  const { handler, counters } = harness;
  const tcp = { idleMs: 30_000, connectionsMax: 100, connectionsPerClientMax: 100 };
  const server = await listenDns([{ host: '127.0.0.1', port }], { handler, counters, tcp, udp });
  if ('failed' in server) throw server.error;
}
