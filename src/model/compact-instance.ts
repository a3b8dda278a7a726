// One instance as the registry, the DNS threads and the store hold it in memory: its own fields, and a profile shared with
// instances whose registrations agree in all but hosts and ports. A registration is compared with a few neighbours
// (the latest of its app, the latest of all), so fleets that start together share one profile, and nothing has to be
// searched or counted. With one address its host and port are kept without a list around them, an IPv4 address as a
// number (its text takes four times as much); `addrs` is built for each reader.
// Limits: neighbours that alternate between two profiles share none.

import type { Address } from './address.ts';
import type { Check } from './checks.ts';
import type { FrontParts } from './front-parts.ts';
import { checksPart, type Health, type Judgement, withChecksPart } from './health.ts';
import type { Instance, Registration, Supervision } from './instance.ts';
import { ipv4OfNumber, ipv4ToNumber } from './ip.ts';
import { defaultLiveness, isSameLiveness, type Liveness } from './liveness.ts';
import type { AppKey } from './names.ts';
import { effectiveStatus, type Override, type Status } from './status.ts';

/** An address without what differs between instances. */
export type ServicePort = Omit<Address, 'host' | 'port'>;

/** All of a registration but its hosts and ports; `status` is the effective one. */
export type Profile = Omit<Registration, 'addrs'> &
  Omit<Supervision, 'fronts' | 'quotaEntry'> & {
    readonly services: readonly ServicePort[];
    readonly wanted: Status;
  };

/** One for all addresses, or one for each. */
export type OneOrEach<T> = T | readonly T[];

type Parts = Pick<CompactInstance, 'names' | 'hosts' | 'ports' | 'profile'>;

/** The part of an instance that another may share. */
export type Neighbour = Pick<CompactInstance, 'ports' | 'profile'>;

export class CompactInstance implements Instance {
  readonly #place: AppKey;
  /** Its id; with its label where that is another text. */
  readonly names: string | readonly [instance: string, label: string];
  /** A number: an IPv4 address, see ip.ts. */
  readonly hosts: number | OneOrEach<string>;
  readonly ports: OneOrEach<number>;
  /** Shared. */
  readonly profile: Profile;

  /** `place`: its app's, which it keeps. `compactInstance` makes one from a registration. */
  constructor(place: AppKey, { names, hosts, ports, profile }: Parts) {
    this.#place = place;
    this.names = names;
    this.hosts = hosts;
    this.ports = ports;
    this.profile = profile;
  }

  get fronts(): FrontParts | undefined {
    return undefined;
  }

  get quotaEntry(): string | undefined {
    return undefined;
  }

  get instance(): string {
    return typeof this.names === 'string' ? this.names : this.names[0];
  }

  get label(): string {
    return typeof this.names === 'string' ? this.names : this.names[1];
  }

  get env(): string {
    return this.#place.env;
  }

  get appid(): string {
    return this.#place.appid;
  }

  get addrs(): readonly Address[] {
    const { ports } = this;
    const hosts = typeof this.hosts === 'number' ? ipv4OfNumber(this.hosts) : this.hosts;
    return this.profile.services.map(({ portName, protocol, family }, index) => ({
      portName,
      protocol,
      host: typeof hosts === 'string' ? hosts : (hosts[index] as string),
      family,
      port: typeof ports === 'number' ? ports : (ports[index] as number),
    }));
  }

  get version(): string {
    return this.profile.version;
  }

  get zone(): string {
    return this.profile.zone;
  }

  get group(): string {
    return this.profile.group;
  }

  get tags(): readonly string[] {
    return this.profile.tags;
  }

  get weight(): number {
    return this.profile.weight;
  }

  get priority(): number {
    return this.profile.priority;
  }

  get status(): Status {
    return this.profile.status;
  }

  get metadata(): ReadonlyMap<string, string> {
    return this.profile.metadata;
  }

  get leaseSeconds(): number {
    return this.profile.leaseSeconds;
  }

  get dnsTtl(): number {
    return this.profile.dnsTtl;
  }

  get checks(): readonly Check[] {
    return this.profile.checks;
  }

  get wanted(): Status {
    return this.profile.wanted;
  }

  get liveness(): Liveness {
    return this.profile.liveness;
  }

  get health(): Health | undefined {
    return this.profile.health;
  }

  get override(): Override | undefined {
    return this.profile.override;
  }
}

/** With what few have, its own and never shared: a field of it in every instance would cost a million of them 8 MB. */
class MarkedInstance extends CompactInstance {
  readonly #fronts: FrontParts | undefined;
  readonly #quotaEntry: string | undefined;

  constructor(place: AppKey, parts: Parts, { fronts, quotaEntry }: Pick<Supervision, 'fronts' | 'quotaEntry'>) {
    super(place, parts);
    this.#fronts = fronts;
    this.#quotaEntry = quotaEntry;
  }

  override get fronts(): FrontParts | undefined {
    return this.#fronts;
  }

  override get quotaEntry(): string | undefined {
    return this.#quotaEntry;
  }
}

