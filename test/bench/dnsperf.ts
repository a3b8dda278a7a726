// dnsperf (DNS-OARC) as the measuring client: how much a server answers at full load and what that costs it in CPU time,
// and how long answers take at a load that it bears easily.

import { spawnSync } from 'node:child_process';
import { quantile } from '../kit/storm.ts';
import { cpuSeconds } from './cpu.ts';
import type { Server } from './started.ts';

export interface Load {
  readonly perCpuSecond: number;
  readonly perSecond: number;
  readonly lost: number;
}

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly lost: number;
}

/** As much as it can. */
export function fullLoad(server: Server, queries: string, seconds: number, mode: 'udp' | 'tcp' = 'udp'): Load {
  const before = cpuSeconds(server.pid);
  const out = dnsperf(server, queries, ['-m', mode, '-l', `${seconds}`, '-c', '4', '-q', '200']);
  const used = cpuSeconds(server.pid) - before;
  const completed = numberAfter(out, 'Queries completed:');
  return { perCpuSecond: completed / used, perSecond: numberAfter(out, 'Queries per second:'), lost: lostIn(out) };
}

/** At a fixed rate, far from the limit: dnsperf then says how long each answer took. */
export function latency(server: Server, queries: string, seconds: number, perSecond: number): Latency {
  const out = dnsperf(server, queries, ['-l', `${seconds}`, '-c', '4', '-Q', `${perSecond}`, '-v']);
  const tookMs = [...out.matchAll(/^> \S+ \S+ \S+ ([0-9.]+)$/gm)].map(([, text]) => 1000 * Number(text));
  tookMs.sort((a, b) => a - b);
  const at = (share: number) => quantile(tookMs, share);
  return { p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999), lost: lostIn(out) };
}

function dnsperf({ port }: Server, queries: string, args: readonly string[]): string {
  const fixed = ['-s', '127.0.0.1', '-p', `${port}`, '-d', queries, '-t', '2'];
  return spawnSync('dnsperf', [...fixed, ...args], { encoding: 'utf8', maxBuffer: 1024 ** 3 }).stdout;
}

function lostIn(out: string): number {
  return numberAfter(out, 'Queries lost:');
}

function numberAfter(out: string, label: string): number {
  const at = out.indexOf(label);
  return at < 0 ? Number.NaN : Number.parseFloat(out.slice(at + label.length));
}
