// A thread that serves datagrams in batches and receives messages: it answers with the last text it was sent.

import { parentPort } from 'node:worker_threads';
import { DnsCounters } from '../../../src/dns/server/counters.ts';
import { openBatchedUdp } from '../../../src/dns/transport/batched/batched-udp.ts';

if (parentPort === null) throw new Error('this is a thread of its own');
const port = parentPort;
const transport = await openBatchedUdp();
if ('unavailable' in transport) throw new Error(transport.unavailable);
let word = 'nothing';
const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, () => Buffer.from(word), new DnsCounters());
if ('failed' in listener) throw listener.error;
port.on('message', (message: string) => {
  word = message;
  port.postMessage(message);
  if (message !== 'stop') return;
  void listener.close();
  port.close();
});
port.postMessage(listener.listen.port);
