// Browsing (RFC 6763): `_services._dns-sd._udp.prod.svc` lists the service types of an env (§9), `_http._tcp.prod.svc`
// the instances of one (§4), and `orders-1~orders._http._tcp.prod.svc` is an instance with SRV and TXT (§5, §6). An
// instance's name is one label (§4.1.1): its own label, `~`, its appid, whose dots are inside the label.
// Of more than 100 types or instances a choice is listed, which changes with the epoch (epoch.ts) and goes by weight: first
// apps are drawn, by how many instances each has, then instances of these.
// Limits: a label has 63 octets, so an instance whose name is longer is found by DNS but not listed; of apps so many are
// drawn as have some `looksMax` instances in all.

import { hasPort, type NamedPort } from '../../model/compact-instance.ts';
import type { Instance } from '../../model/instance.ts';
import type { AppView, LeasedInstance, RegistryView } from '../../model/view.ts';
import { type AnswerSource, RRType } from '../message/message.ts';
import { childOf, type Name } from '../message/name.ts';
import {
  boundsOf,
  type Drawn,
  type Draws,
  type Plan,
  planDraws,
  planOrder,
  recordsPerRRsetMax,
  turnsFrom,
} from '../message/rotation.ts';
import { emptyNonTerminal, type Node, type NodeData } from '../zone/zone.ts';
import { type ChoiceEpoch, epochAt, seedOf, startOf } from './apps/epoch.ts';
import type { InstanceChange } from './apps/instance-change.ts';
import type { LargeApps } from './apps/large-apps.ts';
import { waitingNote } from './apps/waiting-note.ts';
import type { ServiceName } from './names/service-name.ts';
import { countOf } from './records/record-data.ts';
import { boundMs, suspectNote, ttlOf } from './records/suspect-instances.ts';
import { type AppsOfType, ServiceTypes, type TypesOfEnv } from './service-types.ts';

const onlyPointers: NodeData = { rrset: undefined, reason: 'names for browsing have no records but PTR' };
/** The list of types does not depend on a lease: it lasts as long as the default of instances, and so does a choice. */
const typesTtlSeconds = 5;

/** Instances that are looked at for a list of a type that has more: other queries wait behind it. */
const looksMax = 400;

const chosenNote = `, chosen anew every ${typesTtlSeconds} s`;

/** Occurs in neither part, and needs no escape in text. */
const separator = '~';

/** The meaning of a name for browsing: a list, a name between, or an instance that is advertised. */
export type BrowseName = Node | ServiceName;

export interface ServiceBrowseDeps {
  readonly view: RegistryView;
  readonly largeApps: LargeApps;
  readonly draws: Draws;
  /** The time of day. */
  wallMs(): number;
}

export class ServiceBrowse {
  readonly #view: RegistryView;
  readonly #deps: ServiceBrowseDeps;
  readonly #source: AnswerSource;
  readonly #draws: Draws;
  readonly #types = new ServiceTypes();

