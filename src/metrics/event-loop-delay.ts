// How late the event loop runs its timers: the first sign of a server that is too busy. Measured all the time, told
// for the time since the last scrape. Limits: it sees delays from 10 ms on, the resolution of its own timer.

import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 10;

export interface EventLoopDelay {
  /** Seconds by `quantile`: 0.5, 0.99 and 1 (the longest), since the last call. */
  take(): ReadonlyMap<string, number>;
  stop(): void;
}

/** Begins to measure. */
export function measureEventLoopDelay(): EventLoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  // Nanoseconds between two runs of the timer, which is due every `resolutionMs`.
  const lateSeconds = (ns: number) => Math.max(0, ns / 1e9 - resolutionMs / 1000);
  return {
    take() {
      const delays: readonly [string, number][] =
        histogram.count === 0
          ? []
          : [
              ['0.5', lateSeconds(histogram.percentile(50))],
              ['0.99', lateSeconds(histogram.percentile(99))],
              ['1', lateSeconds(histogram.max)],
            ];
      histogram.reset();
      return new Map(delays);
    },
    stop: () => void histogram.disable(),
  };
}