/** `place`: its app's, which it keeps. `neighbours`: their profile is shared where it is the same. */
export function compactInstance(
  place: AppKey,
  instance: string,
  label: string,
  registration: Registration,
  neighbours: readonly (Neighbour | undefined)[] = [],
  supervision: Partial<Supervision> = {},
): CompactInstance {
  const { addrs } = registration;
  const { health, override, liveness = defaultLiveness(registration), fronts, quotaEntry } = supervision;
  // A verdict and an override are an instance's own.
  const others = health === undefined && override === undefined ? neighbours : [];
  const alike = others.find((one) => one !== undefined && isSameProfile(one.profile, registration, liveness));
  const parts = {
    names: label === instance ? instance : ([instance, label] as const),
    hosts: hostsOf(addrs),
    ports: portsOf(addrs, alike),
    profile: alike === undefined ? profileOf(registration, { liveness, health, override }) : alike.profile,
  };
  const isPlain = fronts === undefined && quotaEntry === undefined;
  return isPlain ? new CompactInstance(place, parts) : new MarkedInstance(place, parts, { fronts, quotaEntry });
}

function portsOf(addrs: readonly Address[], alike: Neighbour | undefined): OneOrEach<number> {
  if (addrs.length === 1) return (addrs[0] as Address).port;
  const ports = addrs.map(({ port }) => port);
  const others = alike?.ports;
  return others !== undefined && typeof others !== 'number' && isSameList(others, ports) ? others : ports;
}

/** The instance with a new verdict of its checks; undefined: the verdict is the same, or it has no checks. */
export function judgedInstance(place: AppKey, instance: Instance, judgement: Judgement): CompactInstance | undefined {
  const { health, instance: id, label } = instance;
  if (health === undefined || checksPart(health).verdict === judgement.verdict) return undefined;
  const { liveness, override, fronts, quotaEntry } = instance;
  return compactInstance(place, id, label, instance, [], {
    liveness,
    override,
    fronts,
    quotaEntry,
    health: withChecksPart(health, judgement),
  });
}

/** The registration as its owner wrote it, with the status that it wants. */
export function ownersRegistration(instance: Instance): Registration {
  const { addrs, version, zone, group, tags, weight, priority, wanted, metadata, leaseSeconds, dnsTtl, checks } =
    instance;
  return {
    addrs,
    version,
    zone,
    group,
    tags,
    weight,
    priority,
    status: wanted,
    metadata,
    leaseSeconds,
    dnsTtl,
    checks,
  };
}

function hostsOf(addrs: readonly Address[]): number | OneOrEach<string> {
  const [{ host, family }] = addrs as readonly [Address];
  if (!addrs.every((other) => other.host === host)) return addrs.map((other) => other.host);
  return (family === 4 ? ipv4ToNumber(host) : undefined) ?? host;
}

function profileOf(registration: Registration & { readonly wanted?: Status }, supervision: Supervision): Profile {
  const { addrs, version, zone, group, tags, weight, priority, metadata, leaseSeconds, dnsTtl, checks } = registration;
  const services = addrs.map(({ portName, protocol, family }) => ({ portName, protocol, family }));
  const { wanted = registration.status } = registration;
  const { liveness, health, override } = supervision;
  const status = effectiveStatus(wanted, health?.verdict, override);
  const content = { version, zone, group, tags, weight, priority, status, metadata, leaseSeconds, dnsTtl, checks };
  return { services, ...content, wanted, liveness, health, override };
}

/** Of two without a verdict or an override. */
function isSameProfile(a: Profile, b: Registration, liveness: Liveness): boolean {
  return (
    a.health === undefined &&
    a.override === undefined &&
    isSameLiveness(a.liveness, liveness) &&
    a.version === b.version &&
    a.zone === b.zone &&
    a.group === b.group &&
    a.weight === b.weight &&
    a.priority === b.priority &&
    a.status === b.status &&
    a.leaseSeconds === b.leaseSeconds &&
    a.dnsTtl === b.dnsTtl &&
    a.services.length === b.addrs.length &&
    a.services.every((service, index) => isSameService(service, b.addrs[index] as Address)) &&
    isSameList(a.tags, b.tags) &&
    (a.metadata === b.metadata || isSameList([...a.metadata].flat(), [...b.metadata].flat()))
  );
}

function isSameService(a: ServicePort, b: ServicePort): boolean {
  return a.portName === b.portName && a.protocol === b.protocol && a.family === b.family;
}

/** The order counts, as their owner wrote them. */
function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/** What the addresses of an instance serve. Its hosts are not put into words. */
export function servicesOf(instance: Instance): readonly ServicePort[] {
  return instance instanceof CompactInstance ? instance.profile.services : instance.addrs;
}

/** An address without its host. */
export type NamedPort = Pick<Address, 'portName' | 'protocol' | 'port'>;

/** Whether an instance has a port for which `isIt`. Its hosts are not put into words. */
export function hasPort(instance: Instance, isIt: (port: NamedPort) => boolean): boolean {
  if (!(instance instanceof CompactInstance)) return instance.addrs.some(isIt);
  const { ports } = instance;
  const { services } = instance.profile;
  for (let index = 0; index < services.length; index++) {
    const { portName, protocol } = services[index] as ServicePort;
    if (isIt({ portName, protocol, port: typeof ports === 'number' ? ports : (ports[index] as number) })) return true;
  }
  return false;
}

/** The host of all of an instance's addresses where that is one of IPv4, as a number (see ip.ts); undefined otherwise. */
export function onlyIpv4Of(instance: Instance): number | undefined {
  return instance instanceof CompactInstance && typeof instance.hosts === 'number' ? instance.hosts : undefined;
}
