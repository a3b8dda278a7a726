// dnsperf (DNS-OARC) as the measuring client: how much a server answers at full load and what that costs it in CPU time,
// and how long answers take at a load that it bears easily.

import { quantile } from '../kit/http/storm.ts';
import { installed } from '../kit/process/installed.ts';
import { run, start } from '../kit/process/program.ts';
import { cpuSeconds } from './cpu.ts';
import type { Server } from './started.ts';

export type Mode = 'udp' | 'tcp';

export interface Load {
  readonly perCpuSecond: number;
  readonly perSecond: number;
  readonly lost: number;
}

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly longestMs: number;
  readonly lost: number;
}

/** A question without an answer is given up after so long, and counts as lost. */
const patienceSeconds = 2;
const onceMaxSeconds = 20;

/** Ends this process, with a sentence, where it is not installed: then there is nothing to measure with. */
export function requireDnsperf(): void {
  if (installed('dnsperf')) return;
  console.log('dnsperf is not installed: nothing was measured\n');
  process.exit(0);
}

/** As much as it can, for so long. */
export function fullLoad(server: Server, questions: string, seconds: number, mode: Mode = 'udp'): Promise<Load> {
  return loadOf(server, ['-d', questions, '-m', mode, '-l', `${seconds}`]);
}

/** As much as it can, each question of the file once, or those that it can within some seconds. */
export function eachOnce(server: Server, questions: string, mode: Mode = 'udp'): Promise<Load> {
  return loadOf(server, ['-d', questions, '-m', mode, '-n', '1', '-l', `${onceMaxSeconds}`]);
}

async function loadOf(server: Server, args: readonly string[]): Promise<Load> {
  const before = cpuSeconds(server.pid);
  const { out } = await run('dnsperf', [...fixed(server), '-q', '200', ...args], { withinMs: 120_000 });
  const used = cpuSeconds(server.pid) - before;
  const completed = numberAfter(out, 'Queries completed:');
  return { perCpuSecond: completed / used, perSecond: numberAfter(out, 'Queries per second:'), lost: lostIn(out) };
}

/** So many questions a second to each of the servers at the same time, while the work is done. */
export async function askedDuring(
  servers: readonly Server[],
  questions: string,
  perSecond: number,
  work: () => Promise<unknown>,
  mode: Mode = 'udp',
): Promise<Latency[]> {
  const args = ['-d', questions, '-m', mode, '-Q', `${perSecond}`, '-v', '-l', '3600'];
  const clients = servers.map((server) => start('dnsperf', [...fixed(server), ...args]));
  await work();
  // It prints its results at SIGINT.
  const ends = await Promise.all(clients.map((client) => client.stop('SIGINT')));
  return ends.map(({ out }) => latencyIn(out));
}

function latencyIn(out: string): Latency {
  const tookMs = [...out.matchAll(/^> \S+ \S+ \S+ ([0-9.]+)$/gm)].map(([, text]) => 1000 * Number(text));
  tookMs.sort((a, b) => a - b);
  const at = (share: number) => (tookMs.length === 0 ? Number.NaN : quantile(tookMs, share));
  return { p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999), longestMs: at(1), lost: lostIn(out) };
}

function fixed({ port }: Server): string[] {
  return ['-s', '127.0.0.1', '-p', `${port}`, '-t', `${patienceSeconds}`, '-c', '4'];
}

function lostIn(out: string): number {
  return numberAfter(out, 'Queries lost:');
}

function numberAfter(out: string, label: string): number {
  const at = out.indexOf(label);
  return at < 0 ? Number.NaN : Number.parseFloat(out.slice(at + label.length));
}
