// rollcall's handler behind batched sockets, in a thread of its own, with the names of the bench. Port: argv[2].

import { isMainThread, Worker } from 'node:worker_threads';
import { openBatchedUdp } from '../../src/dns/sockets/batched/batched-udp.ts';
import { Harness } from '../kit/harness.ts';
import { addressOf, appCount, nameOf } from './names.ts';

if (isMainThread) {
  new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
} else {
  const harness = new Harness({ cacheOctetsMax: 64 * 1024 * 1024 });
  // The time that passes, since reading it is part of the cost.
  harness.clock.monotonicMs = () => performance.now();
  for (let index = 0; index < appCount; index++) {
    const [appid] = nameOf(index).split('.');
    harness.register(`${appid}.prod/one`, { addrs: [`http://${addressOf(index)}:8080`], leaseSeconds: 3600 });
  }
  const transport = await openBatchedUdp();
  if ('unavailable' in transport) throw new Error(transport.unavailable);
  const listen = { host: '127.0.0.1', port: Number(process.argv[2]) };
  const listener = await transport.listen(listen, harness.handler, harness.counters);
  if ('failed' in listener) throw listener.error;
}
