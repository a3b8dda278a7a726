// Waiting for something that others make happen: until it has, until it never will, for a time, or until the caller has
// had enough. A wait holds the process, so that a program whose first step it is does not end in it.

import { RollcallError } from './rollcall-error.ts';
import type { Time } from './time.ts';

export interface WaitOptions {
  readonly signal?: AbortSignal;
  /** 30 s by default; then the wait ends with the error `late`. */
  readonly withinMs?: number;
}

const withinMsDefault = 30_000;

/** Something that happens once: it is done, or has failed for good. */
export class Happening {
  readonly #time: Time;
  readonly #waiting = new Set<() => void>();
  #outcome: 'done' | { readonly error: RollcallError } | undefined;

  constructor(time: Time) {
    this.#time = time;
  }

  get isDone(): boolean {
    return this.#outcome === 'done';
  }

  done(): void {
    this.#settle('done');
  }

  fail(error: RollcallError): void {
    this.#settle({ error });
  }

  /** `lateText` is asked for when the time is over. Rejects with the signal's reason, or a RollcallError. */
  wait({ signal, withinMs = withinMsDefault }: WaitOptions, lateText: () => string): Promise<void> {
    signal?.throwIfAborted();
    if (this.#outcome !== undefined) return this.#result();
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        takeBack();
        this.#waiting.delete(settled);
        signal?.removeEventListener('abort', aborted);
        settle();
      };
      const settled = (): void => end(() => void this.#result().then(resolve, reject));
      const aborted = (): void => end(() => reject(signal?.reason as Error));
      const late = (): void => end(() => reject(new RollcallError('late', `${lateText()} (after ${withinMs} ms)`)));
      const takeBack = this.#time.after(withinMs, late, true);
      this.#waiting.add(settled);
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  #settle(outcome: 'done' | { readonly error: RollcallError }): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    for (const settled of [...this.#waiting]) settled();
  }

  #result(): Promise<void> {
    return typeof this.#outcome === 'object' ? Promise.reject(this.#outcome.error) : Promise.resolve();
  }
}
