// The instances of a watch so far, with only the fields that are shown, since a watch may be of everything.
// Limits: `instancesMax`; a larger watch ends with the advice to narrow it.

import { appField, type Fields, fieldsList, textField } from './document-fields.ts';
import { byTrouble, stateOf, troubleOf } from './instance-state.ts';

export interface WatchedInstance {
  /** ENV/APPID/INSTANCE */
  readonly name: string;
  readonly state: string;
  /** Why it takes no traffic; empty: it does, or the server did not send it. */
  readonly why: string;
  readonly addrs: string;
  readonly version: string;
  readonly zone: string;
  /** Wall-clock milliseconds; not a number: the server did not send it. */
  readonly changedMs: number;
}

/** More than can be read, and some tens of megabytes. */
const instancesMax = 100_000;

export class WatchedInstances {
  /** By app, by instance. */
  readonly #apps = new Map<string, Map<string, WatchedInstance>>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get isTooMany(): boolean {
    return this.#count > instancesMax;
  }

  /** Applies an event of the stream; other events change nothing. */
  apply(event: string, data: Fields): void {
    if (event === 'gap') this.#forget();
    else if (event === 'snapshot') this.#replace(data);
    else if ('matches' in data) this.#change(data);
  }

  /** Trouble first, then in the order of their names, so that lines stay where they are. */
  sorted(): WatchedInstance[] {
    return [...this.#apps.values()].flatMap((instances) => [...instances.values()]).sort(byTrouble);
  }

  #forget(): void {
    this.#apps.clear();
    this.#count = 0;
  }

  #replace(data: Fields): void {
    const app = appField(data);
    this.#count -= this.#apps.get(app)?.size ?? 0;
    const instances = fieldsList(data, 'instances').map(
      (one) => [textField(one, 'instance'), watched(app, one)] as const,
    );
    const map = new Map(instances);
    this.#count += map.size;
    if (map.size > 0) this.#apps.set(app, map);
    else this.#apps.delete(app);
  }

  #change(data: Fields): void {
    const app = appField(data);
    const id = textField(data, 'instance');
    const instances = this.#apps.get(app) ?? new Map<string, WatchedInstance>();
    const before = instances.size;
    const after = data['after'];
    if (data['matches'] === true && typeof after === 'object' && after !== null)
      instances.set(id, watched(app, after as Fields));
    else instances.delete(id);
    this.#count += instances.size - before;
    if (instances.size > 0) this.#apps.set(app, instances);
    else this.#apps.delete(app);
  }
}

/** An instance as the API shows it. */
export function watched(app: string, document: Fields): WatchedInstance {
  const field = (name: string): string => textField(document, name);
  return {
    name: `${app}/${field('instance')}`,
    state: stateOf(document),
    why: troubleOf(document, Date.now()),
    addrs: field('addrs'),
    version: field('version'),
    zone: field('zone'),
    changedMs: Date.parse(field('updatedAt')),
  };
}
