// One app's instances: by id, ignoring case, and by DNS label. It is handed out as an `AppView` and outlives its last
// instance only as an object that somebody still holds; its revision has then moved, so the holder can tell.

import type { Instance } from './instance.ts';
import type { Lease } from './lease-queue.ts';
import { instanceKey } from './names.ts';
import type { AppView, LeasedInstance } from './view.ts';

/** Wall-clock milliseconds, for people. */
export interface Timestamps {
  registeredAtMs: number;
  /** When it last began to take traffic; undefined while it never has. */
  upAtMs: number | undefined;
  renewedAtMs: number;
  updatedAtMs: number;
  /** The writer's own time of the registration: orders two writers of one instance. */
  dirtyAtMs: number;
}

/** An instance as the registry keeps it. `instance` is replaced as a whole; the lease moves. */
export interface StoredInstance extends LeasedInstance, Lease, Timestamps {
  instance: Instance;
  deadlineMs: number;
  /** The registry's revision at the last change of this instance. */
  revision: number;
}

export class App implements AppView {
  readonly env: string;
  readonly appid: string;
  revision = 0;
  readonly #byKey = new Map<string, StoredInstance>();
  readonly #byLabel = new Map<string, StoredInstance>();

  constructor(env: string, appid: string) {
    this.env = env;
    this.appid = appid;
  }

  get size(): number {
    return this.#byKey.size;
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
