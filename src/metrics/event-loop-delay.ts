// How long the event loop was held by what it ran between two looks at its sockets and timers: the first sign of a server
// that is too busy. Node counts each turn of the loop, with a timer of its own or anything else that would wake an idle
// process (Node 26.5 and later; before, a timer has to be late for it). It covers the time since the last scrape.
// Limits: the turn in which it begins, with the wait for sockets in it, is dropped.

import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Of the timer, where there has to be one: 20 wake-ups a second are a thousandth of a core. */
const resolutionMs = 50;

export interface EventLoopDelay {
  /** Seconds by `quantile`: 0.5, 0.99 and 1 (the longest), since the last call. */
  take(): ReadonlyMap<string, number>;
  stop(): void;
}

/** Begins to measure. */
export function measureEventLoopDelay(): EventLoopDelay {
  const histogram = monitorEventLoopDelay({ samplePerIteration: true, resolution: resolutionMs });
  histogram.enable();
  setImmediate(() => setImmediate(() => histogram.reset()));
  // Of a timer, nanoseconds between two runs, which are due every `resolutionMs`.
  const dueSeconds = countsTurns(process.versions.node) ? 0 : resolutionMs / 1000;
  const lateSeconds = (ns: number) => Math.max(0, ns / 1e9 - dueSeconds);
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

/** Whether this version of Node knows `samplePerIteration`. */
function countsTurns(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 26 || (major === 26 && minor >= 5);
}
