// Which addresses are registered, by whom, and which blocks they lie in, which DNS asks for and the registry does not keep.
// Fed by the change stream, so it is exact when a write has been answered; leases are not in it, since renewals are no
// changes. A block is a name between an address and its tree's top: it exists (as an empty non-terminal) as long as an
// address lies below, so each counts the blocks and addresses right below it.
// Of an address with many instances that was asked about, their apps are kept (apps-at-address.ts).
// Limits: the first question about such an address looks at each of its instances; what is kept has `keptInstancesMax` of them
// in all, and the address that was first asked about is let go for another.

import type { Instance } from '../../../model/instance.ts';
import { parseIpv4, parseIpv6 } from '../../../model/ip.ts';
import type { HostsView, RegistryView } from '../../../model/view.ts';
import { ShardedMap } from '../../../runtime/sharded-map.ts';
import type { Name } from '../../message/name.ts';
import { HostInstances, hostsOf } from '../apps/host-instances.ts';
import type { InstanceChange } from '../apps/instance-change.ts';
import { AppsAtAddress } from './apps-at-address.ts';
import { aboveBlock, type Block, blockOfAddress, isTop, ownZone } from './reverse-name.ts';

const none: readonly string[] = [];
/** Of so few all are looked at for each answer. */
const walkedMax = 32;
/** Some hundred octets each. */
const keptInstancesMax = 200_000;

export interface ZoneListener {
  /** An address is registered that is a zone of its own (its apex). */
  opened(apex: Name): void;
  /** It is registered no more. */
  closed(apex: Name): void;
}

export class AddressIndex {
  readonly #listener: ZoneListener;
  readonly hosts: HostsView;
  /** The same, where the view has none. */
  readonly #own: HostInstances | undefined;
  /** Of addresses with many instances, the one that was first asked about first. */
  readonly #kept = new Map<string, AppsAtAddress>();
  #keptInstances = 0;
  /** What is right below a block: boxed, since at a million instances each look-up counts. */
  readonly #below = new ShardedMap<{ count: number }>();

  constructor(listener: ZoneListener, view: Pick<RegistryView, 'hosts'>) {
    this.#listener = listener;
    this.#own = view.hosts === undefined ? new HostInstances() : undefined;
    this.hosts = view.hosts ?? (this.#own as HostInstances);
  }

  /** A change listener; the view shows the change already. */
  changed({ before, after }: InstanceChange): void {
    if (before !== undefined) this.#own?.delete(before);
    if (after !== undefined) this.#own?.add(after);
    const had = before === undefined ? none : [...hostsOf(before)];
    const has = after === undefined ? none : [...hostsOf(after)];
    if (this.#kept.size > 0) {
      for (const host of had) this.#deleteKept(host, before as Instance);
      for (const host of has) this.#addKept(host, after as Instance);
    }
    for (const host of has) if (!had.includes(host) && this.hosts.count(host) === 1) this.#lead(host);
    for (const host of had) if (!has.includes(host) && this.hosts.count(host) === 0) this.#leadNoMore(host);
  }

  /** The apps of those with this address, as its canonical text; no instance has it: undefined. Valid until the next change. */
  apps(host: string): AppsAtAddress | undefined {
    const known = this.#kept.get(host);
    if (known !== undefined) return known;
    const instances = this.hosts.at(host);
    if (instances === undefined) return undefined;
    const apps = new AppsAtAddress();
    for (const instance of instances) apps.add(instance);
    if (apps.instances > walkedMax) this.#keep(host, apps);
    return apps;
  }

  #keep(host: string, apps: AppsAtAddress): void {
    this.#kept.set(host, apps);
    this.#keptInstances += apps.instances;
    for (const other of this.#kept.keys()) {
      if (this.#keptInstances <= keptInstancesMax || other === host) return;
      this.#letGo(other);
    }
  }

  #letGo(host: string): void {
    this.#keptInstances -= this.#kept.get(host)?.instances ?? 0;
    this.#kept.delete(host);
  }

  #addKept(host: string, instance: Instance): void {
    const apps = this.#kept.get(host);
    if (apps === undefined) return;
    apps.add(instance);
    this.#keptInstances++;
  }

  #deleteKept(host: string, instance: Instance): void {
    const apps = this.#kept.get(host);
    if (apps === undefined) return;
    apps.delete(instance);
    this.#keptInstances--;
    if (apps.instances <= walkedMax / 2) this.#letGo(host);
  }

  /** True where some address lies below. */
  isThere(block: Block): boolean {
    return this.#below.get(block) !== undefined;
  }

  /** Ends at the first block that was there. */
  #lead(host: string): void {
    const apex = ownZone(octetsOf(host));
    if (apex !== undefined) this.#listener.opened(apex);
    for (let block = blockOfAddress(host); ; block = aboveBlock(block)) {
      const below = this.#below.get(block);
      if (below !== undefined) {
        below.count++;
        return;
      }
      this.#below.set(block, { count: 1 });
      if (isTop(block)) return;
    }
  }

  #leadNoMore(host: string): void {
    const apex = ownZone(octetsOf(host));
    if (apex !== undefined) this.#listener.closed(apex);
    for (let block = blockOfAddress(host); ; block = aboveBlock(block)) {
      const below = this.#below.get(block);
      if (below !== undefined && --below.count > 0) return;
      this.#below.delete(block);
      if (isTop(block)) return;
    }
  }
}

function octetsOf(host: string): Uint8Array {
  return (parseIpv4(host) ?? parseIpv6(host)) as Uint8Array;
}
