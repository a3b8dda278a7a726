// Subscribers by app: an app is followed while it has one, and each of its changes calls `changed` with them, once DNS shows it.
// Limits: those of `control.pushes` for apps; callers bound their subscribers.

import type { Control } from '../../../control/control.ts';
import type { AppKey } from '../../../model/names.ts';
import { followApp } from './follow-app.ts';

interface Topic<Subscriber> {
  readonly place: AppKey;
  readonly end: () => void;
  readonly subscribers: Map<string, Subscriber>;
}

export class Topics<Subscriber> {
  readonly #control: Pick<Control, 'view' | 'pushes' | 'visible'>;
  readonly #changed: (subscribers: Iterable<Subscriber>) => void;
  readonly #topics = new Map<string, Topic<Subscriber>>();
  #size = 0;

  constructor(
    control: Pick<Control, 'view' | 'pushes' | 'visible'>,
    changed: (subscribers: Iterable<Subscriber>) => void,
  ) {
    this.#control = control;
    this.#changed = changed;
  }

  /** Subscribers. */
  get size(): number {
    return this.#size;
  }

  get(place: AppKey, key: string): Subscriber | undefined {
    return this.#topics.get(topicKey(place))?.subscribers.get(key);
  }

  /** False: there is no place to follow another app. */
  add(place: AppKey, key: string, subscriber: Subscriber): boolean {
    const topic = this.#topics.get(topicKey(place)) ?? this.#follow(place);
    if (topic === undefined) return false;
    if (!topic.subscribers.has(key)) this.#size++;
    topic.subscribers.set(key, subscriber);
    return true;
  }

  delete(place: AppKey, key: string): void {
    const topic = this.#topics.get(topicKey(place));
    if (topic?.subscribers.delete(key) !== true) return;
    this.#size--;
    if (topic.subscribers.size > 0) return;
    topic.end();
    this.#topics.delete(topicKey(place));
  }

  /** Deletes those for which it is true. */
  deleteWhere(isOver: (subscriber: Subscriber) => boolean): void {
    for (const { place, subscribers } of this.#topics.values())
      for (const [key, subscriber] of subscribers) if (isOver(subscriber)) this.delete(place, key);
  }

  close(): void {
    for (const { end } of this.#topics.values()) end();
    this.#topics.clear();
    this.#size = 0;
  }

  #follow(place: AppKey): Topic<Subscriber> | undefined {
    const { pushes: waits, view } = this.#control;
    const end = followApp({ waits, view }, place, () => void this.#run(topicKey(place)));
    if (end === undefined) return undefined;
    const topic: Topic<Subscriber> = { place, end, subscribers: new Map() };
    this.#topics.set(topicKey(place), topic);
    return topic;
  }

  async #run(key: string): Promise<void> {
    await this.#control.visible();
    this.#changed(this.#topics.get(key)?.subscribers.values() ?? []);
  }
}

function topicKey({ env, appid }: AppKey): string {
  return `${env}/${appid}`;
}
