// How long DNS questions wait at most while the control plane works. The machine delays them, too, so Knot, which none of
// the work concerns, is asked the same at the same time.

import { askedDuring } from './dnsperf.ts';
import { shown } from './rounds.ts';
import type { Server } from './started.ts';
import { printTable } from './table.ts';

/** Enough to meet every pause, too few to slow the work down. */
const perSecond = 200;

export class Pauses {
  readonly #knot: Server | undefined;
  readonly #questions: string;
  readonly #rows: string[][] = [];

  constructor(knot: Server | undefined, questions: string) {
    this.#knot = knot;
    this.#questions = questions;
  }

  /** Milliseconds that the work took. */
  async during(what: string, server: Server, work: () => Promise<unknown>): Promise<number> {
    const servers = this.#knot === undefined ? [server] : [server, this.#knot];
    let tookMs = 0;
    const [its, knots] = await askedDuring(servers, this.#questions, perSecond, async () => {
      const startedMs = performance.now();
      await work();
      tookMs = performance.now() - startedMs;
    });
    const cells = [its?.longestMs, its?.p99Ms, knots?.longestMs, knots?.p99Ms];
    this.#rows.push([
      what,
      shown(tookMs / 1000, 1),
      ...cells.map((ms) => shown(ms ?? Number.NaN, 1)),
      shown(its?.lost ?? Number.NaN),
    ]);
    return tookMs;
  }

  print(title: string): void {
    const times = ['longest ms', 'p99 ms', 'Knot longest ms', 'Knot p99 ms'];
    printTable([title, 's', ...times, 'lost'], this.#rows);
  }
}
