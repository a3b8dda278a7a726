// Which apps are large: with more addresses than an RRset may have records. For all others every instance is looked at for
// each answer that is made, which costs no more than writing the answer. A change listener; an app that shrinks stops being large
// at half of the limit, so that one whose size goes up and down around the limit is not made into numbers again and again.

import type { Instance } from '../../../model/instance.ts';
import type { AppView, RegistryView } from '../../../model/view.ts';
import { ByApp } from '../../../runtime/by-app.ts';
import { recordsPerRRsetMax } from '../../message/rotation.ts';
import type { InstanceChange } from './instance-change.ts';
import { LargeApp } from './large-app.ts';

const addressesMax = recordsPerRRsetMax;
const addressesKept = addressesMax / 2;

export class LargeApps {
  readonly #view: Pick<RegistryView, 'at'>;
  readonly #apps = new ByApp<LargeApp>();
  /** Addresses, where the view does not count them. */
  readonly #counts = new ByApp<number>();

  constructor(view: Pick<RegistryView, 'at'>) {
    this.#view = view;
  }

  of(app: Pick<AppView, 'env' | 'appid'>): LargeApp | undefined {
    return this.#apps.get(app);
  }

  /** The view shows the change already. */
  changed(change: InstanceChange): void {
    const { before, after } = change;
    const place = after ?? before;
    if (place === undefined) return;
    const app = this.#view.at(place.env, place.appid);
    const addresses = this.#addresses(app, place, change);
    const known = this.of(place);
    if (app === undefined || app === 'within' || (known !== undefined && addresses <= addressesKept)) {
      this.#apps.delete(place);
    } else if (known !== undefined) known.changed(before, after);
    else if (addresses > addressesMax) this.#apps.set(place, new LargeApp(app));
  }

  #addresses(app: AppView | 'within' | undefined, place: Instance, { before, after }: InstanceChange): number {
    if (typeof app === 'object' && app.addressCount !== undefined) return app.addressCount;
    const known = this.#counts.get(place) ?? 0;
    const count = known + (after?.addrs.length ?? 0) - (before?.addrs.length ?? 0);
    if (count > 0) this.#counts.set(place, count);
    else this.#counts.delete(place);
    return count;
  }
}
