// How long etcd takes for a transaction, and how many swaps go in one: the engine as the publisher uses it, measured. What
// the cluster cannot write is not a time.

import type { Clock } from '../../runtime/clock.ts';
import { Histogram } from '../../runtime/histogram.ts';
import { type Engine, isFault } from '../engine.ts';

export const secondsBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
const sizeBounds = [1, 2, 5, 10, 20, 50, 100] as const;

export class MeasuredEngine implements Pick<Engine, 'swap'> {
  readonly #engine: Pick<Engine, 'swap'>;
  readonly #clock: Clock;
  readonly commitSeconds = new Histogram(secondsBounds);
  readonly groupSizes = new Histogram(sizeBounds);

  constructor(engine: Pick<Engine, 'swap'>, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  swap: Engine['swap'] = async (group, withinMs) => {
    const sentMs = this.#clock.monotonicMs();
    const reply = await this.#engine.swap(group, withinMs);
    if (!isFault(reply)) {
      this.commitSeconds.observe((this.#clock.monotonicMs() - sentMs) / 1000);
      this.groupSizes.observe(group.swaps.length);
    }
    return reply;
  };
}
