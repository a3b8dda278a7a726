// Browsing (RFC 6763): `_services._dns-sd._udp.prod.svc` lists the service types of an env (§9), `_http._tcp.prod.svc`
// the instances of one (§4), and `orders-1~orders._http._tcp.prod.svc` is an instance with SRV and TXT (§5, §6). An
// instance's name is one label (§4.1.1): its own label, `~`, its appid, whose dots stand inside the label.
// Limits: a label has 63 octets, so an instance whose name is longer is found by DNS but not listed; at most 100 of a
// type are listed, others in turn; of a type with very many instances `looksMax` are looked at for an answer.

import type { Instance } from '../../model/instance.ts';
import type { AppView, LeasedInstance, RegistryView } from '../../model/view.ts';
import { RRType, type Source } from '../message/message.ts';
import { childOf, type Name } from '../message/name.ts';
import { type Draws, planOrder } from '../message/rotation.ts';
import { emptyNonTerminal, type Node, type NodeData } from '../zone/zone.ts';
import type { InstanceChange } from './instance-change.ts';
import type { ServiceName } from './service-name.ts';
import { countOf } from './service-records.ts';
import { type AppsOfType, ServiceTypes } from './service-types.ts';
import { boundMs, suspectNote, ttlOf } from './suspect-instances.ts';
import { waitingNote } from './waiting-note.ts';

const onlyPointers: NodeData = { rrset: undefined, reason: 'names for browsing have no records but PTR' };
/** The list of types does not depend on a lease: it lasts as long as the configured default of instances. */
const typesTtlSeconds = 5;

/** A millisecond or two: other queries wait behind it. */
const looksMax = 2000;

/** Stands in neither part, and needs no escape in text. */
const separator = '~';

/** What a name for browsing stands for: a list, a name between, or an instance that is advertised. */
export type BrowseName = Node | ServiceName;

export class ServiceBrowse {
  readonly #view: RegistryView;
  readonly #source: Source;
  readonly #draws: Draws;
  readonly #types = new ServiceTypes();

  constructor(view: RegistryView, draws: Draws) {
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

  /** `labels` stand left of `env`, the last of them begins with an underscore. */
  find(labels: readonly string[], env: string, owner: Name, nowMs: number): BrowseName | undefined {
    const types = this.#types.of(env);
    if (types === undefined) return undefined;
    // A dot inside a label separates nothing; only an appid inside an instance's name has some.
    if (labels.slice(-2).some((label) => label.includes('.'))) return undefined;
    const path = labels.join('.');
    if (path === '_udp' || path === '_dns-sd._udp') return this.#between();
    if (path === '_services._dns-sd._udp') return this.#list(() => this.#typeList(types, owner));
    if (path === '_tcp') return [...types.keys()].some((type) => type.endsWith('._tcp')) ? this.#between() : undefined;
    const [port, protocol] = labels.slice(-2) as [string, string];
    const apps = types.get(`${port}.${protocol}`);
    if (apps === undefined || labels.length > 3) return undefined;
    if (labels.length === 2) {
      const walk = walkOf(apps, this.#draws);
      const isOne = isOfType(port, protocol);
      return this.#list(() => this.#instanceList(this.#instances(walk, env, isOne), walk, owner, nowMs));
    }
    return this.#advertised(labels[0] as string, env, port, protocol);
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

  #typeList(types: ReadonlyMap<string, unknown>, owner: Name): NodeData {
    // `_services._dns-sd._udp.prod.svc` -> `prod.svc`
    const env = owner.slice('\x09_services\x07_dns-sd\x04_udp'.length) as Name;
    const targets = [...types.keys()].map((type) => {
      const [port, protocol] = type.split('.') as [string, string];
      return childOf(port, childOf(protocol, env) as Name) as Name;
    });
    const plan = planOrder(
      targets.map(() => 1),
      this.#draws,
    );
    const rdatas = plan.order.map((index) => [targets[index] as Name]);
    const rrset = { owner, type: RRType.PTR, ttl: typesTtlSeconds, rdatas };
    return {
      rrset: plan.rotation === undefined ? rrset : { ...rrset, rotation: plan.rotation },
      validUntilMs: Number.POSITIVE_INFINITY,
      reason: `${rdatas.length} of ${targets.length} service types`,
      additional: [],
      ...(rdatas.length < targets.length ? { caveat: { kind: 'partial' } } : {}),
    };
  }

  #instanceList(instances: Iterable<LeasedInstance>, { all }: Walk, owner: Name, nowMs: number): NodeData {
    const listed: { target: Name; leased: LeasedInstance }[] = [];
    const waiting: Instance[] = [];
    let looks = 0;
    let up = 0;
    for (const leased of instances) {
      // Those that wait alone say nothing about the rest.
      if (looks >= looksMax && listed.length > 0) break;
      looks++;
      if (leased.instance.status !== 'up') {
        waiting.push(leased.instance);
        continue;
      }
      up++;
      const target = childOf(advertisedLabel(leased.instance), owner);
      if (target !== undefined) listed.push({ target, leased });
    }
    if (up === 0) return { rrset: undefined, reason: waitingNote(countOf(all), waiting) };
    if (listed.length === 0)
      return { rrset: undefined, reason: `${countOf(up)} up, none has a name that fits a label` };
    const plan = planOrder(
      listed.map(({ leased }) => leased.instance.weight),
      this.#draws,
    );
    const chosen = plan.order.map((index) => listed[index] as (typeof listed)[number]);
    const ttl = Math.min(...chosen.map(({ leased }) => ttlOf(leased, nowMs)));
    const deadlineMs = Math.min(...chosen.map(({ leased }) => boundMs(leased, nowMs)));
    const stale = suspectNote(
      chosen.map(({ leased }) => leased),
      this.#view,
    );
    const rrset = { owner, type: RRType.PTR, ttl, rdatas: chosen.map(({ target }) => [target]) };
    return {
      rrset: plan.rotation === undefined ? rrset : { ...rrset, rotation: plan.rotation },
      validUntilMs: deadlineMs - ttl * 1000,
      reason: `${looks < all ? 'at least ' : ''}${countOf(up)} of ${all} up, ${chosen.length} of them listed${stale === undefined ? '' : `; ${stale}`}`,
      additional: [],
      ...(stale !== undefined
        ? { caveat: { kind: 'stale', reason: stale } }
        : chosen.length < listed.length || looks < all
          ? { caveat: { kind: 'partial' } }
          : {}),
    };
  }

  *#instances({ appids }: Walk, env: string, isOne: (leased: LeasedInstance) => boolean): Generator<LeasedInstance> {
    for (const appid of appids()) {
      const app = this.#view.at(env, appid);
      if (app === undefined || app === 'within') continue;
      for (const leased of app.instances()) if (isOne(leased)) yield leased;
    }
  }

