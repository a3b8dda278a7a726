// The clock of the whole process: time that does not pass while the process itself is paused (SIGSTOP, a suspended VM).
// Every part gets this clock, none the one behind it; DNS threads read it in shared memory.

import type { Logger } from 'pino';
import type { Clock } from '../runtime/clock.ts';
import { type Pause, PauseAwareClock, tickMs } from '../runtime/pause-aware-clock.ts';
import { ClockSharing } from '../runtime/shared-clock.ts';

export interface ProcessClock {
  readonly clock: Clock;
  readonly memory: SharedArrayBuffer;
  /** Noticed so far. */
  readonly pauses: { readonly count: number; readonly ms: number };
  stop(): void;
}

export function startClock(ownClock: Clock, logger: Logger): ProcessClock {
  const pauses = { count: 0, ms: 0 };
  const sharing = new ClockSharing(ownClock.monotonicMs());
  const onPause = ({ kind, pausedMs }: Pause): void => {
    pauses.count++;
    pauses.ms += pausedMs;
    logger.warn({ pause: kind, pausedMs: Math.round(pausedMs) }, 'this process was paused: no lease ran meanwhile');
  };
  const clock = new PauseAwareClock(ownClock, onPause, sharing);
  const ticking = setInterval(() => clock.tick(), tickMs);
  ticking.unref();
  return { clock, memory: sharing.memory, pauses, stop: () => clearInterval(ticking) };
}

/** The process's own time. Steps of the wall clock do not touch the monotonic time that leases count on. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};
