// One app's instances: by id, ignoring case, and by DNS label. It is handed out as an `AppView` and outlives its last
// instance only as an object that somebody still holds; its revision has then moved, so the holder can tell.

import { Arrivals } from './arrivals.ts';
import type { Named } from './catalogue.ts';
import { instanceKey } from './names.ts';
import type { PlacedInstance } from './placed-instance.ts';
import { Roster } from './roster.ts';
import type { StoredInstance } from './stored-instance.ts';
import type { AppView } from './view.ts';

export class App implements AppView {
  /** Shared by its instances. */
  readonly place: Named;
  revision = 0;
  /** Instances that take traffic; kept by leases.ts. */
  serving = 0;
  readonly arrivals = new Arrivals();
  /** The instance that was placed here last. */
  latest: PlacedInstance | undefined;
  readonly #byKey = new Roster<StoredInstance>(keyOf);
  /** Those alone whose label is not their key: of most instances it is, and a second list of all costs memory. */
  #byOddLabel: Roster<StoredInstance> | undefined;

  constructor(env: string, appid: string) {
    this.place = { env, appid };
  }

  get env(): string {
    return this.place.env;
  }

  get appid(): string {
    return this.place.appid;
  }

  get size(): number {
    return this.#byKey.size;
  }

  instances(): Generator<StoredInstance> {
    return this.#byKey.values();
  }

  byLabel(label: string): StoredInstance | undefined {
    const odd = this.#byOddLabel?.get(label);
    if (odd !== undefined) return odd;
    const stored = this.#byKey.get(label);
    return stored?.instance.label === label ? stored : undefined;
  }

  byId(id: string): StoredInstance | undefined {
    return this.#byKey.get(instanceKey(id));
  }

  /** Whether an instance has this id or this label. */
  isTaken(id: string, label: string): boolean {
    const key = instanceKey(id);
    if (this.#byKey.get(key) !== undefined) return true;
    const isSame = key === label && this.#byOddLabel === undefined;
    return !isSame && this.byLabel(label) !== undefined;
  }

  add(stored: StoredInstance): void {
    this.#byKey.add(stored);
    if (keyOf(stored) === labelOf(stored)) return;
    this.#byOddLabel ??= new Roster(labelOf);
    this.#byOddLabel.add(stored);
  }

  delete(stored: StoredInstance): void {
    this.#byKey.delete(keyOf(stored));
    this.#byOddLabel?.delete(labelOf(stored));
  }
}

function keyOf({ instance: { instance } }: StoredInstance): string {
  return instanceKey(instance);
}

function labelOf({ instance: { label } }: StoredInstance): string {
  return label;
}
