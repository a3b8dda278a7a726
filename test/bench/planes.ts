// What DNS threads cost and bring: memory for each at 100 000 instances, what a write waits for them, and DNS latency in
// the middle of a storm of renewals and of registrations, without threads (0) and with them. The storm, the probe and the
// server share the machine, as they would on a small one.

import { setTimeout as sleep } from 'node:timers/promises';
import { type ProbeResult, startProbe } from '../kit/dns/dns-probe.ts';
import { type StormKnobs, storm } from '../kit/http/storm.ts';
import { startServer } from '../kit/process/server-process.ts';
import { residentBytes } from './resident.ts';

const instances = 100_000;
const idleMs = 5000;

const rows: string[] = [];
for (const threads of (process.argv[2] ?? '0,1,2').split(',')) rows.push(await measure(threads));
console.log(
  '| threads | MB, empty | MB, 100 000 instances | write p50 ms | p99 | DNS idle p50 ms | p99 | renewals a second | DNS p50 ms | p99 | longest | registrations a second | DNS p50 ms | p99 | longest |',
);
console.log(`|${'---|'.repeat(15)}`);
for (const row of rows) console.log(row);

async function measure(threads: string): Promise<string> {
  const server = await startServer({ env: { ROLLCALL_DNS_THREADS: threads }, withinMs: 30_000 });
  try {
    const call = (knobs: Omit<StormKnobs, 'port' | 'withinMs'>) =>
      storm({ port: server.httpPort, withinMs: 120_000, ...knobs });
    const probed = async <T>(work: Promise<T>): Promise<[T, ProbeResult]> => {
      const probe = await startProbe(server.dnsPort, 'storm-0.prod.svc.');
      return [await work, await probe.stop()];
    };
    const empty = Math.round(residentBytes(server.pid) / 1e6);
    await call({ what: 'register', instances: 100, connections: 1 });
    const [, idle] = await probed(sleep(idleMs));
    const writes = await call({ what: 'register', instances: 5000, connections: 1 });
    const [registered, whileRegistering] = await probed(call({ what: 'register', instances, connections: 64 }));
    await sleep(idleMs);
    const full = Math.round(residentBytes(server.pid) / 1e6);
    const [renewed, whileRenewing] = await probed(call({ what: 'renew', instances, connections: 64, calls: 200_000 }));
    const perSecond = ({ done, tookMs }: { done: number; tookMs: number }) => Math.round((done / tookMs) * 1000);
    const ofDns = ({ medianMs, p99Ms, longestMs }: ProbeResult) => [ms(medianMs), ms(p99Ms), ms(longestMs)];
    const cells = [
      ...[threads, empty, full, ms(writes.medianMs), ms(writes.p99Ms), ms(idle.medianMs), ms(idle.p99Ms)],
      ...[perSecond(renewed), ...ofDns(whileRenewing), perSecond(registered), ...ofDns(whileRegistering)],
    ];
    return `| ${cells.join(' | ')} |`;
  } finally {
    await server.stop();
  }
}

function ms(time: number): string {
  return time.toFixed(2);
}
