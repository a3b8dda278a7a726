// Those that may be evicted and wait for their turn. When more wait than the budget lets go, chance decides, and fairly
// over apps: one of each app in turn, which one is drawn. So a large app that lost many does not crowd out a small
// one, and of no app all are taken before others lose one. All steps take constant time.

import type { Instance } from '../../model/instance.ts';
import { ByApp } from '../../runtime/by-app.ts';

interface Waiting {
  readonly instance: Instance;
}

interface AppQueue<W> {
  /** The one that it was made for, of its app. */
  readonly first: Instance;
  readonly members: W[];
}

export class PendingEvictions<W extends Waiting> {
  /** In [0, 1). */
  readonly #random: () => number;
  readonly #queues = new ByApp<AppQueue<W>>();
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
    const queue = this.#queues.get(one.instance) ?? this.#open(one);
    this.#places.set(one, queue.members.length);
    queue.members.push(one);
  }

  /** Nothing happens where it is not in. */
  delete(one: W): void {
    const place = this.#places.get(one);
    if (place === undefined) return;
    this.#places.delete(one);
    const queue = this.#queues.get(one.instance) as AppQueue<W>;
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

  #open({ instance }: W): AppQueue<W> {
    const queue = { first: instance, members: [] };
    this.#queues.set(instance, queue);
    this.#turns.push(queue);
    return queue;
  }

  #leave(queue: AppQueue<W>): void {
    this.#queues.delete(queue.first);
    const last = this.#turns.pop() as AppQueue<W>;
    if (last !== queue) this.#turns[this.#turn] = last;
  }
}
