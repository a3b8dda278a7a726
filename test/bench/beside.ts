// An honest client beside a load: how long its DNS questions take by rollcall and, at the same time, by Knot, which the load does
// not concern. Client, load and servers share the cores, so every program waits for its turn where they are busy: what Knot's
// client meets is the machine's share, and what rollcall's meets beyond it is rollcall's own.

import { setTimeout as sleep } from 'node:timers/promises';
import { type ProbeResult, startProbe } from '../kit/dns/dns-probe.ts';
import { middleOf } from './rounds.ts';
import { printTable } from './table.ts';

/** Whom the honest client asks for what. */
export interface Asked {
  readonly port: number;
  readonly name: string;
}

export interface Load {
  readonly what: string;
  /** Begins it; ends with how much was done a second. Undefined: there is none, and the other loads are compared with this one. */
  readonly begin?: ((seconds: number) => Promise<number>) | undefined;
}

interface Measured {
  readonly done: number;
  /** By the server that was asked. */
  readonly dns: readonly ProbeResult[];
}

/** Until a load is at its rate, and after it. */
const edgeMs = 1000;

/**
 * Each load so many seconds a round, in turn, so that what else the machine does meets all of them; printed is the middle
 * of the rounds. `asked`: rollcall, and Knot where it is installed.
 */
export async function measureBeside(
  asked: readonly Asked[],
  loads: readonly Load[],
  { seconds, rounds, head }: { readonly seconds: number; readonly rounds: number; readonly head: string },
): Promise<void> {
  // The first time for nothing.
  await measure(asked, undefined, 1);
  const runs = new Map<string, Measured[]>(loads.map(({ what }) => [what, []]));
  for (let round = 0; round < rounds; round++)
    for (const { what, begin } of loads) runs.get(what)?.push(await measure(asked, begin, seconds));
  const ofKnot = ["Knot's p50", 'p99', 'p99, nothing = 1', "rollcall's p99, Knot's = 1"];
  const own = ['DNS p50 ms', 'p99', 'longest', 'p99, nothing = 1', 'lost'];
  const idle = runs.get(loads.find(({ begin }) => begin === undefined)?.what ?? '') ?? [];
  printTable(
    [head, 'done a second', ...own, ...(asked.length === 1 ? [] : ofKnot)],
    [...runs].map(([what, measured]) => [what, ...cellsOf(measured, idle)]),
  );
}

async function measure(asked: readonly Asked[], begin: Load['begin'], seconds: number): Promise<Measured> {
  const load = begin?.(seconds + (2 * edgeMs) / 1000);
  await sleep(edgeMs);
  const probes = await Promise.all(asked.map(({ port, name }) => startProbe(port, name)));
  await sleep(1000 * seconds);
  const dns = await Promise.all(probes.map((probe) => probe.stop()));
  return { done: (await load) ?? 0, dns };
}

function cellsOf(measured: readonly Measured[], idle: readonly Measured[]): string[] {
  const times = (server: number): string[] => {
    const p99 = (one: Measured): number => one.dns[server]?.p99Ms ?? Number.NaN;
    const cells = [middle(measured, ({ dns }) => dns[server]?.medianMs ?? Number.NaN), middle(measured, p99)];
    if (server === 0) cells.push(middle(measured, ({ dns }) => dns[server]?.longestMs ?? Number.NaN));
    return [...cells, middle(measured, p99) / middle(idle, p99)].map((value) => value.toFixed(2));
  };
  const lost = measured.reduce((sum, { dns }) => sum + (dns[0]?.lost ?? 0), 0);
  const cells = [middle(measured, ({ done }) => done).toFixed(0), ...times(0), String(lost)];
  if (measured[0]?.dns.length !== 2) return cells;
  const toKnot = ({ dns: [own, knot] }: Measured) => (own?.p99Ms ?? Number.NaN) / (knot?.p99Ms ?? Number.NaN);
  return [...cells, ...times(1), middle(measured, toKnot).toFixed(2)];
}

function middle(measured: readonly Measured[], of: (one: Measured) => number): number {
  return middleOf(measured.map((one) => ({ value: of(one) }))).value;
}
