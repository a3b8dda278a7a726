// The A records of an app whose instances are alike and few (see AppView.plainHosts), as numbers in the order of the answer:
// the order that service-selection.ts would give them, without an object for each record.

import type { ServeRecord } from '../../model/answers-held.ts';
import type { AppView, PlainHosts } from '../../model/view.ts';
import type { AnswerSource } from '../message/message.ts';
import type { Draws } from '../message/rotation.ts';
import type { PlainRecords } from '../zone/zone.ts';

export class PlainAddresses implements PlainRecords {
  #hosts: PlainHosts | undefined;
  #app: AppView | undefined;
  #addresses = new Int32Array(0);

  firsts: Uint8Array | undefined;

  /** Another app's, with the next turn. Valid until the next ones are set. */
  set(hosts: PlainHosts, app: AppView, draws: Draws): this {
    const { count } = hosts;
    this.#hosts = hosts;
    this.#app = app;
    this.firsts = undefined;
    if (this.#addresses.length < hosts.hosts.length) this.#addresses = new Int32Array(hosts.hosts.length);
    const addresses = this.#addresses;
    addresses[0] = hosts.hosts[0] as number;
    if (count < 2) return this;
    const { order, rotation } = draws.ofEquals(count);
    this.firsts = rotation?.firsts;
    const shift = Math.floor(draws.next() * count);
    for (let at = 0; at < count; at++) {
      const place = (order[at] as number) + shift;
      addresses[at] = hosts.hosts[place < count ? place : place - count] as number;
    }
    return this;
  }

  get count(): number {
    return this.#hosts?.count ?? 0;
  }

  get ttlSeconds(): number {
    return this.#hosts?.ttlSeconds ?? 0;
  }

  address(at: number): number {
    return this.#addresses[at] as number;
  }

  get source(): AnswerSource {
    return this.#app as AppView;
  }

  served(nowMs: number): void {
    this.#hosts?.served(nowMs);
  }

  kept(nowMs: number): ServeRecord {
    return (this.#hosts as PlainHosts).kept(nowMs);
  }
}
