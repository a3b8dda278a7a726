// The process's own time. Monotonic time is what leases count on: steps of the wall clock do not touch it.

import type { Clock } from './clock.ts';

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};
