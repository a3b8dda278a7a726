// The handler without sockets: CPU time of one question, answered from the cache and made anew.

import { udpOctetsMax } from '../../src/dns/message/message.ts';
import type { Handler } from '../../src/dns/server/handler.ts';
import { queryMemoryOctets } from '../../src/dns/server/queries/query-memory.ts';
import { QueryTable } from '../../src/dns/server/queries/query-table.ts';
import { Harness } from '../kit/harness.ts';
import { type PacketKnobs, packet } from '../kit/packet.ts';

const questions = 200_000;
/** As the batched transport has it: the address becomes a text when it is asked for. */
const peer = {
  transport: 'udp',
  octets: new Uint8Array([127, 0, 0, 1]),
  get address(): string {
    return [...this.octets].join('.');
  },
} as const;

/** What is at hand goes straight to where it is sent from; for everything else the handler is asked. */
function asTransportsDo(handler: Handler, bytes: Buffer): () => void {
  const reply = Buffer.alloc(udpOctetsMax);
  return () => {
    const octets = handler.fromCache?.(bytes, 0, bytes.length, reply, 0, peer) ?? 0;
    if (octets === 0) handler(bytes, peer);
  };
}

function serverOf(queries?: QueryTable): Harness {
  const harness = new Harness(queries === undefined ? {} : { queries });
  for (let i = 1; i <= 10; i++)
    harness.register(`ten.prod/ten-${i}`, { addrs: [`http://10.2.0.${i}:8080`], leaseSeconds: 3600 });
  return harness;
}

const { handler, uncached } = serverOf();
const { handler: counting } = serverOf(
  new QueryTable({ memory: new SharedArrayBuffer(queryMemoryOctets), detail: 'addresses' }),
);
const rows: [string, Handler, PacketKnobs][] = [
  ['10 A, from the cache', handler, { name: 'ten.prod.svc.', type: 1, edns: true }],
  ['10 A, from the cache, with who asks', counting, { name: 'ten.prod.svc.', type: 1, edns: true }],
  ['10 A, made anew', uncached, { name: 'ten.prod.svc.', type: 1, edns: true }],
  ['10 SRV with their addresses, from the cache', handler, { name: '_http._tcp.ten.prod.svc.', type: 33, edns: true }],
  ['10 SRV with their addresses, made anew', uncached, { name: '_http._tcp.ten.prod.svc.', type: 33, edns: true }],
  ['NXDOMAIN', handler, { name: 'nobody-of-this-name.prod.svc.', type: 1, edns: true }],
  ['NXDOMAIN, with who asks', counting, { name: 'nobody-of-this-name.prod.svc.', type: 1, edns: true }],
  ['REFUSED', handler, { name: 'example.com.', type: 1, edns: true }],
];
console.log('| handler alone | µs of CPU per question |\n|---|---|');
for (const [what, answer, knobs] of rows) {
  const bytes = packet(knobs);
  const ask = asTransportsDo(answer, bytes);
  for (let i = 0; i < questions / 10; i++) ask();
  const before = process.cpuUsage();
  for (let i = 0; i < questions; i++) ask();
  const { user, system } = process.cpuUsage(before);
  console.log(`| ${what} | ${((user + system) / questions).toFixed(2)} |`);
}
console.log('');
