// Changes on their way to the disk: kept in order, written in groups, one group at a time; what comes in while a group
// is on its way is the next one. A waiting write is answered when all that was changed before is on disk. When a group cannot be
// written the queue is failing: writes do not wait, it retries until it succeeds, and logs once at either end.
// Limits: while it fails writes are refused by the HTTP plane, so it grows by evictions alone, one an instance.

import type { Change } from '../model/change.ts';

export interface WriteQueueDeps {
  /** Resolves when they are on disk, all of them; rejects where none is. */
  commit(changes: readonly Change[]): Promise<void>;
  /** Once, when it begins to fail. */
  onTrouble(reason: string): void;
  /** Once, when all that was waiting is on disk. */
  onHealed(lastedMs: number): void;
  monotonicMs(): number;
  setTimer?(callback: () => void, ms: number): unknown;
  clearTimer?(timer: unknown): void;
}

/** Some milliseconds for either thread. */
const groupMax = 1000;
const retryMs = 1000;
/** A disk that takes longer is not one to wait for: callers have timeouts of their own. */
const stalledMs = 5000;

interface Waiter extends PromiseWithResolvers<void> {
  readonly upTo: number;
}

export class WriteQueue {
  readonly #deps: WriteQueueDeps;
  #changes: Change[] = [];
  #pushed = 0;
  #done = 0;
  #isSending = false;
  #waiters: Waiter[] = [];
  #failing: { readonly reason: string; readonly sinceMs: number } | undefined;
  #isStopped = false;
  /** Who stops waits for this: all is on disk, or it cannot be. */
  #ending: PromiseWithResolvers<void> | undefined;
  commits = 0;
  commitMs = 0;

  constructor(deps: WriteQueueDeps) {
    this.#deps = deps;
  }

  /** Why nothing can be written at present; undefined: it can. */
  get trouble(): string | undefined {
    return this.#failing?.reason;
  }

  /** Changes that are on disk. */
  get written(): number {
    return this.#done;
  }

  /** Not on disk yet, oldest first. */
  get pending(): readonly Change[] {
    return this.#changes;
  }

  push(change: Change): void {
    this.#changes.push(change);
    this.#pushed++;
    if (this.#isSending || this.#failing !== undefined) return;
    this.#isSending = true;
    // What else this turn of the event loop brings is in the same group.
    setImmediate(() => this.#send());
  }

  /** Resolves when every change so far is on disk; rejects when it cannot be known that it will be. */
  durable(): Promise<void> {
    if (this.#done === this.#pushed) return Promise.resolve();
    if (this.#failing !== undefined) return Promise.reject(new Error(this.#failing.reason));
    const last = this.#waiters.at(-1);
    if (last?.upTo === this.#pushed) return last.promise;
    const waiter = { ...Promise.withResolvers<void>(), upTo: this.#pushed };
    // Who asked may have gone.
    waiter.promise.catch(() => {});
    this.#waiters.push(waiter);
    return waiter.promise;
  }

  /** Nothing could be written, it was found out: fails until a write, of nothing if nothing waits, succeeds. */
  fail(reason: string): void {
    if (this.#isSending || this.#failing !== undefined || this.#isStopped) return;
    this.#fail(reason);
    this.#timer(() => this.#send(), retryMs);
  }

  /** Writes what is left, with one more try if it is failing; then nothing more is sent. Returns how many changes are not on disk. */
  async stop(): Promise<number> {
    if (this.#failing !== undefined && !this.#isSending) this.#send();
    if (this.#isSending) {
      this.#ending = Promise.withResolvers();
      await this.#ending.promise;
    }
    this.#isStopped = true;
    return this.#changes.length;
  }

  #send(): void {
    if (this.#isStopped) return;
    this.#isSending = true;
    const group = this.#changes.slice(0, groupMax);
    const sentMs = this.#deps.monotonicMs();
    const stalled = this.#timer(() => this.#fail(`the disk has not answered for ${stalledMs / 1000} s`), stalledMs);
    const settled = () => {
      this.#isSending = false;
      (this.#deps.clearTimer ?? clearTimeout)(stalled as NodeJS.Timeout);
      this.commits++;
      this.commitMs += this.#deps.monotonicMs() - sentMs;
    };
    this.#deps.commit(group).then(
      () => {
        settled();
        this.#took(group.length);
      },
      (error: unknown) => {
        settled();
        this.#fail((error as Error).message);
        this.#timer(() => this.#send(), retryMs);
      },
    );
  }

  #took(count: number): void {
    this.#changes.splice(0, count);
    this.#done += count;
    while ((this.#waiters[0]?.upTo ?? Number.POSITIVE_INFINITY) <= this.#done) this.#waiters.shift()?.resolve();
    if (this.#changes.length > 0) {
      this.#send();
      return;
    }
    this.#ending?.resolve();
    if (this.#failing !== undefined) {
      const { sinceMs } = this.#failing;
      this.#failing = undefined;
      this.#deps.onHealed(this.#deps.monotonicMs() - sinceMs);
    }
  }

  #fail(reason: string): void {
    const waiters = this.#waiters.splice(0);
    const isFirst = this.#failing === undefined;
    this.#failing = { reason, sinceMs: this.#failing?.sinceMs ?? this.#deps.monotonicMs() };
    for (const { reject } of waiters) reject(new Error(reason));
    this.#ending?.resolve();
    if (isFirst) this.#deps.onTrouble(reason);
  }

  #timer(callback: () => void, ms: number): unknown {
    return (this.#deps.setTimer ?? setTimeout)(callback, ms);
  }
}
