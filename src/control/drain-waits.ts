// When a process may stop: its instance is in no new answer any more; until when resolvers may hold an
// earlier one, or waits until none does. A wait is over at that time, at the caller's own (`waitMs`), when the server
// stops or the caller's credential ends (all three: not safe yet, and when it will be), or when the instance takes
// traffic again. That it is cancelled or
// evicted meanwhile changes nothing: it is out of the answers either way.
// Limits: a wait takes a place of the long polls, and is woken, as they are, by the changes of its app.

import type { Instance } from '../model/instance.ts';
import type { Clock } from '../runtime/clock.ts';
import type { LongPolls } from './long-poll.ts';
import type { ReadView } from './read-view.ts';

/** What the data plane knows of the answers with an instance in them; monotonic milliseconds. */
export interface HandedOut {
  /** Undefined where no answer can still be held. */
  readonly lastServedMs: number | undefined;
  /** Not in the future: none is held. */
  readonly heldUntilMs: number;
  /** Live nodes of the cluster that did not answer. */
  readonly unknown?: readonly string[] | undefined;
  /** Nodes that died without a word, and may answer still if they did not. */
  readonly assumedDead?: readonly string[] | undefined;
}

export interface DrainWaitsDeps {
  readonly view: Pick<ReadView, 'find'>;
  readonly clock: Clock;
  readonly longPolls: LongPolls;
  /** Asked after a change has been applied, of every thread that answers; the latest time counts. */
  readonly handedOut: (instance: Instance) => Promise<HandedOut>;
  /** A caller found no place to wait. */
  readonly onRefused?: () => void;
}

/** Wall-clock milliseconds. */
export interface StopTimes extends Pick<HandedOut, 'unknown' | 'assumedDead'> {
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
    const { clock, handedOut: ask } = this.#deps;
    const endsMs = waitMs === undefined ? undefined : clock.monotonicMs() + waitMs;
    const handedOut = await ask(instance);
    // A client that left while its write went to the disk: nothing would end its wait.
    if (gone.aborted) return { kind: 'gone' };
    if (endsMs === undefined || over.aborted) return this.#known(handedOut);
    return this.#decided(instance, handedOut, endsMs) ?? (await this.#wait(instance, handedOut, endsMs, waiter));
  }

  /** Undefined: there is a reason to wait. */
  #decided(instance: Instance, handedOut: HandedOut, endsMs: number): DrainWait | undefined {
    if (this.#isUp(instance)) return { kind: 'up-again' };
    const isOver = Math.min(handedOut.heldUntilMs, endsMs) <= this.#deps.clock.monotonicMs();
    return isOver ? this.#known(handedOut) : undefined;
  }

  /** Every change of the app is a reason to look again. */
  async #wait(instance: Instance, first: HandedOut, endsMs: number, waiter: DrainWaiter): Promise<DrainWait> {
    const { gone, over } = waiter;
    let handedOut = first;
    let sleep = this.#sleep(instance, handedOut, endsMs, waiter);
    if (sleep === undefined) {
      this.#deps.onRefused?.();
      return { kind: 'no-place', waiting: this.#deps.longPolls.waiting, times: this.#times(handedOut) };
    }
    this.#waiting++;
    try {
      for (;;) {
        await sleep;
        if (gone.aborted) return { kind: 'gone' };
        handedOut = await this.#deps.handedOut(instance);
        if (gone.aborted) return { kind: 'gone' };
        const decided = this.#decided(instance, handedOut, endsMs);
        if (decided !== undefined) return decided;
        if (over.aborted) return this.#known(handedOut);
        sleep = this.#sleep(instance, handedOut, endsMs, waiter);
        // The server stops.
        if (sleep === undefined) return this.#known(handedOut);
      }
    } finally {
      this.#waiting--;
    }
  }

  /** Settles when there is a reason to look again; undefined: there is no place to wait. */
  #sleep(
    { env, appid }: Instance,
    { heldUntilMs }: HandedOut,
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

  #known(handedOut: HandedOut): DrainWait {
    return { kind: 'known', times: this.#times(handedOut) };
  }

  #times({ heldUntilMs, lastServedMs, unknown, assumedDead }: HandedOut): StopTimes {
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
