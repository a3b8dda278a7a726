// Ends a thread that hangs: one that is waited for and has applied nothing for a long time. Writes wait for it, so it would
// hold up every writer; ended, it is replaced as any other that ends. One that makes progress, however slow, is left alone:
// a large registry that was sent at once takes its time, and a new thread would begin at the beginning. Looks several
// times before it believes it, because the whole process may have been stopped meanwhile, and then a thread needs but
// a moment.

export interface WatchdogTimes {
  readonly everyMs: number;
  /** So many looks in a row must find it where it was. */
  readonly looks: number;
}

/** No message takes more than a few milliseconds; a quarter of a minute is far beyond any pause of a thread. */
const defaultTimes: WatchdogTimes = { everyMs: 3000, looks: 5 };

export interface WatchedThread {
  readonly threads: number;
  /** Whether this thread has applied what had this number, or is not waited for. */
  has(slot: number, sequence: number): boolean;
  /** How far the thread has come. */
  at(slot: number): number;
  end(slot: number): void;
}

export class Watchdog {
  readonly #watched: WatchedThread;
  readonly #times: WatchdogTimes;
  /** By slot: what it is waited for, where it was then or at the last look, and how many looks have found it there. */
  readonly #late = new Map<number, { readonly sequence: number; at: number; looks: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(watched: WatchedThread, times: WatchdogTimes = defaultTimes) {
    this.#watched = watched;
    this.#times = times;
  }

  /** What has this number is waited for. */
  expect(sequence: number): void {
    for (let slot = 0; slot < this.#watched.threads; slot++) {
      if (this.#late.has(slot) || this.#watched.has(slot, sequence)) continue;
      this.#late.set(slot, { sequence, at: this.#watched.at(slot), looks: 0 });
    }
    if (this.#late.size === 0 || this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#look(), this.#times.everyMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    for (const [slot, late] of this.#late) {
      const at = this.#watched.at(slot);
      if (at !== late.at) late.looks = 0;
      late.at = at;
      if (this.#watched.has(slot, late.sequence)) this.#late.delete(slot);
      else if (++late.looks >= this.#times.looks) {
        this.#late.delete(slot);
        this.#watched.end(slot);
      }
    }
    if (this.#late.size === 0) this.stop();
  }
}
