// An app's instances by what they say for each selector, so that a name which nobody has costs nothing: such names are
// without number and no cache holds them, while a walk of 5000 instances takes a millisecond for each selector.
// It stands for one revision of the app and is made anew after every change, hence made late: for each key, names are
// answered by walking until as many instances were walked as the app has, and only then is that key indexed. Where
// every question meets a change, nothing is ever indexed. Between two changes a key costs one walk and one indexing.
// Limits: memory grows with the values of the app's instances, and lasts until the app is asked for again or leaves;
// the ends of values are kept up to `endsMax` a key, past that they are looked for among the values.

import type { AppView, LeasedInstance } from '../../model/view.ts';
import { isEndOfSaid, isSaid, type Selector, type ValueKey, valuesOf } from './selector.ts';

/** Ends of values in one key's index. A value of 63 octets has up to 31: of hostile ones memory would know no bound. */
const endsMax = 65_536;

const indexes = new WeakMap<AppView, SelectorIndex>();

/** The index of an app as it is now. To be asked for once a question, and not kept beyond it. */
export function selectorIndex(app: AppView): SelectorIndex {
  const known = indexes.get(app);
  if (known?.revision === app.revision) {
    known.settle();
    return known;
  }
  const index = new SelectorIndex(app);
  indexes.set(app, index);
  return index;
}

export class SelectorIndex {
  readonly revision: number;
  /** In order of registration. */
  readonly instances: readonly LeasedInstance[];
  readonly #values = new Map<ValueKey, KeyValues>();

  constructor(app: AppView) {
    this.revision = app.revision;
    this.instances = [...app.instances()];
  }

  /**
   * The instances that say all of `selectors` (right to left as in the name, at least one), in order of registration;
   * `within` where none does, but the leftmost is the end of a value beside which all the others are said.
   */
  choose(selectors: readonly Selector[]): readonly LeasedInstance[] | 'within' {
    const leftmost = selectors.at(-1) as Selector;
    const others = selectors.slice(0, -1);
    const values = this.#valuesOf(leftmost.key);
    const { isIndexed } = values;
    if (isIndexed) {
      const chosen = this.#narrow(this.#fewest(selectors), selectors);
      if (chosen.length > 0) return chosen;
      if (!values.haveEnd(leftmost.value)) return [];
    }
    const beside = this.#narrow(this.#fewest(others), others);
    if (!isIndexed) {
      const chosen = this.#narrow(beside, [leftmost]);
      if (chosen.length > 0) return chosen;
    }
    return beside.some(({ instance }) => isEndOfSaid(instance, leftmost)) ? 'within' : [];
  }

  /** True where it is known that nobody says this or anything that ends in it. */
  isUnheardOf({ key, value }: Selector<ValueKey>): boolean {
    const values = this.#valuesOf(key);
    return values.isIndexed && values.saying(value).length === 0 && !values.haveEnd(value);
  }

  isSaidByAnybody(selector: Selector): boolean {
    const values = this.#valuesOf(selector.key);
    if (values.isIndexed) return values.saying(selector.value).length > 0;
    const found = this.instances.findIndex(({ instance }) => isSaid(instance, selector));
    values.walked += found < 0 ? this.instances.length : found + 1;
    return found >= 0;
  }

  /** Tells that so many instances were asked one by one what they say for a key. */
  walked(key: ValueKey, instances: number): void {
    this.#valuesOf(key).walked += instances;
  }

  /** Between questions, so that none both walks and waits for an index. */
  settle(): void {
    for (const values of this.#values.values()) values.settle();
  }

  /** Those of the selector that leaves fewest: whoever is chosen is among them. Everybody where nothing is indexed. */
  #fewest(selectors: readonly Selector[]): readonly LeasedInstance[] {
    let fewest = this.instances;
    for (const { key, value } of selectors) {
      const values = this.#valuesOf(key);
      if (!values.isIndexed) continue;
      const saying = values.saying(value);
      if (saying.length < fewest.length) fewest = saying;
      if (fewest.length === 0) break;
    }
    return fewest;
  }

  #narrow(from: readonly LeasedInstance[], selectors: readonly Selector[]): readonly LeasedInstance[] {
    let left = from;
    for (const selector of selectors) {
      if (left.length === 0) break;
      const values = this.#valuesOf(selector.key);
      // What everybody says leaves nobody out.
      if (values.isIndexed && values.saying(selector.value).length === this.instances.length) continue;
      values.walked += left.length;
      left = left.filter(({ instance }) => isSaid(instance, selector));
    }
    return left;
  }

  #valuesOf(key: ValueKey): KeyValues {
    let values = this.#values.get(key);
    if (values === undefined) {
      values = new KeyValues(key, this.instances);
      this.#values.set(key, values);
    }
    return values;
  }
}

/** What the instances say for one key. */
class KeyValues {
  readonly #key: ValueKey;
  readonly #instances: readonly LeasedInstance[];
  /** True where `saying` and `haveEnd` may be asked: walking has cost as much as they will. */
  isIndexed = false;
  /** Instances that were asked one by one. */
  walked = 0;
  #saying: Map<string, LeasedInstance[]> | undefined;
  /** Undefined: not asked for yet. */
  #ends: Set<string> | 'too many' | undefined;

  constructor(key: ValueKey, instances: readonly LeasedInstance[]) {
    this.#key = key;
    this.#instances = instances;
  }

  settle(): void {
    this.isIndexed = this.walked >= this.#instances.length;
  }

  /** In order of registration, each once. */
  saying(value: string): readonly LeasedInstance[] {
    this.#saying ??= this.#index();
    return this.#saying.get(value) ?? [];
  }

  /** True where some value is longer than `value` and ends in it, at a dot; all end in ''. */
  haveEnd(value: string): boolean {
    this.#saying ??= this.#index();
    if (value === '') return this.#saying.size > 0;
    this.#ends ??= endsOf(this.#saying.keys());
    if (this.#ends !== 'too many') return this.#ends.has(value);
    const end = `.${value}`;
    for (const said of this.#saying.keys()) if (said.endsWith(end)) return true;
    return false;
  }

  #index(): Map<string, LeasedInstance[]> {
    const saying = new Map<string, LeasedInstance[]>();
    for (const leased of this.#instances) {
      for (const value of valuesOf(leased.instance, this.#key)) {
        const same = saying.get(value);
        if (same === undefined) saying.set(value, [leased]);
        // Tags that differ in case alone are one value.
        else if (same.at(-1) !== leased) same.push(leased);
      }
    }
    return saying;
  }
}

/** What stands behind each dot, down to an empty label: nobody can ask for that. */
function endsOf(values: Iterable<string>): Set<string> | 'too many' {
  const ends = new Set<string>();
  for (const value of values) {
    let before = value.length;
    for (;;) {
      const dot = before === 0 ? -1 : value.lastIndexOf('.', before - 1);
      if (dot < 0 || dot + 1 === before) break;
      ends.add(value.slice(dot + 1));
      before = dot;
    }
    if (ends.size > endsMax) return 'too many';
  }
  return ends;
}
