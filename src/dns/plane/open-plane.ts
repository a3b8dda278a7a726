// Opens the data plane: in threads, as many as the machine can use, or in this one.

import type { ListenFailure } from '../../model/listen.ts';
import { openLocalPlane } from './local-plane.ts';
import type { Plane, PlaneOptions } from './plane.ts';
import { openThreadedPlane } from './threaded-plane.ts';

/** Each is worth some hundred thousand queries a second, and holds a copy of the registry. */
const defaultThreadsMax = 4;

/**
 * What a machine with so many cores can use: one core is the control plane's. A thread pays on a single core, too: the
 * system then shares it fairly between DNS and a storm of HTTP (measured: a tenth of the latency, test/bench/planes.ts).
 */
export function defaultThreads(cores: number): number {
  return Math.min(Math.max(cores - 1, 1), defaultThreadsMax);
}

/** Opens all sockets; not a query is answered with data before `ready`. */
export function openPlane(options: PlaneOptions): Promise<Plane | ListenFailure> {
  return options.threads === 0 ? openLocalPlane(options) : openThreadedPlane(options);
}
