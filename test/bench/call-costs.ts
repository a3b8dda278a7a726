// What calls cost in a small registry and in a large one, in turn: they should cost the same.

import { storm } from '../kit/http/storm.ts';
import { cpuSeconds } from './cpu.ts';
import { type OwnServer, registerNames } from './own.ts';
import { inTurn, middleOf, ratio, shown } from './rounds.ts';
import { printTable } from './table.ts';

export interface Sized {
  readonly server: OwnServer;
  readonly instances: number;
  /** How many others come first, which are then renewed: enough that they are spread over the memory. */
  readonly fleet: number;
}

const rounds = 3;
const perApp = 10;

/** Prints calls per CPU second of either. New instances are numbered from `from` on. */
export async function printCallCosts(both: readonly [Sized, Sized], callsEach: number, from: number): Promise<void> {
  for (const { server, fleet } of both) {
    await storm({ port: server.httpPort, what: 'register', instances: fleet, connections: 64, withinMs: 120_000 });
  }
  let next = from;
  const register = async ({ server }: Sized) => {
    next += callsEach;
    await registerNames(server.httpPort, { from: next - callsEach, to: next, perApp });
  };
  const renew = async ({ server, fleet }: Sized) => {
    const knobs = { port: server.httpPort, instances: fleet, connections: 8, calls: callsEach, withinMs: 60_000 };
    const { failed } = await storm({ ...knobs, what: 'renew' });
    if (failed > 0) throw new Error(`${failed} renewals failed`);
  };
  const rows = [await costs('new instances, on the disk', register), await costs('renewals, one a call', renew)];
  const sizes = both.map(({ instances }) => `${instances} instances`);
  printTable(['calls per CPU second', ...sizes, `${sizes[0]} = 1`], rows);

  async function costs(what: string, call: (one: Sized) => Promise<void>): Promise<string[]> {
    const measure = async (one: Sized) => {
      const before = cpuSeconds(one.server.pid);
      await call(one);
      return { perCpuSecond: callsEach / (cpuSeconds(one.server.pid) - before) };
    };
    // The first time for nothing.
    for (const one of both) await call(one);
    const runs = await inTurn(both, rounds, measure);
    const [small = Number.NaN, large = Number.NaN] = both.map((one) => middleOf(runs.get(one) ?? []).perCpuSecond);
    return [what, shown(small), shown(large), ratio(large, small)];
  }
}
