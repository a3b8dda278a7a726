// One app's instances: by id, ignoring case, and by DNS label. It is handed out as an `AppView` and outlives its last
// instance only as an object that a caller still holds; its revision has then moved, so the holder can see it.

import type { AppRecords } from '../../model/app-records.ts';
import type { CompactInstance } from '../../model/compact-instance.ts';
import { type AppKey, instanceKey } from '../../model/names.ts';
import type { MutableRecord } from '../mutable-record.ts';
import { CompactIndex } from './compact-index.ts';
import { RecentJoins } from './recent-joins.ts';

export class App implements AppRecords {
  /** Shared by its instances. */
  readonly place: AppKey;
  revision = 0;
  /** Instances that take traffic; kept by leases.ts. */
  serving = 0;
  /** Of them, those that were heard again; and the sum of their clients. */
  heard = 0;
  clientSum = 0;
  readonly recentJoins = new RecentJoins();
  /** The instance that was placed here last. */
  latest: CompactInstance | undefined;
  readonly #byKey = new CompactIndex<MutableRecord>(keyOf);
  /** Those alone whose label is not their key: of most instances it is, and a second list of all costs memory. */
  #byIrregularLabel: CompactIndex<MutableRecord> | undefined;

  constructor(place: AppKey) {
    this.place = place;
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

  instances(): Generator<MutableRecord> {
    return this.#byKey.values();
  }

  byLabel(label: string): MutableRecord | undefined {
    const irregular = this.#byIrregularLabel?.get(label);
    if (irregular !== undefined) return irregular;
    const stored = this.#byKey.get(label);
    return stored?.instance.label === label ? stored : undefined;
  }

  byId(id: string): MutableRecord | undefined {
    return this.#byKey.get(instanceKey(id));
  }

  /** Whether an instance has this id or this label. */
  isTaken(id: string, label: string): boolean {
    const key = instanceKey(id);
    if (this.#byKey.get(key) !== undefined) return true;
    const isSame = key === label && this.#byIrregularLabel === undefined;
    return !isSame && this.byLabel(label) !== undefined;
  }

  add(stored: MutableRecord): void {
    this.#byKey.add(stored);
    if (keyOf(stored) === labelOf(stored)) return;
    this.#byIrregularLabel ??= new CompactIndex(labelOf);
    this.#byIrregularLabel.add(stored);
  }

  delete(stored: MutableRecord): void {
    this.#byKey.delete(keyOf(stored));
    this.#byIrregularLabel?.delete(labelOf(stored));
  }
}

function keyOf({ instance: { instance } }: MutableRecord): string {
  return instanceKey(instance);
}

function labelOf({ instance: { label } }: MutableRecord): string {
  return label;
}
