// Time for leases that does not pass while this process is stopped (SIGSTOP, a long garbage collection, a machine that
// swaps): the clients' heartbeats could not reach it, so missed renewals are not the clients' fault. A reader of the time
// first after a pause finds it out, be it a timer, a query or the tick: two readings lie further apart than the ticks
// allow, and the gap is taken off, so that all leases and TTLs go on where they were. A suspended virtual machine
// stops the monotonic clock as well: only the wall clock has moved on then. The same is seen when the wall clock is set by hand
// clock, so it gives the time of a heartbeat (`resumedMs`) and nothing else, and not again and again.
// Limits: pauses of up to `pauseMs` are not seen; leases then run on.

import type { Clock } from './clock.ts';

/** Far above what a busy event loop takes, far below the shortest lease (5 s) and its heartbeats. */
const pauseMs = 1000;
export const tickMs = 250;
/** Other threads that follow this clock. Both are called within a read of the time. */
export interface ClockFollower {
  /** The time now. Hot. */
  read(monotonicMs: number): void;
  /** The time was moved ahead by so much. */
  moved(byMs: number): void;
}

/** A wall clock that jumps about must not keep an instance for ever. */
const jumpsApartMs = 600_000;

export interface Pause {
  /** `stopped`: this process did not run. `jumped`: the wall clock went ahead, as it does when a machine was suspended. */
  readonly kind: 'stopped' | 'jumped';
  readonly pausedMs: number;
}

export class PauseAwareClock implements Clock {
  readonly #raw: Clock;
  readonly #onPause: (pause: Pause) => void;
  #lastMs: number;
  /** Raw milliseconds that did not count. */
  #missedMs = 0;
  /** Wall-clock time less monotonic time. */
  #wallOffsetMs: number;
  #resumedMs: number | undefined;
  #jumpedMs = Number.NEGATIVE_INFINITY;
  readonly #follower: ClockFollower | undefined;

  /** `onPause` is called within a read of the time: it must not wait, and not read this clock. */
  constructor(raw: Clock, onPause: (pause: Pause) => void, follower?: ClockFollower) {
    this.#raw = raw;
    this.#follower = follower;
    this.#onPause = onPause;
    this.#lastMs = raw.monotonicMs();
    this.#wallOffsetMs = raw.wallMs() - this.#lastMs;
  }

  monotonicMs(): number {
    const rawMs = this.#raw.monotonicMs();
    if (rawMs - this.#lastMs > pauseMs) this.#stopped(rawMs);
    this.#lastMs = rawMs;
    const nowMs = rawMs - this.#missedMs;
    this.#follower?.read(nowMs);
    return nowMs;
  }

  wallMs(): number {
    return this.#raw.wallMs();
  }

  resumedMs(): number | undefined {
    const nowMs = this.monotonicMs();
    const offsetMs = this.#raw.wallMs() - this.#lastMs;
    const jumpMs = offsetMs - this.#wallOffsetMs;
    if (Math.abs(jumpMs) <= pauseMs) return this.#resumedMs;
    this.#wallOffsetMs = offsetMs;
    if (jumpMs > 0 && nowMs - this.#jumpedMs >= jumpsApartMs) {
      this.#jumpedMs = nowMs;
      this.#resumedMs = nowMs;
      this.#onPause({ kind: 'jumped', pausedMs: jumpMs });
    }
    return this.#resumedMs;
  }

  /** To be called every `tickMs`, so that time without a read is not taken for a pause. */
  tick(): void {
    this.resumedMs();
  }

  #stopped(rawMs: number): void {
    const pausedMs = rawMs - this.#lastMs;
    this.#missedMs += pausedMs;
    this.#follower?.moved(-pausedMs);
    this.#resumedMs = rawMs - this.#missedMs;
    this.#onPause({ kind: 'stopped', pausedMs });
  }
}
