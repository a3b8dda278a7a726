// How long HTTP calls took, as a Prometheus histogram by kind of call. Observed once a request, so it is an addition to a
// few numbers; the library's own histogram hashes its labels each time. The page is written here, too, since the library
// takes no buckets that were counted elsewhere.
// Limits: the upper bounds are fixed; the last one is above what the server lets a call take before it sheds load.

import { type CallKind, callKinds } from '../model/call-kind.ts';

/** Seconds, inclusive. */
const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

class Buckets {
  /** By bound; beyond the last bound in a place of its own. */
  readonly counts = new Float64Array(bounds.length + 1);
  sum = 0;
}

export class Latencies {
  readonly #of: Readonly<Record<CallKind, Buckets>> = {
    renewal: new Buckets(),
    write: new Buckets(),
    read: new Buckets(),
  };

  took(kind: CallKind, seconds: number): void {
    const { counts } = this.#of[kind];
    let bucket = 0;
    while (bucket < bounds.length && seconds > (bounds[bucket] as number)) bucket++;
    counts[bucket] = (counts[bucket] as number) + 1;
    this.#of[kind].sum += seconds;
  }

  /** The metric in the text format, with help and type. */
  text(name: string, help: string): string {
    const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
    for (const kind of callKinds) {
      const { counts, sum } = this.#of[kind];
      let count = 0;
      for (const [bucket, own] of counts.entries()) {
        count += own;
        lines.push(`${name}_bucket{kind="${kind}",le="${bounds[bucket] ?? '+Inf'}"} ${count}`);
      }
      lines.push(`${name}_sum{kind="${kind}"} ${sum}`, `${name}_count{kind="${kind}"} ${count}`);
    }
    return `${lines.join('\n')}\n`;
  }
}
