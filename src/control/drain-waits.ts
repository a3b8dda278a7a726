// When a process may stop: its instance is in no new answer any more; until when resolvers may hold an
// earlier one, or waits until none does. A wait is over at that time, at the caller's own (`waitMs`), when the server
// stops or the caller's credential ends (all three: not safe yet, and when it will be), or when the instance takes
// traffic again. That it is cancelled or
// evicted meanwhile changes nothing: it is out of the answers either way.
// Limits: a wait takes a place of the long polls, and is woken, as they are, by the changes of its app.

import type { AnswersHeld } from '../model/answers-held.ts';
import type { Instance } from '../model/instance.ts';
import type { Clock } from '../runtime/clock.ts';
import type { LongPolls } from './long-poll.ts';
import type { ReadView } from './read-view.ts';

export interface DrainWaitsDeps {
  readonly view: Pick<ReadView, 'find'>;
  readonly clock: Clock;
  readonly longPolls: LongPolls;
  /** Asked after a change has been applied, of every thread that answers; the latest time counts. */
  readonly answersHeld: (instance: Instance) => Promise<AnswersHeld>;
  /** A caller found no place to wait. */
  readonly onRefused?: () => void;
}

/** Wall-clock milliseconds. */
export interface StopTimes extends Pick<AnswersHeld, 'unknown' | 'assumedDead'> {
  readonly isSafe: boolean;
  readonly safeToStopAtMs: number;
  /** From now, rounded up. */
  readonly safeInSeconds: number;
  readonly lastServedAtMs: number | undefined;
}

export type DrainWait =
  | { readonly kind: 'known'; readonly times: StopTimes }
  /** It takes traffic again. */
  | { readonly kind: 'up-again' }
  /** There is no place to wait: `waiting` callers have them all. */
  | { readonly kind: 'no-place'; readonly waiting: number; readonly times: StopTimes }
  /** The caller has left. */
  | { readonly kind: 'gone' };

export interface DrainWaiter {
  /** Undefined: answered at once. */
  readonly waitMs: number | undefined;
  /** The client has left. */
  readonly gone: AbortSignal;
  /** The caller may wait no longer: it is answered with what is known. */
  readonly over: AbortSignal;
}

/** The most that a caller may ask for, as with long polls. */
export const drainWaitMsMax = 300_000;

export class DrainWaits {
  readonly #deps: DrainWaitsDeps;
  #waiting = 0;

  constructor(deps: DrainWaitsDeps) {
    this.#deps = deps;
  }

  /** Callers that wait until it is safe. */
  get waiting(): number {
    return this.#waiting;
  }

  /** For an instance that has just left the answers. */
  async until(instance: Instance, waiter: DrainWaiter): Promise<DrainWait> {
    const { waitMs, gone, over } = waiter;
    const { clock, answersHeld: ask } = this.#deps;
    const endsMs = waitMs === undefined ? undefined : clock.monotonicMs() + waitMs;
    const held = await ask(instance);
    // A client that left while its write went to the disk: nothing would end its wait.
    if (gone.aborted) return { kind: 'gone' };
    if (endsMs === undefined || over.aborted) return this.#known(held);
    return this.#decided(instance, held, endsMs) ?? (await this.#wait(instance, held, endsMs, waiter));
  }

  /** Undefined: there is a reason to wait. */
  #decided(instance: Instance, held: AnswersHeld, endsMs: number): DrainWait | undefined {
    if (this.#isUp(instance)) return { kind: 'up-again' };
    const isOver = Math.min(held.heldUntilMs, endsMs) <= this.#deps.clock.monotonicMs();
    return isOver ? this.#known(held) : undefined;
  }

  /** Every change of the app is a reason to look again. */
  async #wait(instance: Instance, first: AnswersHeld, endsMs: number, waiter: DrainWaiter): Promise<DrainWait> {
    const { gone, over } = waiter;
    let held = first;
    let sleep = this.#sleep(instance, held, endsMs, waiter);
    if (sleep === undefined) {
      this.#deps.onRefused?.();
      return { kind: 'no-place', waiting: this.#deps.longPolls.waiting, times: this.#times(held) };
    }
    this.#waiting++;
    try {
      for (;;) {
        await sleep;
        if (gone.aborted) return { kind: 'gone' };
        held = await this.#deps.answersHeld(instance);
        if (gone.aborted) return { kind: 'gone' };
        const decided = this.#decided(instance, held, endsMs);
        if (decided !== undefined) return decided;
        if (over.aborted) return this.#known(held);
        sleep = this.#sleep(instance, held, endsMs, waiter);
        // The server stops.
        if (sleep === undefined) return this.#known(held);
      }
    } finally {
      this.#waiting--;
    }
  }

  /** Settles when there is a reason to look again; undefined: there is no place to wait. */
  #sleep(
    { env, appid }: Instance,
    { heldUntilMs }: AnswersHeld,
    endsMs: number,
    { gone, over }: DrainWaiter,
  ): Promise<void> | undefined {
    const { clock, longPolls } = this.#deps;
    const { promise, resolve } = Promise.withResolvers<void>();
    const leftMs = Math.min(heldUntilMs, endsMs) - clock.monotonicMs();
    const end = longPolls.wait(env, appid, Math.max(Math.ceil(leftMs), 1), () => resolve());
    if (end === undefined) return undefined;
    const leave = (): void => {
      end();
      resolve();
    };
    const signals = [gone, over];
    for (const signal of signals) signal.addEventListener('abort', leave, { once: true });
    return promise.finally(() => {
      for (const signal of signals) signal.removeEventListener('abort', leave);
    });
  }

  #isUp({ env, appid, instance }: Instance): boolean {
    return this.#deps.view.find({ env, appid, instance })?.instance.status === 'up';
  }

  #known(held: AnswersHeld): DrainWait {
    return { kind: 'known', times: this.#times(held) };
  }

  #times({ heldUntilMs, lastServedMs, unknown, assumedDead }: AnswersHeld): StopTimes {
    const nowMs = this.#deps.clock.monotonicMs();
    const wallMs = this.#deps.clock.wallMs();
    const leftMs = Math.max(0, Math.ceil(heldUntilMs - nowMs));
    return {
      ...{ unknown, assumedDead },
      isSafe: leftMs === 0,
      safeToStopAtMs: wallMs + leftMs,
      safeInSeconds: Math.ceil(leftMs / 1000),
      lastServedAtMs: lastServedMs === undefined ? undefined : wallMs - Math.ceil(nowMs - lastServedMs),
    };
  }
}