  constructor(deps: ServiceBrowseDeps) {
    const { view, draws } = deps;
    this.#deps = deps;
    this.#view = view;
    this.#source = {
      get revision() {
        return view.version;
      },
    };
    this.#draws = draws;
  }

  /** A change listener. */
  changed(change: InstanceChange): void {
    this.#types.changed(change);
  }

  /** `labels` are left of `env`, the last of them begins with an underscore. */
  find(labels: readonly string[], env: string, owner: Name, nowMs: number): BrowseName | undefined {
    const types = this.#types.of(env);
    if (types === undefined) return undefined;
    // A dot inside a label separates nothing; only an appid inside an instance's name has some.
    if (labels.slice(-2).some((label) => label.includes('.'))) return undefined;
    const path = labels.join('.');
    if (path === '_udp' || path === '_dns-sd._udp') return this.#between();
    if (path === '_services._dns-sd._udp') return this.#list(() => this.#typeList(types, owner, nowMs));
    if (path === '_tcp') return types.hasTcp ? this.#between() : undefined;
    const [portName, protocol] = labels.slice(-2) as [string, string];
    const apps = types.get(`${portName}.${protocol}`);
    if (apps === undefined || labels.length > 3) return undefined;
    if (labels.length === 2)
      return this.#list(() => this.#instanceList(apps, env, `${portName}.${protocol}`, owner, nowMs));
    return this.#advertised(labels[0] as string, env, portName, protocol);
  }

  #between(): Node {
    return { source: this.#source, types: () => [], rrset: () => emptyNonTerminal };
  }

  #list(pointers: () => NodeData): Node {
    return {
      source: this.#source,
      types: () => [RRType.PTR],
      rrset: (type) => (type === RRType.PTR ? pointers() : onlyPointers),
    };
  }

  #typeList(types: TypesOfEnv, owner: Name, nowMs: number): NodeData {
    // `_services._dns-sd._udp.prod.svc` -> `prod.svc`
    const env = owner.slice('\x09_services\x07_dns-sd\x04_udp'.length) as Name;
    const isAll = types.size <= recordsPerRRsetMax;
    const epoch = this.#epoch(nowMs);
    const drawn = isAll ? undefined : types.draw(recordsPerRRsetMax, startOf(seedOf({ env, appid: '' }), epoch.number));
    const names = drawn?.texts ?? [...types.names()];
    const plan =
      drawn === undefined
        ? planOrder(
            names.map(() => 1),
            this.#draws,
          )
        : this.#turning({ order: names.map((_, index) => index), firsts: drawn.firsts });
    const rdatas = plan.order.map((index) => {
      const [portName, protocol] = (names[index] as string).split('.') as [string, string];
      return [childOf(portName, childOf(protocol, env) as Name) as Name];
    });
    const rrset = { owner, type: RRType.PTR, ttl: typesTtlSeconds, rdatas };
    return {
      rrset: plan.rotation === undefined ? rrset : { ...rrset, rotation: plan.rotation },
      validUntilMs: isAll ? Number.POSITIVE_INFINITY : epoch.untilMs,
      reason: `${rdatas.length} of ${types.size} service types${isAll ? '' : chosenNote}`,
      additional: [],
      ...(isAll ? {} : { caveat: { kind: 'partial' } }),
    };
  }

  #turning({ order, firsts }: Drawn): Plan {
    return { order, rotation: turnsFrom(firsts, order.length, this.#draws) };
  }

  #epoch(nowMs: number): ChoiceEpoch {
    return epochAt(typesTtlSeconds, { nowMs, wallMs: this.#deps.wallMs() });
  }

  #instanceList(apps: AppsOfType, env: string, type: string, owner: Name, nowMs: number): NodeData {
    const { total } = apps;
    const isAll = total <= recordsPerRRsetMax;
    const epoch = this.#epoch(nowMs);
    const found = isAll ? this.#all(apps, env, type) : this.#drawn(apps, env, type, epoch.number);
    const { up, waiting } = found;
    const listed: { target: Name; leased: LeasedInstance }[] = [];
    /** Of those that are up, their places in `listed`. */
    const places = new Map<number, number>();
    for (const [index, leased] of up.entries()) {
      const target = childOf(advertisedLabel(leased.instance), owner);
      if (target === undefined) continue;
      places.set(index, listed.length);
      listed.push({ target, leased });
    }
    if (up.length === 0) return { rrset: undefined, reason: waitingNote(countOf(total), waiting) };
    if (listed.length === 0)
      return { rrset: undefined, reason: `${countOf(up.length)} up, none has a name that fits a label` };
    const weights = listed.map(({ leased }) => leased.instance.weight);
    const plan = isAll
      ? planOrder(weights, this.#draws)
      : this.#turning({
          order: listed.map((_, index) => index),
          firsts: found.turns.flatMap((index) => places.get(index) ?? []),
        });
    const chosen = plan.order.map((index) => listed[index] as (typeof listed)[number]);
    const leased = chosen.map((one) => one.leased);
    const ttl = Math.min(...leased.map((one) => ttlOf(one, nowMs)));
    const deadlineMs = Math.min(...leased.map((one) => boundMs(one, nowMs)));
    const suspects = suspectNote(leased, this.#view, nowMs);
    const rrset = { owner, type: RRType.PTR, ttl, rdatas: chosen.map(({ target }) => [target]) };
    const counts = isAll
      ? `${countOf(up.length)} of ${total} up, ${chosen.length} of them listed`
      : `${chosen.length} of ${countOf(total)} listed${chosenNote}`;
    return {
      rrset: plan.rotation === undefined ? rrset : { ...rrset, rotation: plan.rotation },
      validUntilMs: Math.min(deadlineMs - ttl * 1000, isAll ? Number.POSITIVE_INFINITY : epoch.untilMs),
      reason: `${counts}${suspects === undefined ? '' : `; ${suspects.reason}`}`,
      additional: [],
      ...(suspects !== undefined
        ? { caveat: suspects }
        : chosen.length < up.length || !isAll
          ? { caveat: { kind: 'partial' } }
          : {}),
    };
  }

  #all(apps: AppsOfType, env: string, type: string): Listing {
    const listing: Listing = { up: [], waiting: [], turns: [] };
    for (const appid of apps.counts.keys()) this.#look(this.#members(env, appid, type), listing);
    return listing;
  }

  /** A hundred instances, of apps that were drawn by how many each has. */
  #drawn(apps: AppsOfType, env: string, type: string, epoch: number): Listing {
    const start = startOf(seedOf({ env, appid: type }), epoch);
    const perApp = Math.min(apps.total / apps.counts.size, recordsPerRRsetMax);
    const wanted = Math.max(1, Math.min(recordsPerRRsetMax, Math.floor(looksMax / perApp)));
    const { appids, firsts } = apps.draw(wanted, start);
    const listing: Listing = { up: [], waiting: [], turns: [] };
    const turnsOfApps: number[][] = [];
    const hits = new Uint16Array(appids.length);
    for (const first of firsts) (hits[first] as number)++;
    for (const [index, appid] of appids.entries()) {
      const share = Math.max(1, Math.ceil(((hits[index] as number) / firsts.length) * recordsPerRRsetMax));
      turnsOfApps.push(this.#pick({ env, appid, type }, { count: share, start, epoch }, listing));
    }
    listing.up.length = Math.min(listing.up.length, recordsPerRRsetMax);
    const { length } = listing.up;
    // Each turn of an app is one of its instances', in their order.
    listing.turns = firsts.flatMap((app) => {
      const turns = turnsOfApps[app] as number[];
      const turn = turns.shift();
      if (turn === undefined) return [];
      turns.push(turn);
      return turn < length ? [turn] : [];
    });
    return listing;
  }

  /** Adds up to `count` of an app's instances, by weight; answers their turns. */
  #pick(
    { env, appid, type }: { readonly env: string; readonly appid: string; readonly type: string },
    { count, start, epoch }: { readonly count: number; readonly start: number; readonly epoch: number },
    { up, waiting }: Listing,
  ): number[] {
    const base = up.length;
    const turnsOf = (firsts: readonly number[], size: number) =>
      firsts.filter((first) => first < size).map((first) => base + first);
    const large = this.#deps.largeApps.of({ env, appid });
    if (large !== undefined) {
      const slots = large.slotsWith({ key: 'service', value: type });
      const { chosen, firsts } = large.choose(
        { large, slots, key: type, portNames: [], narrowing: '' },
        RRType.SRV,
        epoch,
      );
      for (const slot of chosen.slice(0, count)) up.push(large.at(slot));
      return turnsOf(firsts, up.length - base);
    }
    const own: Listing = { up: [], waiting: [], turns: [] };
    this.#look(this.#members(env, appid, type), own);
    own.up.sort((a, b) => (a.instance.label < b.instance.label ? -1 : 1));
    const [only] = own.up;
    waiting.push(...own.waiting);
    if (only !== undefined && own.up.length === 1) return [up.push(only) - 1];
    const { order, firsts } = planDraws(boundsOf(own.up.map(({ instance }) => instance.weight)), count, start);
    for (const index of order) up.push(own.up[index] as LeasedInstance);
    return turnsOf(firsts, order.length);
  }

  #look(members: Iterable<LeasedInstance>, { up, waiting }: Listing): void {
    for (const leased of members) {
      if (leased.instance.status === 'up') up.push(leased);
      else waiting.push(leased.instance);
    }
  }

  /** Of an app, those that serve a type. */
  *#members(env: string, appid: string, type: string): Generator<LeasedInstance> {
    const large = this.#deps.largeApps.of({ env, appid });
    if (large !== undefined) {
      yield* large.instances(large.slotsWith({ key: 'service', value: type }));
      return;
    }
    const app = this.#view.at(env, appid);
    if (app === undefined || app === 'within') return;
    const [portName, protocol] = type.split('.') as [string, string];
    const isOfType = isAddressOf(portName, protocol);
    for (const leased of app.instances()) if (hasPort(leased.instance, isOfType)) yield leased;
  }

  #advertised(label: string, env: string, portName: string, protocol: string): ServiceName | undefined {
    const at = label.indexOf(separator);
    const found = at < 0 ? undefined : this.#leased(env, label.slice(at + 1), label.slice(0, at));
    if (found === undefined) return undefined;
    const { app, leased } = found;
    const servesAddress = isAddressOf(portName, protocol);
    if (!hasPort(leased.instance, servesAddress)) return undefined;
    return { kind: 'scope', scope: { app, kind: 'advertised', instances: () => [leased], servesAddress } };
  }

  #leased(env: string, appid: string, label: string): { app: AppView; leased: LeasedInstance } | undefined {
    const app = this.#view.at(env, appid);
    const leased = app === undefined || app === 'within' ? undefined : app.byLabel(label);
    return leased === undefined ? undefined : { app: app as AppView, leased };
  }
}

interface Listing {
  readonly up: LeasedInstance[];
  readonly waiting: Instance[];
  /** Indexes in `up`, in the order in which they lead; empty where that is left to their weights. */
  turns: readonly number[];
}

/** Both as labels. */
function isAddressOf(portName: string, protocol: string): (address: NamedPort) => boolean {
  const [name, transport] = [portName.slice(1), protocol.slice(1)];
  return (address) => address.portName === name && address.protocol === transport;
}

function advertisedLabel({ label, appid }: Instance): string {
  return `${label}${separator}${appid}`;
}
