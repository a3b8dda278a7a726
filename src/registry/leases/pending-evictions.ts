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
  readonly #queues = new Map<string, AppQueue<W>>();
  /** The queues in turn. */
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
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = { key, members: [] };
      this.#queues.set(key, queue);
      this.#turns.push(queue);
    }
    this.#places.set(one, queue.members.length);
    queue.members.push(one);
  }

  /** Nothing happens where it is not in. */
  delete(one: W): void {
    const place = this.#places.get(one);
    if (place === undefined) return;
    this.#places.delete(one);
    const queue = this.#queues.get(keyOf(one)) as AppQueue<W>;
    const last = queue.members.pop() as W;
    if (last !== one) {
      queue.members[place] = last;
      this.#places.set(last, place);
    }
    // An empty queue is found when its turn comes.
  }

  /** Takes out the next: of the app whose turn it is, any. Undefined where none waits. */
  draw(): W | undefined {
    while (this.#turns.length > 0) {
      if (this.#turn >= this.#turns.length) this.#turn = 0;
      const queue = this.#turns[this.#turn] as AppQueue<W>;
      if (queue.members.length === 0) {
        this.#leave(queue);
        continue;
      }
      this.#turn++;
      const drawn = queue.members[Math.floor(this.#random() * queue.members.length)] as W;
      this.delete(drawn);
      return drawn;
    }
    return undefined;
  }

  #leave(queue: AppQueue<W>): void {
    this.#queues.delete(queue.key);
    const last = this.#turns.pop() as AppQueue<W>;
    if (last !== queue) this.#turns[this.#turn] = last;
  }
}

/** Neither part has a space in it. */
function keyOf({ instance: { env, appid } }: Waiting): string {
  return `${env} ${appid}`;
}
