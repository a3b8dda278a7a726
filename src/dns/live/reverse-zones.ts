// PTR of registered addresses: the apps that answer with them. One object for all reverse zones: a name says by itself
// where it belongs. It hears of changes, keeps its index, and for an address that no zone contains it has one put into
// the table.

import { octetsOf } from '../../registry/address.ts';
import type { Change } from '../../registry/change.ts';
import type { Instance } from '../../registry/instance.ts';
import type { LeasedInstance, RegistryView } from '../../registry/view.ts';
import { type Rdata, type RRset, RRType } from '../message.ts';
import { type Name, nameOf, nameToText, parentOf } from '../name.ts';
import { recordsPerRRsetMax } from '../rotation.ts';
import { emptyNonTerminal, type LiveNames, type Node, type NodeData, withSerial } from '../zone.ts';
import type { Explanations } from './explanations.ts';
import { InstanceIndex } from './instance-index.ts';
import { boundMs, keptNote, ttlOf } from './kept-instances.ts';
import { isReverse, reverseApex, reverseName } from './reverse-name.ts';

export interface ReverseZonesDeps {
  readonly origin: Name;
  readonly view: RegistryView;
  readonly explanations: Explanations;
  /** An address of this zone is registered; called for every one. */
  opened(apex: Name): void;
  /** No address of this zone is registered any more. */
  closed(apex: Name): void;
}

const onlyPointers: NodeData = { rrset: undefined, reason: 'names of addresses have no records but PTR' };

export class ReverseZones implements LiveNames {
  readonly #deps: ReverseZonesDeps;
  readonly #index: InstanceIndex;
  #revision: number;

  constructor(deps: ReverseZonesDeps) {
    this.#deps = deps;
    this.#revision = deps.view.revision;
    this.#index = new InstanceIndex((instance) => addressesOf(instance).map(reverseName), parentsOf);
  }

  /** Moves when an answer does, not with every change of the registry. */
  get revision(): number {
    return this.#revision;
  }

  get serial(): number {
    return this.#revision % 2 ** 32;
  }

  withSerial(soa: RRset): RRset {
    return withSerial(soa, this.serial);
  }

  /** What is laid around these names is another: their serial moves along with the registry's revision. */
  touched(): void {
    this.#revision = this.#deps.view.revision;
  }

  /** A change listener. */
  changed(change: Change): void {
    const before = change.before === undefined ? [] : addressesOf(change.before);
    const after = change.after === undefined ? [] : addressesOf(change.after);
    if (saidBy(change.before) !== saidBy(change.after)) this.#revision = change.revision;
    this.#index.changed(change);
    for (const octets of after) this.#deps.opened(reverseApex(octets));
    for (const octets of before) {
      const apex = reverseApex(octets);
      if (!this.#index.isParent(apex)) this.#deps.closed(apex);
    }
  }

  node(name: Name, nowMs: number): Node | undefined {
    const instances = this.#index.instances(name);
    if (instances !== undefined) {
      const rrset = (type: number) => (type === RRType.PTR ? this.#pointers(name, instances, nowMs) : onlyPointers);
      return { source: this, rrset, types: () => [RRType.PTR] };
    }
    if (this.#index.isParent(name)) return { source: this, rrset: () => emptyNonTerminal, types: () => [] };
    return this.#deps.explanations.node(name, nowMs, this);
  }

  absence(name: Name): string {
    return `no instance is registered at the address of ${nameToText(name)}`;
  }

  #pointers(owner: Name, instances: Iterable<Instance>, nowMs: number): NodeData {
    const targets = new Map<Name, Rdata>();
    const shown: LeasedInstance[] = [];
    let isPartial = false;
    let ttl = Number.POSITIVE_INFINITY;
    let deadlineMs = Number.POSITIVE_INFINITY;
    for (const { env, appid, label, status } of instances) {
      const app = this.#deps.view.at(env, appid);
      const leased = app === undefined || app === 'within' ? undefined : app.byLabel(label);
      if (leased === undefined || status !== 'up') continue;
      const target = nameOf([...appid.split('.'), env], this.#deps.origin) as Name;
      if (targets.size === recordsPerRRsetMax && !targets.has(target)) {
        isPartial = true;
        continue;
      }
      targets.set(target, [target]);
      ttl = Math.min(ttl, ttlOf(leased, nowMs));
      deadlineMs = Math.min(deadlineMs, boundMs(leased, nowMs));
      shown.push(leased);
    }
    if (targets.size === 0) return { rrset: undefined, reason: 'the instances at this address are all waiting' };
    const rrset = { owner, type: RRType.PTR, ttl, rdatas: [...targets.values()] };
    const apps = targets.size === 1 ? '1 app has' : `${isPartial ? 'more than ' : ''}${targets.size} apps have`;
    const stale = keptNote(shown, this.#deps.view);
    const reason = `${apps} an instance at this address${stale === undefined ? '' : `; ${stale}`}`;
    const data = { rrset, validUntilMs: deadlineMs - ttl * 1000, reason, isPartial };
    return stale === undefined ? data : { ...data, stale };
  }
}

/** What of an instance decides its PTRs: hosts, status and TTL; '' for one without an address, or none. */
function saidBy(instance: Instance | undefined): string {
  const hosts = instance?.addrs.filter(({ family }) => family !== 'name').map(({ host }) => host) ?? [];
  if (instance === undefined || hosts.length === 0) return '';
  const { status, dnsTtl, leaseSeconds } = instance;
  return [status, dnsTtl, leaseSeconds, ...new Set(hosts)].join(' ');
}

function addressesOf({ addrs }: Instance): Uint8Array[] {
  return addrs.filter(({ family }) => family !== 'name').map(octetsOf);
}

/** The names between an address and the trees' tops. */
function* parentsOf(key: string): Generator<Name> {
  for (let name = parentOf(key as Name); isReverse(name); name = parentOf(name)) yield name;
}
