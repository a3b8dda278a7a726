// Those that may be evicted and wait for their turn. When more wait than the budget lets go, chance decides, and fairly
// over apps: one of each app in turn, which one is drawn. So a large app that lost many does not crowd out a small
// one, and of no app all are taken before others lose one. All steps take constant time.

import type { Instance } from '../../model/instance.ts';

interface Waiting {
  readonly instance: Instance;
}

interface AppQueue<W> {
  readonly key: string;
  readonly members: W[];
}

export class PendingEvictions<W extends Waiting> {
  /** In [0, 1). */
  readonly #random: () => number;
  readonly #benches = new Map<string, AppQueue<W>>();
  /** The benches in turn. */
  readonly #turns: AppQueue<W>[] = [];
  #turn = 0;
  readonly #places = new Map<W, number>();

  constructor(random: () => number) {
    this.#random = random;
  }

  get size(): number {
    return this.#places.size;
  }

  has(one: W): boolean {
    return this.#places.has(one);
  }

  /** Precondition: it is not in yet. */
  add(one: W): void {
    const key = keyOf(one);
    let bench = this.#benches.get(key);
    if (bench === undefined) {
      bench = { key, members: [] };
      this.#benches.set(key, bench);
      this.#turns.push(bench);
    }
    this.#places.set(one, bench.members.length);
    bench.members.push(one);
  }

  /** Nothing happens where it is not in. */
  delete(one: W): void {
    const place = this.#places.get(one);
    if (place === undefined) return;
    this.#places.delete(one);
    const bench = this.#benches.get(keyOf(one)) as AppQueue<W>;
    const last = bench.members.pop() as W;
    if (last !== one) {
      bench.members[place] = last;
      this.#places.set(last, place);
    }
    // An empty bench is found when its turn comes.
  }

  /** Takes out the next: of the app whose turn it is, any. Undefined where none waits. */
  draw(): W | undefined {
    while (this.#turns.length > 0) {
      if (this.#turn >= this.#turns.length) this.#turn = 0;
      const bench = this.#turns[this.#turn] as AppQueue<W>;
      if (bench.members.length === 0) {
        this.#leave(bench);
        continue;
      }
      this.#turn++;
      const drawn = bench.members[Math.floor(this.#random() * bench.members.length)] as W;
      this.delete(drawn);
      return drawn;
    }
    return undefined;
  }

  #leave(bench: AppQueue<W>): void {
    this.#benches.delete(bench.key);
    const last = this.#turns.pop() as AppQueue<W>;
    if (last !== bench) this.#turns[this.#turn] = last;
  }
}

/** Neither part has a space in it. */
function keyOf({ instance: { env, appid } }: Waiting): string {
  return `${env} ${appid}`;
}
