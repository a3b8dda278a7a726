// Instances by their addresses, which DNS asks for and the registry does not keep. Fed by the change stream, so it is
// exact when a write has been answered; leases are not in it, since renewals are no changes. A block is a name between
// an address and its tree's top: it exists (as an empty non-terminal) as long as an address lies below, so each counts
// the blocks and addresses right below it.
// In little memory: most instances have one address and most addresses one instance, which then stands in the index by
// itself and says its address when it is asked.

import { type Address, octetsOf } from '../../registry/address.ts';
import type { Instance } from '../../registry/instance.ts';
import type { Name } from '../name.ts';
import type { InstanceChange } from './instance-change.ts';
import { aboveBlock, type Block, blockOf, blockOfAddress, isTop, reverseApex } from './reverse-name.ts';
import { SpreadMap } from './spread-map.ts';
import { SpreadSet } from './spread-set.ts';

/** An instance without another address, alone at its own; or what is at an address. */
type Entry = Instance | Shared;

/** In order of arrival, each under the text that is unique to it. */
interface Shared {
  readonly host: string;
  readonly instances: Map<string, Instance>;
}

export interface ZoneListener {
  /** The first address of this zone (its apex) is registered. */
  opened(apex: Name): void;
  /** No address of this zone is registered any more. */
  closed(apex: Name): void;
}

export class AddressIndex {
  readonly #listener: ZoneListener;
  readonly #entries = new SpreadSet<Entry>(hostOf);
  readonly #below = new SpreadMap<number>();

  constructor(listener: ZoneListener) {
    this.#listener = listener;
  }

  /** A change listener. */
  changed(change: InstanceChange): void {
    if (change.before !== undefined) this.#remove(change.before);
    if (change.after !== undefined) this.#add(change.after);
  }

  /** Those with this address, as its canonical text; none: undefined. */
  instances(host: string): Iterable<Instance> | undefined {
    const entry = this.#entries.get(host);
    if (entry === undefined) return undefined;
    return 'instances' in entry ? entry.instances.values() : [entry];
  }

  /** True where some address lies below. */
  isThere(block: Block): boolean {
    return this.#below.get(block) !== undefined;
  }

  #add(instance: Instance): void {
    for (const [host, octets] of addressesOf(instance)) {
      const entry = this.#entries.get(host);
      if (entry === undefined) this.#lead(host, octets);
      if (entry !== undefined && 'instances' in entry) entry.instances.set(identity(instance), instance);
      else if (entry === undefined && instance.addrs.length === 1) this.#entries.set(instance);
      else {
        const all = entry === undefined ? [instance] : [entry, instance];
        this.#entries.set({ host, instances: new Map(all.map((one) => [identity(one), one])) });
      }
    }
  }

  #remove(instance: Instance): void {
    for (const [host, octets] of addressesOf(instance)) {
      if (this.#removeFrom(host, instance)) this.#leadNoMore(host, octets);
    }
  }

  /** True where the address has nobody left. */
  #removeFrom(host: string, instance: Instance): boolean {
    const entry = this.#entries.get(host);
    if (entry !== undefined && 'instances' in entry) {
      entry.instances.delete(identity(instance));
      if (entry.instances.size > 0) return false;
    } else if (entry === undefined || !isSame(entry, instance)) return false;
    this.#entries.delete(host);
    return true;
  }

  /** Ends at the first block that was there. */
  #lead(host: string, octets: Uint8Array): void {
    for (let block = blockOfAddress(host, octets); ; block = aboveBlock(block)) {
      const count = this.#below.get(block) ?? 0;
      this.#below.set(block, count + 1);
      if (count > 0) return;
      const apex = reverseApex(octets);
      if (blockOf(apex) === block) this.#listener.opened(apex);
      if (isTop(block)) return;
    }
  }

  #leadNoMore(host: string, octets: Uint8Array): void {
    for (let block = blockOfAddress(host, octets); ; block = aboveBlock(block)) {
      const count = (this.#below.get(block) ?? 1) - 1;
      if (count > 0) {
        this.#below.set(block, count);
        return;
      }
      this.#below.delete(block);
      const apex = reverseApex(octets);
      if (blockOf(apex) === block) this.#listener.closed(apex);
      if (isTop(block)) return;
    }
  }
}

/** Each once, as text and octets. */
function addressesOf({ addrs }: Instance): ReadonlyMap<string, Uint8Array> {
  const addresses = new Map<string, Uint8Array>();
  for (const address of addrs) if (address.family !== 'name') addresses.set(address.host, octetsOf(address));
  return addresses;
}

function hostOf(entry: Entry): string {
  return 'host' in entry ? entry.host : (entry.addrs[0] as Address).host;
}

function isSame(a: Instance, b: Instance): boolean {
  return a.label === b.label && a.appid === b.appid && a.env === b.env;
}

/** Labels, appids and envs have no space in them. */
function identity({ env, appid, label }: Instance): string {
  return `${label} ${appid} ${env}`;
}
