// What an answer costs when it is made anew: CPU time of the thread for each question of each registry of anew-shapes.ts over
// UDP and TCP. First right after a change, which ends everything that was kept (the change itself is not counted); then
// with nothing changed, as for a payload size not asked with before. On the replica of a DNS thread, without the thread.
// `first`: the first question after all is registered, which may build what later ones use.
//   node_modules/.bin/node test/bench/made-anew.ts [INSTANCES] [PART OF THE SHAPE'S NAME]

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
import { type Question, type Shape, shapes } from './anew-shapes.ts';
import { printTable } from './table.ts';

const size = Number(process.argv[2] ?? 10_000);
const only = process.argv[3] ?? '';
const rounds = Number(process.env['ROUNDS'] ?? 200);

function worldOf({ instances, place, body }: Shape) {
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
  let latest: CompactInstance[] = [];
  const put = (i: number, weight: number): void => {
    const registration = parseRegistration({ ...body(i), weight }, { leaseSeconds: 90, dnsTtl: 5 });
    if (Array.isArray(registration)) throw new Error(JSON.stringify(registration));
    const instance = compactInstance(place(i), `big-${i}`, `big-${i}`, registration, latest);
    latest = [instance];
    fed.put(instance, ++revision);
  };
  for (let i = 0; i < instances; i++) put(i, 10);
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
  return { handler, change: (round: number) => put(round % instances, 10 + (round % 2)) };
}

/** Microseconds. */
function cost(run: () => unknown): number {
  const before = performance.now();
  const reply = run();
  const tookMs = performance.now() - before;
  if (!Buffer.isBuffer(reply)) throw new Error('no answer');
  return 1000 * tookMs;
}

function median(times: number[]): string {
  return (times.sort((a, b) => a - b)[times.length >> 1] as number).toFixed(0);
}

function rowOf(world: ReturnType<typeof worldOf>, [what, qname, type]: Question, first: number): string[] {
  const cells = [what, first.toFixed(0)];
  for (const transport of ['udp', 'tcp'] as const) {
    for (const isChanged of [true, false]) {
      const times: number[] = [];
      // The first half is for the compiler.
      for (let round = 0; round < 2 * rounds; round++) {
        if (isChanged) world.change(round);
        const bytes = packet({ name: typeof qname === 'string' ? qname : qname(round), type, edns: true });
        const took = cost(() => world.handler(bytes, { transport, address: '127.0.0.1' }));
        if (round >= rounds) times.push(took);
      }
      cells.push(median(times));
    }
  }
  return cells;
}

for (const shape of shapes(size)) {
  if (!shape.what.includes(only)) continue;
  const world = worldOf(shape);

  console.log(`\n${shape.instances} instances, ${shape.what}: microseconds, median`);
  const rows: string[][] = [];
  for (const question of shape.questions) {
    const [, qname, type] = question;
    const bytes = packet({ name: typeof qname === 'string' ? qname : qname(0), type, edns: true });
    const first = cost(() => world.handler(bytes, { transport: 'udp', address: '127.0.0.1' }));
    rows.push(rowOf(world, question, first));
  }
  printTable(['question', 'first', 'UDP, changed', 'UDP, as before', 'TCP, changed', 'TCP, as before'], rows);
}
