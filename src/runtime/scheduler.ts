// Time as code that waits sees it: a clock, a timer and the next turn of the event loop, handed in so that a test can
// move them. Timers do not keep the process alive unless asked to: a program whose other work is done may end although
// something here would still be due.

export interface Scheduler {
  /** Monotonic milliseconds from an arbitrary start. */
  nowMs(): number;
  /** Calls `run` once after `ms`; returns its cancellation. `keepsProcess`: the process does not end before (default: no). */
  after(ms: number, run: () => void, keepsProcess?: boolean): () => void;
  /** Calls `run` in the next turn of the event loop, after the I/O that is due. */
  nextTurn(run: () => void): void;
}

/** The longest timer of Node; a longer one would fire at once. */
const timerMsMax = 2 ** 31 - 1;

export const systemScheduler: Scheduler = {
  nowMs: () => performance.now(),
  after(ms, run, keepsProcess = false) {
    const timer = setTimeout(run, Math.min(Math.max(ms, 0), timerMsMax));
    if (!keepsProcess) timer.unref();
    return () => clearTimeout(timer);
  },
  nextTurn: (run) => void setImmediate(run),
};

/** Resolves after `ms`, or at once when the signal aborts: the caller looks at the signal. Never rejects. */
export function pause(scheduler: Scheduler, ms: number, signal: AbortSignal, keepsProcess = false): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      cancelTimer();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancelTimer = scheduler.after(ms, end, keepsProcess);
    signal.addEventListener('abort', end, { once: true });
  });
}

/** A signal that aborts with `signal`, or after `ms` with `reason`. `clear` once it is not needed any more. */
export function deadline(
  scheduler: Scheduler,
  ms: number,
  reason: string,
  signal?: AbortSignal,
): { readonly signal: AbortSignal; clear(): void } {
  const over = new AbortController();
  const clear = scheduler.after(ms, () => over.abort(new Error(reason)));
  return { signal: signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]), clear };
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
