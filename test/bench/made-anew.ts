// What an answer costs when it is made anew: of apps of 100, 1000 and 10 000 instances, each with an IPv4 and an IPv6
// address, for every type over UDP and TCP. First right after a change of the app, which ends everything that was kept of
// it (the change itself is not counted); then with nothing changed, as for a payload size not asked with before.
// On the replica of a DNS thread, without the thread.

import { Rcode } from '../../src/dns/message/message.ts';
import { name } from '../../src/dns/message/name.ts';
import { Draws } from '../../src/dns/message/rotation.ts';
import { Replica } from '../../src/dns/plane/replica.ts';
import { DnsCounters } from '../../src/dns/server/counters.ts';
import { why } from '../../src/dns/server/explain.ts';
import { createHandler } from '../../src/dns/server/handler.ts';
import { OutstandingAnswers } from '../../src/dns/server/outstanding-answers.ts';
import { LiveZones } from '../../src/dns/services/live-zones.ts';
import { ZoneTable } from '../../src/dns/zone/zone-table.ts';
import { type CompactInstance, compactInstance } from '../../src/model/compact-instance.ts';
import { parseRegistration } from '../../src/model/instance.ts';
import { FedRows } from '../kit/dns/fed-rows.ts';
import { packet } from '../kit/dns/packet.ts';

const rounds = 200;
const sizes = [100, 1000, 10_000];
const questions: readonly (readonly [what: string, name: string, type: number])[] = [
  ['A', 'big.prod.svc.', 1],
  ['AAAA', 'big.prod.svc.', 28],
  ['SRV', 'big.prod.svc.', 33],
  ['SRV of a port', '_https._tcp.big.prod.svc.', 33],
  ['TXT', 'big.prod.svc.', 16],
  ['HTTPS', 'big.prod.svc.', 65],
  ['SVCB', 'big.prod.svc.', 64],
  ['ANY', 'big.prod.svc.', 255],
  ['A of a selection', '2._version.big.prod.svc.', 1],
  ['A near a zone', 'eu-1._near.big.prod.svc.', 1],
  ['A near an unknown zone', 'x._near.big.prod.svc.', 1],
  ['_why', '_why.big.prod.svc.', 16],
  ['PTR of a type', '_https._tcp.prod.svc.', 12],
];

function worldOf(size: number) {
  const zones = new ZoneTable();
  const fed = new FedRows();
  const replica: Replica = new Replica(1, fed.rows, {
    changed: (change) => live.changed(change),
    shortened: (instance) => live.shortened(instance),
  });
  fed.sink = replica;
  const live = new LiveZones({
    origin: name('svc.'),
    view: replica,
    zones,
    draws: new Draws(0.3),
    negativeTtlSeconds: 5,
    wallMs: () => Date.now(),
    hosts: ['127.0.0.1'],
    why: (asked, nowMs) => why(asked, zones, nowMs),
  });
  live.serveMissing();
  let revision = 1;
  const place = { env: 'prod', appid: 'big' };
  let latest: CompactInstance[] = [];
  const put = (i: number, weight: number): void => {
    const body = {
      addrs: [
        `https://10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:8443`,
        `https://[2001:db8::${(i + 1).toString(16)}]:8443`,
      ],
      weight,
      version: `${i % 4}`,
      zone: `eu-${i % 3}`,
      metadata: { team: 'pay', build: '1234' },
    };
    const registration = parseRegistration(body, { leaseSeconds: 90, dnsTtl: 5 });
    if (Array.isArray(registration)) throw new Error(JSON.stringify(registration));
    const instance = compactInstance(place, `big-${i}`, `big-${i}`, registration, latest);
    latest = [instance];
    fed.put(instance, ++revision);
  };
  for (let i = 0; i < size; i++) put(i, 10);
  const handler = createHandler({
    zones,
    counters: new DnsCounters(),
    outstanding: new OutstandingAnswers(0),
    cacheOctetsMax: 1,
    identity: { serverId: '', serverVersion: '', cookieSecret: new Uint8Array(16), cookies: 'auto' },
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    isReady: () => true,
    onFault: (error) => {
      throw error;
    },
  });
  return { handler, change: (round: number) => put(round % size, 10 + (round % 2)) };
}

function medianUs(times: number[]): string {
  return ((times.sort((a, b) => a - b)[times.length >> 1] as number) * 1000).toFixed(0);
}

const rows = new Map<string, string[]>();
for (const size of sizes) {
  const { handler, change } = worldOf(size);
  for (const transport of ['udp', 'tcp'] as const) {
    for (const [what, qname, type] of questions) {
      const bytes = packet({ name: qname, type, edns: true });
      const peer = { transport, address: '127.0.0.1' };
      for (const isChanged of [true, false]) {
        const times: number[] = [];
        for (let round = 0; round < 2 * rounds; round++) {
          if (isChanged) change(round);
          const before = performance.now();
          const reply = handler(bytes, peer);
          const took = performance.now() - before;
          if (!Buffer.isBuffer(reply) || ((reply[3] as number) & 0x0f) !== Rcode.NOERROR)
            throw new Error(`${what}: no answer`);
          // The first half is for the compiler.
          if (round >= rounds) times.push(took);
        }
        const row = `${what}, ${transport.toUpperCase()}`;
        rows.set(row, [...(rows.get(row) ?? []), medianUs(times)]);
      }
    }
  }
}
const columns = sizes.flatMap((size) => [`${size}, changed`, `${size}, as before`]);
console.log(`| made anew, µs (median) | ${columns.join(' | ')} |\n|---|${columns.map(() => '---|').join('')}`);
for (const [row, cells] of rows) console.log(`| ${row} | ${cells.join(' | ')} |`);
console.log('');
