// Names that may have been meant: apps of an env within two letters of the one asked for. Looking costs time that
// grows with the env, so it is bounded per question and per second: a flood of random names gets plain answers.

/** Differences that are still a slip of the fingers. */
const distanceMax = 2;
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
      const distance = distanceBetween(asked, appid);
      if (distance <= distanceMax) close.push({ name: appid, distance });
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

/**
 * Levenshtein's distance, or infinity for more than `left`. Equal letters are passed over, and at a difference only
 * three ways go on, so names of two hundred letters cost no more than a few times their length.
 */
function distanceBetween(a: string, b: string, left = distanceMax, fromA = 0, fromB = 0): number {
  let [i, j] = [fromA, fromB];
  while (i < a.length && j < b.length && a.charCodeAt(i) === b.charCodeAt(j)) {
    i++;
    j++;
  }
  const [restOfA, restOfB] = [a.length - i, b.length - j];
  if (Math.abs(restOfA - restOfB) > left) return Number.POSITIVE_INFINITY;
  if (restOfA === 0 || restOfB === 0) return restOfA + restOfB;
  if (left === 0) return Number.POSITIVE_INFINITY;
  const replaced = distanceBetween(a, b, left - 1, i + 1, j + 1);
  const dropped = distanceBetween(a, b, left - 1, i + 1, j);
  const added = distanceBetween(a, b, left - 1, i, j + 1);
  return 1 + Math.min(replaced, dropped, added);
}