  #advertised(label: string, env: string, port: string, protocol: string): ServiceName | undefined {
    const at = label.indexOf(separator);
    const found = at < 0 ? undefined : this.#leased(env, label.slice(at + 1), label.slice(0, at));
    if (found === undefined) return undefined;
    const { app, leased } = found;
    const servesAddress = isAddressOf(port, protocol);
    if (!leased.instance.addrs.some(servesAddress)) return undefined;
    return { kind: 'scope', scope: { app, kind: 'advertised', instances: () => [leased], servesAddress } };
  }

  #leased(env: string, appid: string, label: string): { app: AppView; leased: LeasedInstance } | undefined {
    const app = this.#view.at(env, appid);
    const leased = app === undefined || app === 'within' ? undefined : app.byLabel(label);
    return leased === undefined ? undefined : { app: app as AppView, leased };
  }
}

/** The apps of a type, to be walked from a place that changes from answer to answer. */
interface Walk {
  /** Instances of the type. */
  readonly all: number;
  readonly appids: () => Iterable<string>;
}

function walkOf(apps: AppsOfType, draws: Draws): Walk {
  let all = 0;
  for (const count of apps.values()) all += count;
  function* appids(): Generator<string> {
    // Where all are walked the order says nothing.
    const skipped = all > looksMax ? Math.floor(draws.next() * apps.size) : 0;
    let index = 0;
    for (const appid of apps.keys()) if (index++ >= skipped) yield appid;
    index = 0;
    for (const appid of apps.keys()) if (index++ < skipped) yield appid;
  }
  return { all, appids };
}

function isOfType(port: string, protocol: string): (leased: LeasedInstance) => boolean {
  const isIt = isAddressOf(port, protocol);
  return ({ instance }) => instance.addrs.some(isIt);
}

function isAddressOf(port: string, protocol: string): (address: Instance['addrs'][number]) => boolean {
  return (address) => `_${address.port}` === port && `_${address.protocol}` === protocol;
}

function advertisedLabel({ label, appid }: Instance): string {
  return `${label}${separator}${appid}`;
}
