// The guard's news in the log: a line when a hold begins and one when it ends. When a network fails under thousands of
// apps at once, the first few are named and the rest are told as a number, a line a second at most.

import type { Logger } from 'pino';
import type { GuardNews } from '../model/guard-status.ts';

/** Lines about single apps within a second: more nobody reads. */
const linesPerSecondMax = 10;

export class GuardLog {
  readonly #logger: Logger;
  readonly #setTimer: (callback: () => void, ms: number) => void;
  #lines = 0;
  #isCounting = false;
  #untold = { held: 0, released: 0 };

  /** `setTimer` must not keep the process alive. */
  constructor(logger: Logger, setTimer = (callback: () => void, ms: number) => void setTimeout(callback, ms).unref()) {
    this.#logger = logger;
    this.#setTimer = setTimer;
  }

  /** A listener of the guard. */
  tell({ kind, app, reason, heldMs, ...counts }: GuardNews): void {
    if (app !== undefined && !this.#mayName(kind)) return;
    const scope = app === undefined ? 'the registry' : 'an app';
    const fields = { guard: kind, ...app, reason, ...counts };
    if (kind === 'held') this.#logger.warn(fields, `the guard holds ${scope}: leases that end evict nobody`);
    else this.#logger.info({ ...fields, heldSeconds: Math.round(heldMs / 1000) }, `the guard no longer holds ${scope}`);
  }

  #mayName(kind: GuardNews['kind']): boolean {
    if (!this.#isCounting) {
      this.#isCounting = true;
      this.#setTimer(() => this.#nextSecond(), 1000);
    }
    if (this.#lines++ < linesPerSecondMax) return true;
    this.#untold[kind]++;
    return false;
  }

  #nextSecond(): void {
    const { held, released } = this.#untold;
    this.#lines = 0;
    this.#isCounting = false;
    this.#untold = { held: 0, released: 0 };
    if (held + released === 0) return;
    this.#logger.warn({ held, released }, 'the guard began to hold, and released, more apps than are named here');
  }
}
