// What the registry decides by itself, in the log: evictions, and a line when a hold of the guard begins and one when it
// ends. When a network fails under thousands of apps at once, the first few are named and the rest are counted, in a line
// a second at most.

import type { Logger } from 'pino';
import type { Change } from '../model/change.ts';
import type { GuardEvent } from '../model/guard-status.ts';

/** Lines about single apps within a second: more are not read. */
const linesPerSecondMax = 10;

export class GuardLog {
  readonly #logger: Logger;
  readonly #setTimer: (callback: () => void, ms: number) => void;
  #lines = 0;
  #isCounting = false;
  #uncounted = { held: 0, released: 0 };

  /** `setTimer` must not keep the process alive. */
  constructor(logger: Logger, setTimer = (callback: () => void, ms: number) => void setTimeout(callback, ms).unref()) {
    this.#logger = logger;
    this.#setTimer = setTimer;
  }

  /** A listener of the guard. */
  log({ kind, app, reason, heldMs, ...counts }: GuardEvent): void {
    if (app !== undefined && !this.#mayName(kind)) return;
    const scope = app === undefined ? 'the registry' : 'an app';
    const fields = { guard: kind, ...app, reason, ...counts };
    if (kind === 'held') this.#logger.warn(fields, `the guard holds ${scope}: leases that end evict no instance`);
    else this.#logger.info({ ...fields, heldSeconds: Math.round(heldMs / 1000) }, `the guard no longer holds ${scope}`);
  }

  #mayName(kind: GuardEvent['kind']): boolean {
    if (!this.#isCounting) {
      this.#isCounting = true;
      this.#setTimer(() => this.#nextSecond(), 1000);
    }
    if (this.#lines++ < linesPerSecondMax) return true;
    this.#uncounted[kind]++;
    return false;
  }

  #nextSecond(): void {
    const { held, released } = this.#uncounted;
    this.#lines = 0;
    this.#isCounting = false;
    this.#uncounted = { held: 0, released: 0 };
    if (held + released === 0) return;
    this.#logger.warn({ held, released }, 'the guard began to hold, and released, more apps than are named here');
  }
}

/** A change listener. */
export function logEviction(change: Change, logger: Logger): void {
  if (change.kind !== 'evicted') return;
  const { env, appid, instance, leaseSeconds } = change.before;
  logger.info(
    { decision: 'evicted', env, appid, instance, leaseSeconds, revision: change.revision },
    'evicted an instance: its lease ended',
  );
}
