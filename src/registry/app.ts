// One app's instances: by id, ignoring case, and by DNS label. It is handed out as an `AppView` and outlives its last
// instance only as an object that somebody still holds; its revision has then moved, so the holder can tell.

import { Arrivals } from './arrivals.ts';
import type { Presence } from './guard-scope.ts';
import { instanceKey } from './names.ts';
import type { StoredInstance } from './stored-instance.ts';
import type { AppView } from './view.ts';

export class App implements AppView {
  readonly env: string;
  readonly appid: string;
  revision = 0;
  readonly arrivals = new Arrivals();
  /** Of its instances those that have checks instead of a lease; counted by tenures.ts. */
  checkedCount = 0;
  readonly #byKey = new Map<string, StoredInstance>();
  readonly #byLabel = new Map<string, StoredInstance>();

  constructor(env: string, appid: string) {
    this.env = env;
    this.appid = appid;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Those that are expected to renew: what the guard goes by. */
  get renewing(): Presence {
    return { size: this.size - this.checkedCount, arrivals: this.arrivals };
  }

  instances(): IterableIterator<StoredInstance> {
    return this.#byKey.values();
  }

  byLabel(label: string): StoredInstance | undefined {
    return this.#byLabel.get(label);
  }

  byId(id: string): StoredInstance | undefined {
    return this.#byKey.get(instanceKey(id));
  }

  add(stored: StoredInstance): void {
    this.#byKey.set(instanceKey(stored.instance.instance), stored);
    this.#byLabel.set(stored.instance.label, stored);
  }

  delete(stored: StoredInstance): void {
    this.#byKey.delete(instanceKey(stored.instance.instance));
    this.#byLabel.delete(stored.instance.label);
  }
}
