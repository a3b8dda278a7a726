// When a file that changes is to be read: not at the first sign of it, since writing takes time, but once it has been
// quiet for a while. A file put in place by a rename is whole at once; one that is written in place is whole
// when its writer is done, which is not reported, so it has to be quiet for longer. Either way it is served within a
// second of its last change.
// Limits: a file that is never quiet is read after the longest wait; what is then half of it is refused or, where half
// of it is a zone, served.

/** How a file changed: another was put in its place, or it was written to (or it is not known). */
export type Touch = 'replaced' | 'written';

export interface SettlingTimes {
  readonly quietMs: number;
  /** Counted from the first change. */
  readonly latestMs: number;
}

export const settlingTimes: Readonly<Record<Touch, SettlingTimes>> = {
  /** Editors rename twice; a deployment may rename again and again, and each state of it is whole. */
  replaced: { quietMs: 100, latestMs: 700 },
  /** Between two writes of one writer; a copy over a slow line may take long, and half of it is worth nothing. */
  written: { quietMs: 500, latestMs: 10_000 },
};

interface Unsettled {
  readonly firstMs: number;
  timer: NodeJS.Timeout | undefined;
}

export class Settling {
  readonly #onQuiet: (path: string) => void;
  readonly #times: Readonly<Record<Touch, SettlingTimes>>;
  readonly #unsettled = new Map<string, Unsettled>();

  constructor(onQuiet: (path: string) => void, times = settlingTimes) {
    this.#onQuiet = onQuiet;
    this.#times = times;
  }

  has(path: string): boolean {
    return this.#unsettled.has(path);
  }

  /** Notes a change. */
  touch(path: string, touch: Touch): void {
    const nowMs = performance.now();
    const known = this.#unsettled.get(path);
    const entry = known ?? { firstMs: nowMs, timer: undefined };
    if (known === undefined) this.#unsettled.set(path, entry);
    // The last one counts: a new file is made first and then written to; one that was renamed here is whole.
    const { quietMs, latestMs } = this.#times[touch];
    clearTimeout(entry.timer);
    entry.timer = setTimeout(
      () => this.#settle(path),
      Math.max(0, Math.min(quietMs, entry.firstMs + latestMs - nowMs)),
    );
    entry.timer.unref();
  }

  close(): void {
    for (const { timer } of this.#unsettled.values()) clearTimeout(timer);
    this.#unsettled.clear();
  }

  #settle(path: string): void {
    this.#unsettled.delete(path);
    this.#onQuiet(path);
  }
}
