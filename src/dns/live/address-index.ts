// Instances by their addresses, which DNS asks for and the registry does not keep. Fed by the change stream, so it is
// exact when a write has been answered; leases are not in it, since renewals are no changes. A block is a name between
// an address and its tree's top: it exists (as an empty non-terminal) as long as an address lies below, so each counts
// the blocks and addresses right below it.
// In little memory: addresses are found by the text that the instance has anyway, and most lead to one instance, which
// stands in its entry itself.

import { type Address, octetsOf } from '../../registry/address.ts';
import type { Instance } from '../../registry/instance.ts';
import type { Name } from '../name.ts';
import type { InstanceChange } from './instance-change.ts';
import { aboveBlock, type Block, blockOf, blockOfAddress, isTop, reverseApex } from './reverse-name.ts';
import { SpreadMap } from './spread-map.ts';

/** One instance; or several in order of arrival, each under the text that is unique to it. */
type Entry = Instance | Map<string, Instance>;

export interface ZoneListener {
  /** The first address of this zone (its apex) is registered. */
  opened(apex: Name): void;
  /** No address of this zone is registered any more. */
  closed(apex: Name): void;
}

export class AddressIndex {
  readonly #listener: ZoneListener;
  readonly #entries = new SpreadMap<Entry>();
  /** What is right below a block: boxed, since at a million instances each look-up counts. */
  readonly #below = new SpreadMap<{ count: number }>();

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
    return entry instanceof Map ? entry.values() : entry && [entry];
  }

  /** True where some address lies below. */
  isThere(block: Block): boolean {
    return this.#below.get(block) !== undefined;
  }

  #add(instance: Instance): void {
    for (const address of addressesOf(instance)) {
      const { host } = address;
      const entry = this.#entries.get(host);
      if (entry instanceof Map) entry.set(identity(instance), instance);
      else if (entry !== undefined) {
        this.#entries.set(host, new Map([entry, instance].map((one) => [identity(one), one])));
      } else {
        this.#entries.set(host, instance);
        this.#lead(address);
      }
    }
  }

  #remove(instance: Instance): void {
    for (const address of addressesOf(instance)) {
      if (this.#removeFrom(address.host, instance)) this.#leadNoMore(address);
    }
  }

  /** True where the address has nobody left. */
  #removeFrom(host: string, instance: Instance): boolean {
    const entry = this.#entries.get(host);
    if (entry instanceof Map) {
      entry.delete(identity(instance));
      if (entry.size > 0) return false;
    } else if (entry === undefined || !isSame(entry, instance)) return false;
    this.#entries.delete(host);
    return true;
  }

  /** Ends at the first block that was there. */
  #lead(address: Address): void {
    for (let block = blockOfAddress(address); ; block = aboveBlock(block)) {
      const below = this.#below.get(block);
      if (below !== undefined) {
        below.count++;
        return;
      }
      this.#below.set(block, { count: 1 });
      const apex = reverseApex(octetsOf(address));
      if (blockOf(apex) === block) this.#listener.opened(apex);
      if (isTop(block)) return;
    }
  }

  #leadNoMore(address: Address): void {
    for (let block = blockOfAddress(address); ; block = aboveBlock(block)) {
      const below = this.#below.get(block);
      if (below !== undefined && --below.count > 0) return;
      this.#below.delete(block);
      const apex = reverseApex(octetsOf(address));
      if (blockOf(apex) === block) this.#listener.closed(apex);
      if (isTop(block)) return;
    }
  }
}

/** Each once. */
function addressesOf({ addrs }: Instance): Iterable<Address> {
  const [only] = addrs;
  if (only !== undefined && addrs.length === 1) return only.family === 'name' ? [] : addrs;
  const addresses = new Map<string, Address>();
  for (const address of addrs) if (address.family !== 'name') addresses.set(address.host, address);
  return addresses.values();
}

function isSame(a: Instance, b: Instance): boolean {
  return a.label === b.label && a.appid === b.appid && a.env === b.env;
}

/** Labels, appids and envs have no space in them. */
function identity({ env, appid, label }: Instance): string {
  return `${label} ${appid} ${env}`;
}
