// What a fleet that calls all at once does to the API and to DNS: 10 000 re-registrations in one second, then 10 000
// heartbeats a second for five. The bar: all answered within 10 s, and 99 of 100 DNS questions within 20 ms meanwhile.
// And what a renewal costs: renewals per CPU second of the server, over a few connections that are kept.

import { startProbe } from '../kit/dns/dns-probe.ts';
import { type StormKnobs, storm } from '../kit/http/storm.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { cpuSeconds } from './cpu.ts';

const instances = 10_000;

type Row = readonly [what: string, knobs: Omit<StormKnobs, 'port' | 'withinMs' | 'instances'>];
const rows: readonly Row[] = [
  ['10 000 registrations at once, 10 connections', { what: 'register', connections: 10 }],
  ['10 000 re-registrations at once, 1000 connections', { what: 'register', connections: 1000 }],
  ['10 000 re-registrations at once, 8000 connections', { what: 'register', connections: 8000 }],
  [
    '10 000 heartbeats a second for 5 s, 1000 connections',
    { what: 'renew', connections: 1000, calls: 50_000, perSecond: 10_000 },
  ],
  ['50 000 renewals, 8 connections', { what: 'renew', connections: 8, calls: 50_000 }],
];

for (const data of ['none', 'data']) {
  const server = await startServer({ data, withinMs: 30_000 });
  try {
    console.log(
      `\n| ${data === 'none' ? 'in memory' : 'on the disk'} | answered | sent away | s | call p99 ms | calls per CPU s | DNS p50 ms | p99 | longest | lost |`,
    );
    console.log('|---|---|---|---|---|---|---|---|---|---|');
    for (const row of rows) await measure(server, row);
  } finally {
    await server.stop();
  }
}

async function measure(server: ServerProcess, [what, knobs]: Row): Promise<void> {
  await storm({ port: server.httpPort, what: 'register', instances: 1, connections: 1, withinMs: 5000 });
  const probe = await startProbe(server.dnsPort, 'storm-0.prod.svc.');
  const before = cpuSeconds(server.pid);
  const result = await storm({ port: server.httpPort, instances, withinMs: 60_000, ...knobs });
  const used = cpuSeconds(server.pid) - before;
  const dns = await probe.stop();
  const sentAway = (result.statuses['503'] ?? 0) + (result.statuses['429'] ?? 0);
  const cells = [
    what,
    `${result.done} of ${result.done + result.failed}`,
    sentAway,
    (result.tookMs / 1000).toFixed(1),
    result.p99Ms.toFixed(0),
    Math.round(result.done / used),
    dns.medianMs.toFixed(1),
    dns.p99Ms.toFixed(1),
    dns.longestMs.toFixed(1),
    dns.lost,
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
