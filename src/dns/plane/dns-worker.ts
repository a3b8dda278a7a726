// How many DNS threads a machine can use, and the worker that each runs in. It loads its program at once and learns with its first
// message what to do (thread.ts), so that it can be begun before that is known (app/early-workers.ts).

import { Worker } from 'node:worker_threads';

/** Each is worth some hundred thousand queries a second, and holds indexes of the registry. */
const defaultThreadsMax = 4;

/**
 * V8 would let the young generation grow to 48 MB or more while instances come, and keep it: what a thread allocates is
 * garbage at once, and three spaces of two megabytes stay in a processor's cache.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 6 };

/**
 * What a machine with so many cores can use: one core is the control plane's. A thread pays on a single core, too: the
 * system then shares it fairly between DNS and a storm of HTTP (measured: a tenth of the latency, test/bench/planes.ts).
 */
export function defaultThreads(cores: number): number {
  return Math.min(Math.max(cores - 1, 1), defaultThreadsMax);
}

export function newDnsWorker(): Worker {
  return new Worker(new URL('./thread.ts', import.meta.url), { resourceLimits });
}
