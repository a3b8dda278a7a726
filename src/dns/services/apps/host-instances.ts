// Instances by their addresses. In little memory: most instances have one address and most addresses one instance, which
// then is its own entry in the index, with its address read when needed.

import type { Address } from '../../../model/address.ts';
import { onlyIpv4Of } from '../../../model/compact-instance.ts';
import type { Instance } from '../../../model/instance.ts';
import { ipv4OfNumber } from '../../../model/ip.ts';
import type { HostsView } from '../../../model/view.ts';
import { ShardedSet } from '../../../runtime/sharded-set.ts';

/** An instance without another address, alone at its own; or what is at an address. */
type Entry = Instance | Shared;

/** In order of arrival, each under the text that is unique to it. */
interface Shared {
  readonly host: string;
  readonly instances: Map<string, Instance>;
}

export class HostInstances implements HostsView {
  readonly #entries = new ShardedSet<Entry>(hostOf);

  at(host: string): Iterable<Instance> | undefined {
    const entry = this.#entries.get(host);
    if (entry === undefined) return undefined;
    return 'instances' in entry ? entry.instances.values() : [entry];
  }

  count(host: string): 0 | 1 | 2 {
    const entry = this.#entries.get(host);
    if (entry === undefined) return 0;
    return 'instances' in entry && entry.instances.size > 1 ? 2 : 1;
  }

  add(instance: Instance): void {
    for (const host of hostsOf(instance)) {
      const entry = this.#entries.get(host);
      if (entry !== undefined && 'instances' in entry) entry.instances.set(identity(instance), instance);
      else if (entry === undefined && instance.addrs.length === 1) this.#entries.set(instance);
      else {
        const all = entry === undefined ? [instance] : [entry, instance];
        this.#entries.set({ host, instances: new Map(all.map((one) => [identity(one), one])) });
      }
    }
  }

  delete(instance: Instance): void {
    for (const host of hostsOf(instance)) {
      const entry = this.#entries.get(host);
      if (entry !== undefined && 'instances' in entry) {
        entry.instances.delete(identity(instance));
        if (entry.instances.size > 0) continue;
      } else if (entry === undefined || identity(entry) !== identity(instance)) continue;
      this.#entries.delete(host);
    }
  }
}

/** Addresses, each once. */
export function hostsOf(instance: Instance): Iterable<string> {
  const ipv4 = onlyIpv4Of(instance);
  if (ipv4 !== undefined) return [ipv4OfNumber(ipv4)];
  const { addrs } = instance;
  const [only] = addrs as readonly [Address];
  if (addrs.length === 1) return only.family === 'name' ? [] : [only.host];
  return new Set(addrs.filter(({ family }) => family !== 'name').map(({ host }) => host));
}

function hostOf(entry: Entry): string {
  return 'host' in entry ? entry.host : (entry.addrs[0] as Address).host;
}

/** Labels, appids and envs have no space in them. */
function identity({ env, appid, label }: Instance): string {
  return `${label} ${appid} ${env}`;
}
