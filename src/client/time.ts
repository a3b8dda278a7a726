// Time as the client sees it, handed in so that tests can say "91 s pass". Timers do not hold the process, unless
// somebody waits for what they end: a program that has nothing else to do may end while the client only watches.

export interface Time {
  /** Never goes back. */
  monotonicMs(): number;
  /** Calls `run` once after `ms`; returns the way to take it back. `holds`: the process stays for it. */
  after(ms: number, run: () => void, holds?: boolean): () => void;
}

/** Node's longest timer; a longer one would fire at once. */
const timerMsMax = 2 ** 31 - 1;

export const systemTime: Time = {
  monotonicMs: () => performance.now(),
  after(ms, run, holds = false) {
    const timer = setTimeout(run, Math.min(Math.max(ms, 0), timerMsMax));
    if (!holds) timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves when the time has passed, or at once when the signal is aborted: ask the signal. */
export function pause(time: Time, ms: number, signal: AbortSignal, holds = false): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      takeBack();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const takeBack = time.after(ms, end, holds);
    signal.addEventListener('abort', end, { once: true });
  });
}
