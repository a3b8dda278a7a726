// An app's instances, as every front lists them: filtered, then chosen for the caller (near, order, subset, limit), and
// the wait for the next change of the app. An app that was never registered is an empty list like any other.
// `round-robin` goes on from call to call: the number of the next turn is kept for each list that was asked for (app,
// filters, choice), so that two callers of different lists do not take each other's turns.
// Limit: `listsMax` lists. One that is forgotten begins at a random instance: beginning at the first each time would send
// that one all the calls.

import { LRUCache } from 'lru-cache';
import type { InstanceRecord } from '../model/instance-record.ts';
import type { AppKey } from '../model/names.ts';
import { type Choice, choose } from '../model/selection/choose.ts';
import { isSelected, type Selection } from '../model/selection/filter.ts';
import type { Draw } from '../model/selection/order.ts';
import type { LongPolls, Woken } from './long-poll.ts';
import type { ReadView } from './read-view.ts';

const listsMax = 10_000;

export class ReplyTurns {
  readonly #next = new LRUCache<string, number>({ max: listsMax });
  readonly #random: () => number;

  /** `random`: uniform in [0, 1). */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** What the next order of the list `key` is made with. */
  draw(key: string): Draw {
    const turn = this.#next.get(key) ?? Math.floor(this.#random() * 2 ** 31);
    this.#next.set(key, (turn + 1) % Number.MAX_SAFE_INTEGER);
    return { random: this.#random, turn };
  }
}

export interface AppListsDeps {
  readonly view: Pick<ReadView, 'revision' | 'app' | 'appRevision'>;
  readonly longPolls: LongPolls;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export class AppLists {
  readonly #deps: AppListsDeps;
  readonly #turns: ReplyTurns;

  constructor(deps: AppListsDeps) {
    this.#deps = deps;
    this.#turns = new ReplyTurns(deps.random);
  }

  /** Of the app's last change; 0: none is remembered. */
  revision({ env, appid }: AppKey): number {
    return this.#deps.view.appRevision(env, appid);
  }

  /** The number that a caller waits with for the next change of the app; at least 1. */
  index(place: AppKey): number {
    return this.revision(place) || Math.max(this.#deps.view.revision, 1);
  }

  /** Whether a caller that knows the app up to `index` need not wait. */
  hasChanged(place: AppKey, index: number): boolean {
    // 0: the caller knows nothing.
    if (index === 0) return true;
    const { view } = this.#deps;
    // Above ours: a number that this registry has never given out.
    if (index > Math.max(view.revision, 1)) return true;
    return this.revision(place) > index;
  }

  /** The instances that the filters select, in order of registration. */
  matching({ env, appid }: AppKey, selection: Selection): readonly InstanceRecord[] {
    const all = this.#deps.view.app(env, appid)?.instances() ?? [];
    return [...all].filter(({ instance }) => isSelected(instance, selection));
  }

  /** Those of `matching` that a caller takes, in its order. `list`: what was asked for. */
  chosen(matching: readonly InstanceRecord[], choice: Choice, list: string): readonly InstanceRecord[] {
    return choose(matching, choice, () => this.#turns.draw(list));
  }

  /** Callers that wait for an app to change. */
  get waiting(): number {
    return this.#deps.longPolls.waiting;
  }

  /** Calls `wake` once; returns what ends the wait without a call, or undefined where there is no place to wait. */
  wait({ env, appid }: AppKey, waitMs: number, wake: (why: Woken) => void): (() => void) | undefined {
    return this.#deps.longPolls.wait(env, appid, waitMs, wake);
  }
}
