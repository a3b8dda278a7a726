// PTR of registered addresses: the apps that answer with them. One object for all reverse zones: a name itself has
// where it belongs. It hears of changes, keeps its index, and for an address that no zone contains it has one put into
// the table.
// Of more than 100 apps at an address a choice answers, which changes with the epoch (epoch.ts). A PTR is right for as long
// as one instance of its app is there, so of very many instances the leases of some bound it.

import { servicesOf } from '../../../model/compact-instance.ts';
import type { Instance } from '../../../model/instance.ts';
import type { HostsView, LeasedInstance, RegistryView } from '../../../model/view.ts';
import { textHash } from '../../../runtime/text-hash.ts';
import { type Rdata, type RRset, RRType } from '../../message/message.ts';
import { type Name, nameOf, nameToText } from '../../message/name.ts';
import { recordsPerRRsetMax } from '../../message/rotation.ts';
import { emptyNonTerminal, type LiveNames, type Node, type NodeData, withSerial } from '../../zone/zone.ts';
import { epochAt, startOf } from '../apps/epoch.ts';
import type { InstanceChange } from '../apps/instance-change.ts';
import type { Explanations } from '../records/explanations.ts';
import { boundMs, suspectNote, ttlOf } from '../records/suspect-instances.ts';
import { AddressIndex, type ZoneListener } from './address-index.ts';
import type { AppAtAddress, AppsAtAddress } from './apps-at-address.ts';
import { readReverse } from './reverse-name.ts';

export interface ReverseZonesDeps extends ZoneListener {
  readonly origin: Name;
  readonly view: RegistryView;
  readonly explanations: Explanations;
  /** The time of day. */
  wallMs(): number;
}

/** Instances whose leases are looked at for an answer. */
const looksMax = 128;
/** A choice of apps lasts as long as the default TTL of instances. */
const choiceSeconds = 5;

const onlyPointers: NodeData = { rrset: undefined, reason: 'names of addresses have no records but PTR' };

export class ReverseZones implements LiveNames {
  readonly #deps: ReverseZonesDeps;
  readonly #index: AddressIndex;
  /** The registry's revision at the last change that an answer shows: the serial. */
  #changedAt: number;
  #revision = 0;

  constructor(deps: ReverseZonesDeps) {
    this.#deps = deps;
    this.#changedAt = deps.view.revision;
    this.#index = new AddressIndex(deps, deps.view);
  }

  /** Who is at an address. */
  get hosts(): HostsView {
    return this.#index.hosts;
  }

  /** Moves when an answer does, not with every change of the registry. */
  get revision(): number {
    return this.#revision;
  }

  get serial(): number {
    return this.#changedAt % 2 ** 32;
  }

  withSerial(soa: RRset): RRset {
    return withSerial(soa, this.serial);
  }

  /** What is laid around these names is another: their serial moves along with the registry's revision. */
  touched(): void {
    this.#changedAt = this.#deps.view.revision;
    this.#revision++;
  }

  /** A lease ends earlier than announced. */
  shortened(instance: Instance): void {
    if (hasAddress(instance)) this.#revision++;
  }

  /** A change listener. */
  changed(change: InstanceChange): void {
    if (hasOtherPtrs(change)) {
      this.#changedAt = change.revision;
      this.#revision++;
    }
    this.#index.changed(change);
  }

  node(name: Name, nowMs: number): Node | undefined {
    const read = readReverse(name);
    const apps = read !== undefined && 'host' in read ? this.#index.apps(read.host) : undefined;
    if (apps !== undefined) {
      const rrset = (type: number) => (type === RRType.PTR ? this.#pointers(name, apps, nowMs) : onlyPointers);
      return { source: this, rrset, types: () => [RRType.PTR] };
    }
    if (read !== undefined && 'block' in read && this.#index.isThere(read.block))
      return { source: this, rrset: () => emptyNonTerminal, types: () => [] };
    return this.#deps.explanations.node(name, nowMs, this);
  }

  absence(name: Name): string {
    return `no instance is registered at the address of ${nameToText(name)}`;
  }

  #pointers(owner: Name, apps: AppsAtAddress, nowMs: number): NodeData {
    const { size } = apps;
    if (size === 0) return { rrset: undefined, reason: 'the instances at this address are all waiting' };
    const isPartial = size > recordsPerRRsetMax;
    const epoch = epochAt(choiceSeconds, { nowMs, wallMs: this.#deps.wallMs() });
    const targets = apps.choose(startOf(textHash(owner), epoch.number));
    const answered = this.#leasedOf(targets);
    let ttl = isPartial ? choiceSeconds : Number.POSITIVE_INFINITY;
    let deadlineMs = Number.POSITIVE_INFINITY;
    for (const leased of answered) {
      ttl = Math.min(ttl, ttlOf(leased, nowMs));
      deadlineMs = Math.min(deadlineMs, boundMs(leased, nowMs));
    }
    const rdatas = targets.map(
      ({ env, appid }): Rdata => [nameOf([...appid.split('.'), env], this.#deps.origin) as Name],
    );
    const suspects = suspectNote(answered, this.#deps.view, nowMs);
    const count = size === 1 ? '1 app has' : `${size} apps have`;
    const choice = isPartial ? `; ${recordsPerRRsetMax} of them, chosen anew every ${choiceSeconds} s` : '';
    const reason = `${count} an instance at this address${choice}${suspects === undefined ? '' : `; ${suspects.reason}`}`;
    const validUntilMs = Math.min(deadlineMs - ttl * 1000, isPartial ? epoch.untilMs : Number.POSITIVE_INFINITY);
    const data = { rrset: { owner, type: RRType.PTR, ttl, rdatas }, validUntilMs, reason };
    if (suspects !== undefined) return { ...data, caveat: suspects };
    return isPartial ? { ...data, caveat: { kind: 'partial' } } : data;
  }

  /** Those whose leases bound the answer: all that are up, or of each app some, of which one is enough to make it right. */
  #leasedOf(targets: readonly AppAtAddress[]): readonly LeasedInstance[] {
    const all = targets.reduce((sum, { labels }) => sum + labels.size, 0);
    const ofEach = all <= looksMax ? all : Math.max(1, Math.floor(looksMax / targets.length));
    const found: LeasedInstance[] = [];
    for (const { env, appid, labels } of targets) {
      const app = this.#deps.view.at(env, appid);
      let left = ofEach;
      for (const label of labels) {
        if (left-- === 0) break;
        const leased = app === undefined || app === 'within' ? undefined : app.byLabel(label);
        if (leased !== undefined) found.push(leased);
      }
    }
    return found;
  }
}

function hasOtherPtrs({ before, after }: InstanceChange): boolean {
  if (before === undefined || after === undefined) return hasAddress((after ?? before) as Instance);
  return ptrInputs(before) !== ptrInputs(after);
}

function hasAddress(instance: Instance): boolean {
  return servicesOf(instance).some(({ family }) => family !== 'name');
}

/** What of an instance decides its PTRs: hosts, status and TTL; '' for one without an address, or none. */
function ptrInputs({ addrs, status, dnsTtl, leaseSeconds }: Instance): string {
  const hosts = addrs.filter(({ family }) => family !== 'name').map(({ host }) => host);
  if (hosts.length === 0) return '';
  return [status, dnsTtl, leaseSeconds, ...new Set(hosts)].join(' ');
}
