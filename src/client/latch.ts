// A latch: opens once, or fails for good, and lets callers wait for either, for a time or until their signal aborts. A
// wait keeps the process alive, so that a program whose first step it is does not end in the middle of it.

import type { Scheduler } from '../runtime/scheduler.ts';
import { RollcallError } from './rollcall-error.ts';

export interface WaitOptions {
  /** Milliseconds; 30 000 by default. Then the wait ends with the error `timeout`. */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const timeoutMsDefault = 30_000;

export class Latch {
  readonly #scheduler: Scheduler;
  readonly #waiting = new Set<() => void>();
  #outcome: 'open' | { readonly error: RollcallError } | undefined;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get isOpen(): boolean {
    return this.#outcome === 'open';
  }

  open(): void {
    this.#settle('open');
  }

  fail(error: RollcallError): void {
    this.#settle({ error });
  }

  /** Rejects with the signal's reason or a RollcallError; `timeoutText` is the message of a `timeout`. */
  wait({ signal, timeoutMs = timeoutMsDefault }: WaitOptions, timeoutText: () => string): Promise<void> {
    signal?.throwIfAborted();
    if (this.#outcome !== undefined) return this.#result();
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        cancelTimer();
        this.#waiting.delete(settled);
        signal?.removeEventListener('abort', aborted);
        settle();
      };
      const settled = (): void => end(() => void this.#result().then(resolve, reject));
      const aborted = (): void => end(() => reject(signal?.reason as Error));
      const late = (): void =>
        end(() => reject(new RollcallError('timeout', `${timeoutText()} (after ${timeoutMs} ms)`)));
      const cancelTimer = this.#scheduler.after(timeoutMs, late, true);
      this.#waiting.add(settled);
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  /** Resolves when it has opened or failed; never rejects, and does not keep the process alive. */
  settled(): Promise<void> {
    if (this.#outcome !== undefined) return Promise.resolve();
    return new Promise((resolve) => void this.#waiting.add(resolve));
  }

  #settle(outcome: 'open' | { readonly error: RollcallError }): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    for (const settled of [...this.#waiting]) settled();
  }

  #result(): Promise<void> {
    return typeof this.#outcome === 'object' ? Promise.reject(this.#outcome.error) : Promise.resolve();
  }
}
