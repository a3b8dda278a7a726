// Callers that wait for an app to change, or for any app of an env, or for its catalogue. They are kept by env and app
// (nested maps: names are never joined), each wakes once: by a change of its app, by its own time, or because the server
// stops. Waking is done in slices.
// Limits: `waitingMax` callers in all; the caller refuses the one above it.

import type { Change } from '../model/change.ts';
import { type NextTurn, Slices } from '../runtime/slices.ts';

/** In the place of an appid: any app of the env. */
export const anyApp = '*';
/** In the place of an appid: which apps the env has, and which tags their instances. */
export const catalogue = '';

export interface LongPollOptions {
  readonly waitingMax: number;
  /** For tests; the defaults are Node's. */
  readonly setTimer?: (callback: () => void, ms: number) => unknown;
  readonly clearTimer?: (timer: unknown) => void;
  readonly nextTurn?: NextTurn;
}

/** `over`: its time has passed, or the server stops. */
export type Woken = 'changed' | 'over';

/** A caller that waits. `wake` is called at most once. */
interface Waiter {
  readonly env: string;
  readonly appid: string;
  readonly wake: (why: Woken) => void;
  timer: unknown;
  state: 'waiting' | 'due' | 'over';
}

export class LongPolls {
  readonly #options: Required<LongPollOptions>;
  readonly #envs = new Map<string, Map<string, Set<Waiter>>>();
  readonly #due: Slices<Waiter>;
  #isStopped = false;
  #waiting = 0;

  constructor(options: LongPollOptions) {
    this.#options = {
      setTimer: setTimeout,
      clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
      nextTurn: setImmediate,
      ...options,
    };
    this.#due = new Slices((waiter) => this.#finish(waiter, 'changed'), this.#options.nextTurn);
  }

  /** Callers that wait or are about to be answered. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Calls `wake` once: when the app changes, after `waitMs`, or when the server stops. Returns a function that ends
   * the wait without a call (the client has gone), or undefined where there is no place left.
   */
  wait(env: string, appid: string, waitMs: number, wake: (why: Woken) => void): (() => void) | undefined {
    if (this.#waiting >= this.#options.waitingMax || this.#isStopped) return undefined;
    const waiter: Waiter = { env, appid, wake, timer: undefined, state: 'waiting' };
    this.#enter(waiter);
    waiter.timer = this.#options.setTimer(() => this.#finish(waiter, 'over'), waitMs);
    return () => this.#end(waiter);
  }

  /** A change listener: marks the waiters of this app as due and returns at once. */
  notify(change: Change): void {
    const { env, appid } = change.after ?? change.before;
    if (!this.#envs.has(env)) return;
    this.#wake(env, appid);
    this.#wake(env, anyApp);
    if (changesCatalogue(change)) this.#wake(env, catalogue);
  }

  #wake(env: string, appid: string): void {
    const waiters = this.#envs.get(env)?.get(appid);
    if (waiters === undefined) return;
    for (const waiter of waiters) {
      waiter.state = 'due';
      this.#due.add(waiter);
    }
    this.#forget(env, appid);
  }

  /** Wakes all callers at once, and lets none wait from now on. */
  stop(): void {
    this.#isStopped = true;
    const all = [...this.#envs.values()].flatMap((apps) => [...apps.values()].flatMap((waiters) => [...waiters]));
    for (const waiter of [...this.#due.takeAll(), ...all]) this.#finish(waiter, 'over');
  }

  /** Done once, there is never more. */
  #finish(waiter: Waiter, why: Woken): false {
    if (this.#end(waiter)) waiter.wake(why);
    return false;
  }

  /** True the first time. */
  #end(waiter: Waiter): boolean {
    if (waiter.state === 'over') return false;
    if (waiter.state === 'waiting') this.#leave(waiter);
    waiter.state = 'over';
    this.#waiting--;
    this.#options.clearTimer(waiter.timer);
    return true;
  }

  #enter(waiter: Waiter): void {
    const apps = this.#envs.get(waiter.env) ?? new Map<string, Set<Waiter>>();
    if (apps.size === 0) this.#envs.set(waiter.env, apps);
    const waiters = apps.get(waiter.appid);
    if (waiters === undefined) apps.set(waiter.appid, new Set([waiter]));
    else waiters.add(waiter);
    this.#waiting++;
  }

  #leave(waiter: Waiter): void {
    const waiters = this.#envs.get(waiter.env)?.get(waiter.appid);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#forget(waiter.env, waiter.appid);
  }

  #forget(env: string, appid: string): void {
    const apps = this.#envs.get(env);
    apps?.delete(appid);
    if (apps?.size === 0) this.#envs.delete(env);
  }
}

/** Whether an env may have other apps after a change, or their instances other tags, which fronts may keep. */
export function changesCatalogue({ before, after }: Change): boolean {
  if (before === undefined || after === undefined) return true;
  if (before.fronts !== after.fronts) return true;
  return before.tags !== after.tags && before.tags.join('\0') !== after.tags.join('\0');
}
