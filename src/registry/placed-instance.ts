// An instance at its place, in as little memory as a million of them allow. What instances mostly say alike, all but their
// hosts and port numbers, is kept once and shared: a registration is compared with those of a few neighbours (the latest
// of its app, the latest of all), so fleets that start together share one profile, and nothing has to be searched or
// counted. Of an instance with one address its host and number stand here without a list around them, an IPv4 address as
// a number (a text of it takes four times as much); `addrs` is made anew for whoever asks.
// Limits: of neighbours that take turns with two profiles, each has its own.

import type { Address } from './address.ts';
import type { Named } from './catalogue.ts';
import type { Check } from './checks.ts';
import { effectiveStatus, type Health, type Judgement } from './health.ts';
import type { Instance, Registration, Status } from './instance.ts';
import { ipv4OfNumber, ipv4ToNumber } from './ip.ts';

/** An address but for what tells instances apart. */
type Port = Omit<Address, 'host' | 'number'>;

/** All of a registration but its hosts and port numbers; `status` is what others are to see. */
type Profile = Omit<Registration, 'addrs'> & { readonly ports: readonly Port[]; readonly health: Health | undefined };

/** One for all addresses, or one for each. */
type OneOrEach<T> = T | readonly T[];

export class PlacedInstance implements Instance {
  readonly #place: Named;
  /** Its id; with its label where that is another text. */
  readonly #names: string | readonly [instance: string, label: string];
  /** A number: an IPv4 address, see ip.ts. */
  readonly #hosts: number | OneOrEach<string>;
  readonly #numbers: OneOrEach<number>;
  /** Shared. */
  readonly profile: Profile;

  /** `place`: its app's, which it keeps. `neighbours`: whose profile it takes where it says the same. */
  constructor(
    place: Named,
    instance: string,
    label: string,
    registration: Registration,
    neighbours: readonly (PlacedInstance | undefined)[] = [],
    health?: Health,
  ) {
    this.#place = place;
    this.#names = label === instance ? instance : [instance, label];
    const { addrs } = registration;
    this.#hosts = hostsOf(addrs);
    // What is checked is judged by itself.
    const others = health === undefined ? neighbours : [];
    const alike = others.find((one) => one !== undefined && isSameProfile(one.profile, registration));
    const numbers = addrs.map(({ number }) => number);
    if (numbers.length === 1) this.#numbers = numbers[0] as number;
    else this.#numbers = alike !== undefined && isSameList(alike.#numberList(), numbers) ? alike.#numbers : numbers;
    this.profile = alike === undefined ? profileOf(registration, health) : alike.profile;
  }

  get instance(): string {
    return typeof this.#names === 'string' ? this.#names : this.#names[0];
  }

  get label(): string {
    return typeof this.#names === 'string' ? this.#names : this.#names[1];
  }

  get env(): string {
    return this.#place.env;
  }

  get appid(): string {
    return this.#place.appid;
  }

  get addrs(): readonly Address[] {
    const numbers = this.#numbers;
    const hosts = typeof this.#hosts === 'number' ? ipv4OfNumber(this.#hosts) : this.#hosts;
    return this.profile.ports.map(({ port, protocol, family }, index) => ({
      port,
      protocol,
      host: typeof hosts === 'string' ? hosts : (hosts[index] as string),
      family,
      number: typeof numbers === 'number' ? numbers : (numbers[index] as number),
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

  get health(): Health | undefined {
    return this.profile.health;
  }

  #numberList(): readonly number[] {
    return typeof this.#numbers === 'number' ? [this.#numbers] : this.#numbers;
  }
}

/** The instance as its checks have found it; undefined: it was found so before, or is none that is checked. */
export function judgedInstance(instance: Instance, { verdict, reason }: Judgement): PlacedInstance | undefined {
  const { env, appid, health, instance: id, label } = instance;
  if (health === undefined || health.verdict === verdict) return undefined;
  return new PlacedInstance({ env, appid }, id, label, instance, [], { ...health, verdict, reason });
}

/** What its owner has said of an instance, without what its checks have found. */
export function ownersRegistration(instance: Instance): Registration {
  if (instance.health === undefined) return instance;
  const { addrs } = instance;
  const { health: _found, ports: _ports, ...profile } = profileOf(instance, undefined);
  return { ...profile, addrs, status: instance.health.wanted };
}

function hostsOf(addrs: readonly Address[]): number | OneOrEach<string> {
  const [{ host, family }] = addrs as readonly [Address];
  if (!addrs.every((other) => other.host === host)) return addrs.map((other) => other.host);
  return (family === 4 ? ipv4ToNumber(host) : undefined) ?? host;
}

function profileOf(registration: Registration, health: Health | undefined): Profile {
  const { addrs, version, zone, group, tags, weight, priority, metadata, leaseSeconds, dnsTtl, checks } = registration;
  const ports = addrs.map(({ port, protocol, family }) => ({ port, protocol, family }));
  const status = health === undefined ? registration.status : effectiveStatus(health);
  const said = { version, zone, group, tags, weight, priority, status, metadata, leaseSeconds, dnsTtl, checks };
  return { ports, ...said, health };
}

/** Of two without checks. */
function isSameProfile(a: Profile, b: Registration): boolean {
  return (
    a.health === undefined &&
    a.version === b.version &&
    a.zone === b.zone &&
    a.group === b.group &&
    a.weight === b.weight &&
    a.priority === b.priority &&
    a.status === b.status &&
    a.leaseSeconds === b.leaseSeconds &&
    a.dnsTtl === b.dnsTtl &&
    a.ports.length === b.addrs.length &&
    a.ports.every((port, index) => isSamePort(port, b.addrs[index] as Address)) &&
    isSameList(a.tags, b.tags) &&
    (a.metadata === b.metadata || isSameList([...a.metadata].flat(), [...b.metadata].flat()))
  );
}

function isSamePort(a: Port, b: Port): boolean {
  return a.port === b.port && a.protocol === b.protocol && a.family === b.family;
}

/** The order counts, as their owner wrote them. */
function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
