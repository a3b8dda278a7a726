// The clock of the leases, the same in every thread. `performance.now()` begins anew in each of them; what they have in
// common is the system's monotonic time. So the main thread writes down how far its lease clock is from that, and threads
// add it to what they read.
// The lease clock does not count the time in which the main thread was stopped (it alone notices: a DNS thread may be idle
// for as long as no query comes). A thread that wakes up before the main thread has noticed would be ahead by the whole pause,
// so it also reads what the main thread read last, and goes no further than `aheadMsMax` beyond it: the pause that is
// not noticed as one. Its own time never goes back. In whatever order it sees the two numbers, it is ahead by no more.
// Limits: the numbers are doubles that are read and written without a lock; on machines of 64 bits that is one access.

/** The main thread reads its clock four times as often, at least; a longer silence of it is a pause. */
const aheadMsMax = 1000;

const shiftAt = 0;
const readAt = 1;

/** Milliseconds of the system's monotonic clock. */
function systemMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The main thread's side. */
export class ClockSharing {
  readonly memory = new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT);
  readonly #numbers = new Float64Array(this.memory);

  /** `monotonicMs`: the lease clock's time now. */
  constructor(monotonicMs: number) {
    this.#numbers[readAt] = monotonicMs;
    this.#numbers[shiftAt] = monotonicMs - systemMs();
  }

  /** The lease clock was read. Hot: called at every reading. */
  read(monotonicMs: number): void {
    this.#numbers[readAt] = monotonicMs;
  }

  /** The lease clock was moved, and not by time. To be called before its new time is used. */
  moved(byMs: number): void {
    this.#numbers[shiftAt] = (this.#numbers[shiftAt] as number) + byMs;
  }
}

/** The lease clock as this thread reads it, in monotonic milliseconds. `ownMs`: this thread's monotonic time. */
export function sharedClock(memory: SharedArrayBuffer, ownMs = (): number => performance.now()): () => number {
  const numbers = new Float64Array(memory);
  // Constant while the thread lives.
  const ownToSystemMs = systemMs() - ownMs();
  let lastMs = Number.NEGATIVE_INFINITY;
  return () => {
    const unpausedMs = ownMs() + ownToSystemMs + (numbers[shiftAt] as number);
    lastMs = Math.max(lastMs, Math.min(unpausedMs, (numbers[readAt] as number) + aheadMsMax));
    return lastMs;
  };
}
