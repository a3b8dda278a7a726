// Requests over gRPC, by type and result. Unknown types count as one, so that no caller makes up labels.
// Limits: two numbers for each type that is answered here.

import type { NacosGrpcCounts } from '../../../../model/nacos-grpc-counts.ts';

export class RequestCounts {
  readonly #known: ReadonlySet<string>;
  readonly #done = new Map<string, number>();
  readonly #refused = new Map<string, number>();

  constructor(known: readonly string[]) {
    this.#known = new Set(known);
  }

  add(type: string, isRefused: boolean): void {
    const counts = isRefused ? this.#refused : this.#done;
    const shown = this.#known.has(type) ? type : 'other';
    counts.set(shown, (counts.get(shown) ?? 0) + 1);
  }

  *all(): ReturnType<NacosGrpcCounts['requests']> {
    for (const [type, count] of this.#done) yield { type, result: 'done', count };
    for (const [type, count] of this.#refused) yield { type, result: 'refused', count };
  }
}
