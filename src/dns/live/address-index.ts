// Instances by their addresses, which DNS asks for and the registry does not keep. Fed by the change stream, so it is
// exact when a write has been answered; leases are not in it, since renewals are no changes. A block is a name between
// an address and its tree's top: it exists (as an empty non-terminal) as long as an address lies below, so each counts
// the blocks and addresses right below it.
// In little memory: addresses are found by the text that the instance has anyway, and most lead to one instance, which
// stands in its entry itself.

import { octetsOf } from '../../registry/address.ts';
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
    return entry instanceof Map ? entry.values() : entry && [entry];
  }

  /** True where some address lies below. */
  isThere(block: Block): boolean {
    return this.#below.get(block) !== undefined;
  }

  #add(instance: Instance): void {
    for (const [host, octets] of addressesOf(instance)) {
      const entry = this.#entries.get(host);
      if (entry instanceof Map) entry.set(identity(instance), instance);
      else if (entry !== undefined) {
        this.#entries.set(host, new Map([entry, instance].map((one) => [identity(one), one])));
      } else {
        this.#entries.set(host, instance);
        this.#lead(host, octets);
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
    if (entry instanceof Map) {
      entry.delete(identity(instance));
      if (entry.size > 0) return false;
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

function isSame(a: Instance, b: Instance): boolean {
  return a.label === b.label && a.appid === b.appid && a.env === b.env;
}

/** Labels, appids and envs have no space in them. */
function identity({ env, appid, label }: Instance): string {
  return `${label} ${appid} ${env}`;
}
