// Names that may have been meant: apps of an env within two letters of the one asked for. Looking costs time that
// grows with the env, so it is bounded per question and per second: a flood of random names gets plain answers.

import { nameDistance, slipMax } from '../../../model/name-distance.ts';

const candidatesMax = 2000;
const shownMax = 3;
const searchesPerSecond = 20;

export class NameSuggestions {
  #secondStartedMs = Number.NEGATIVE_INFINITY;
  #searches = 0;

  /** The closest of `names` to `asked`, at most three; `count`: how many are close. Empty when looking is not affordable. */
  find(
    asked: string,
    names: Iterable<{ readonly appid: string }>,
    nowMs: number,
  ): { readonly count: number; readonly named: readonly string[] } {
    const close: { name: string; distance: number }[] = [];
    let seen = 0;
    for (const { appid } of this.#mayLook(nowMs) ? names : []) {
      if (++seen > candidatesMax) break;
      const distance = nameDistance(asked, appid);
      if (distance <= slipMax) close.push({ name: appid, distance });
    }
    close.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
    return { count: close.length, named: close.slice(0, shownMax).map(({ name }) => name) };
  }

  #mayLook(nowMs: number): boolean {
    if (nowMs - this.#secondStartedMs >= 1000) {
      this.#secondStartedMs = nowMs;
      this.#searches = 0;
    }
    return ++this.#searches <= searchesPerSecond;
  }
}
