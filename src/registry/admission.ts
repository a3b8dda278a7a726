// Whether a new instance may be made at a place: there is room, and its names mean nothing else yet.

import type { Address } from '../model/address.ts';
import type { InstanceKey } from '../model/names.ts';
import type { RegisterOutcome } from '../model/outcome.ts';
import { problem } from '../model/problem.ts';
import type { Catalogue } from '../runtime/catalogue.ts';
import type { App } from './apps/app.ts';
import type { RegistryOptions } from './options.ts';

export class Admission {
  readonly #options: RegistryOptions;
  readonly #apps: Catalogue<App>;
  readonly #leases: { readonly size: number };

  constructor(
    options: RegistryOptions,
    state: { readonly apps: Catalogue<App>; readonly leases: { readonly size: number } },
  ) {
    this.#options = options;
    this.#apps = state.apps;
    this.#leases = state.leases;
  }

  /** Why no new instance with these addresses can be made at `key`. `app`: that of the key, where there is one. */
  refusal(app: App | undefined, key: InstanceKey, addrs: readonly Address[]): RegisterOutcome | undefined {
    const { instancesMax, instancesPerAppMax, appsMax = instancesMax } = this.#options;
    if (this.#leases.size >= instancesMax) {
      return full('instances', 'instance', `cannot be added: the registry is full, it holds ${instancesMax} instances`);
    }
    if (app !== undefined) {
      if (app.size < instancesPerAppMax) return undefined;
      return full(
        'instances-per-app',
        'instance',
        `cannot be added: the app is full, it holds ${instancesPerAppMax} instances`,
      );
    }
    if (this.#apps.size >= appsMax)
      return full('apps', 'appid', `cannot be added: the registry is full, it holds ${appsMax} apps`);
    const name = `${key.appid}.${key.env}`;
    const reserved = this.#options.isReserved?.(name, addrs) ?? this.#isInstanceName(key.env, key.appid);
    return reserved === undefined ? undefined : { kind: 'conflict', problem: problem('appid', reserved, key.appid) };
  }

  /** `app`: that of the key, where there is one. A label that is another instance's id is that one's, whatever label it has. */
  isLabelTaken(app: App | undefined, { env, appid }: InstanceKey, label: string): boolean {
    return app?.isTaken(label, label) === true || this.#apps.at(env, `${label}.${appid}`) !== undefined;
  }

  /**
   * An appid that is, or lies below, the DNS name of another app's instance: the longest registered appid wins a
   * look-up, so it would hide that instance and lead its SRV targets astray.
   */
  #isInstanceName(env: string, appid: string): string | undefined {
    const labels = appid.split('.');
    for (let i = 1; i < labels.length; i++) {
      const owner = labels.slice(i).join('.');
      const hidden = this.#apps.app(env, owner)?.byLabel(labels[i - 1] as string);
      if (hidden !== undefined) return `would hide the name of instance ${hidden.instance.instance} of app ${owner}`;
    }
    return undefined;
  }
}

type Full = Extract<RegisterOutcome, { readonly kind: 'full' }>;

function full(what: Full['what'], field: string, text: string): Full {
  return { kind: 'full', what, problem: problem(field, text) };
}
