// The apps that have instances at one address. Where there are many, what is asked about them (PTR) is to cost its answer and
// not them, so it is kept up with every change: of each app the instances that are up, and of more apps than an answer has
// records an order to draw from.

import type { Instance } from '../../../model/instance.ts';
import { recordsPerRRsetMax } from '../../message/rotation.ts';
import { WeightedTexts } from '../apps/weighted-texts.ts';

export interface AppAtAddress {
  readonly env: string;
  readonly appid: string;
  /** Of its instances that are up. */
  readonly labels: ReadonlySet<string>;
}

interface KeptApp extends AppAtAddress {
  readonly labels: Set<string>;
}

export class AppsAtAddress {
  /** Those with an instance that is up, in the order of arrival. */
  readonly #apps = new Map<string, KeptApp>();
  /** Made when it is first asked for. */
  #order: WeightedTexts | undefined;
  /** Instances that were added, whatever their status. */
  instances = 0;

  add(instance: Instance): void {
    this.instances++;
    if (instance.status !== 'up') return;
    const { env, appid, label } = instance;
    const key = keyOf(instance);
    let app = this.#apps.get(key);
    if (app === undefined) {
      app = { env, appid, labels: new Set() };
      this.#apps.set(key, app);
      this.#order?.set(key, 0, 1);
    }
    app.labels.add(label);
  }

  /** Precondition: it was added as it is. */
  delete(instance: Instance): void {
    this.instances--;
    const key = keyOf(instance);
    const app = this.#apps.get(key);
    if (app?.labels.delete(instance.label) !== true || app.labels.size > 0) return;
    this.#apps.delete(key);
    this.#order?.set(key, 1, 0);
  }

  /** Apps with an instance that is up. */
  get size(): number {
    return this.#apps.size;
  }

  /** All of them, or as many as an answer may have records: the same for equal starts, on every thread and node. */
  choose(start: number): readonly AppAtAddress[] {
    if (this.#apps.size <= recordsPerRRsetMax) return [...this.#apps.values()];
    if (this.#order === undefined) {
      this.#order = new WeightedTexts();
      for (const key of this.#apps.keys()) this.#order.set(key, 0, 1);
    }
    return this.#order.draw(recordsPerRRsetMax, start).texts.map((key) => this.#apps.get(key) as KeptApp);
  }
}

/** Neither has a space in it. */
function keyOf({ env, appid }: Instance): string {
  return `${env} ${appid}`;
}
