// The registry as part of the origin's zone: names and records made on demand from the read-only view, under the SOA
// whose serial is the registry's revision (design §5, rule 7; RFC 1982 arithmetic, so modulo 2^32).

import type { RegistryView } from '../../model/view.ts';
import { type RRset, reasonText } from '../message/message.ts';
import { childOf, labelsOf, type Name, nameOf, nameToText } from '../message/name.ts';
import type { RequestName } from '../message/request-name.ts';
import type { Draws } from '../message/rotation.ts';
import { emptyNonTerminal, type LiveNames, type Node, type NodeData, type TypeNote, withSerial } from '../zone/zone.ts';
import { AbsenceHints } from './absence-hints.ts';
import type { InstanceChange } from './apps/instance-change.ts';
import { LargeApps } from './apps/large-apps.ts';
import { fallbackReason } from './apps/near.ts';
import { NameSuggestions } from './names/name-suggestions.ts';
import { RequestedNames } from './names/requested-names.ts';
import { findServiceName, longestApp, type NameScope, type ServiceName } from './names/service-name.ts';
import { PlainAddresses } from './plain-addresses.ts';
import type { Explanations } from './records/explanations.ts';
import type { RecordContext } from './records/service-candidates.ts';
import { serviceNote, serviceRecords, typesOfScope } from './records/service-records.ts';
import { ServiceBrowse } from './service-browse.ts';

export interface ServiceZoneDeps {
  readonly origin: Name;
  readonly view: RegistryView;
  readonly draws: Draws;
  readonly explanations: Explanations;
  /** The time of day: the choice among too many records goes by it. */
  wallMs(): number;
}

export class ServiceZone implements LiveNames {
  readonly #deps: ServiceZoneDeps;
  readonly #browse: ServiceBrowse;
  readonly #closeNames = new NameSuggestions();
  readonly #hints: AbsenceHints;
  readonly #requested: RequestedNames;
  readonly #plain = new PlainAddresses();
  readonly largeApps: LargeApps;
  /** The SOA last asked for, and what came of it: the same until the next change. */
  #soa: { readonly from: RRset; readonly serial: number; readonly made: RRset } | undefined;

  constructor(deps: ServiceZoneDeps) {
    this.#deps = deps;
    this.largeApps = new LargeApps(deps.view);
    this.#requested = new RequestedNames(labelsOf(deps.origin).length, deps.view);
    this.#hints = new AbsenceHints(deps.view, this.largeApps, () => deps.wallMs());
    this.#browse = new ServiceBrowse({ ...deps, largeApps: this.largeApps, wallMs: () => deps.wallMs() });
  }

  get revision(): number {
    return this.#deps.view.version;
  }

  get serial(): number {
    return this.#deps.view.revision >>> 0;
  }

  withSerial(soa: RRset): RRset {
    const { serial } = this;
    if (this.#soa?.from !== soa || this.#soa.serial !== serial)
      this.#soa = { from: soa, serial, made: withSerial(soa, serial) };
    return this.#soa.made;
  }

  /** A change listener: browsing keeps an index, and so do large apps. */
  changed(change: InstanceChange): void {
    this.largeApps.changed(change);
    this.#hints.changed(change);
    this.#browse.changed(change);
  }

  node(name: Name, nowMs: number): Node | undefined {
    const labels = this.#labels(name);
    const explanation = this.#deps.explanations.node(name, nowMs, this);
    if (explanation !== undefined) return explanation;
    const found = findServiceName(labels, this.#deps.view, this.largeApps) ?? this.#browsed(labels, name, nowMs);
    if (found === undefined || !('kind' in found)) return found;
    if (found.kind === 'scope') return new ServiceNode(found.scope, name, nowMs, this.#deps);
    // Which names lie between others may change with any registration.
    return { source: this, types: () => [], rrset: () => emptyNonTerminal };
  }

  isAbsent(name: RequestName): boolean {
    return this.#requested.isAbsent(name);
  }

  plainAddresses(name: RequestName): PlainAddresses | undefined {
    const app = this.#requested.appOf(name);
    const hosts = app?.plainHosts?.();
    return app && hosts && this.#plain.set(hosts, app, this.#deps.draws);
  }

  absence(name: Name, nowMs: number): string {
    const { view } = this.#deps;
    const labels = this.#labels(name);
    const env = labels.at(-1) ?? '';
    const asked = labels.slice(0, -1).join('.');
    if (view.at(env, '') === undefined) {
      const text = `nothing is registered in the env ${nameToText(childOf(env, '\0' as Name) as Name)}`;
      return text + this.#hints.forEnv(env, asked, nowMs);
    }
    if (labels.at(-2)?.startsWith('_') === true)
      return 'no service type of this name in this env, or no such instance of it';
    const longest = longestApp(labels, view);
    if (longest !== undefined && longest !== 'within') {
      const { appid } = longest.app;
      const below = labels.slice(0, longest.at);
      return `the app ${appid} is registered, but no instance, port or selection of this name${this.#hints.below(longest.app, below, nowMs)}`;
    }
    const { count, named } = this.#closeNames.find(asked, view.apps(env), nowMs);
    const close = `; ${count} in this env ${count === 1 ? 'is' : 'are'} close: ${named.join(', ')}`;
    return `no app of this name${count === 0 ? '' : close}${this.#hints.forApp(env, asked)}`;
  }

  #browsed(labels: readonly string[], name: Name, nowMs: number): Node | ServiceName | undefined {
    const env = labels.at(-1);
    if (env === undefined || labels.at(-2)?.startsWith('_') !== true) return undefined;
    return this.#browse.find(labels.slice(0, -1), env, name, nowMs);
  }

  #labels(name: Name): string[] {
    return labelsOf(name.slice(0, name.length - this.#deps.origin.length) as Name);
  }
}

class ServiceNode implements Node {
  readonly #scope: NameScope;
  readonly #owner: Name;
  readonly #nowMs: number;
  readonly #deps: ServiceZoneDeps;
  #madeAppName: Name | undefined;

  constructor(scope: NameScope, owner: Name, nowMs: number, deps: ServiceZoneDeps) {
    this.#scope = scope;
    this.#owner = owner;
    this.#nowMs = nowMs;
    this.#deps = deps;
  }

  get source() {
    return this.#scope.app;
  }

  get isUnbounded(): boolean {
    return this.#scope.near?.equivalenceKey !== undefined;
  }

  /** Only the first: making all RRsets of a large app to answer with one would hold up all other queries. */
  types(): readonly number[] {
    const first = typesOfScope[this.#scope.kind].find((type) => this.rrset(type).rrset !== undefined);
    return first === undefined ? [] : [first];
  }

  rrset(type: number): NodeData {
    const { near } = this.#scope;
    const data = serviceRecords(this.#scope, type, this.#place());
    return near !== undefined && data.caveat?.kind === 'fallback'
      ? { ...data, reason: fallbackReason(near) + reasonText(data.reason ?? '') }
      : data;
  }

  /** What prefers a zone is left to those who make its records. */
  note(type: number): TypeNote | undefined {
    return this.#scope.near === undefined ? serviceNote(this.#scope, type, this.#place()) : undefined;
  }

  #place(): RecordContext {
    const { draws, view } = this.#deps;
    const wallMs = this.#deps.wallMs();
    return { owner: this.#owner, appName: () => this.#appName(), nowMs: this.#nowMs, wallMs, draws, view };
  }

  #appName(): Name {
    const { appid, env } = this.#scope.app;
    this.#madeAppName ??= nameOf([...appid.split('.'), env], this.#deps.origin) as Name;
    return this.#madeAppName;
  }
}
