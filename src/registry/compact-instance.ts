// An instance at its place, in as little memory as a million of them allow. What instances mostly say alike, all but their
// hosts and port numbers, is kept once and shared: a registration is compared with those of a few neighbours (the latest
// of its app, the latest of all), so fleets that start together share one profile, and nothing has to be searched or
// counted.
// Limits: of neighbours that take turns with two profiles, each has its own.

import type { Address } from '../model/address.ts';
import { effectiveStatus, type Health, type Judgement } from '../model/health.ts';
import type { Instance, Registration } from '../model/instance.ts';
import { ipv4ToNumber } from '../model/ip.ts';
import type { Named } from './apps/catalogue.ts';
import {
  type Alike,
  type InstanceParts,
  type OneOrEach,
  type Port,
  type Profile,
  ProfiledInstance,
} from './instance-profile.ts';

export class CompactInstance extends ProfiledInstance {
  /** `place`: its app's, which it keeps. `neighbours`: whose profile it takes where it says the same. */
  constructor(
    place: Named,
    instance: string,
    label: string,
    registration: Registration,
    neighbours: readonly (Alike | undefined)[] = [],
    health?: Health,
  ) {
    super(place, partsOf(instance, label, registration, neighbours, health));
  }
}

function partsOf(
  instance: string,
  label: string,
  registration: Registration,
  neighbours: readonly (Alike | undefined)[],
  health: Health | undefined,
): InstanceParts {
  const { addrs } = registration;
  // What is checked is judged by itself.
  const others = health === undefined ? neighbours : [];
  const alike = others.find((one) => one !== undefined && isSameProfile(one.profile, registration));
  return {
    names: label === instance ? instance : [instance, label],
    hosts: hostsOf(addrs),
    numbers: numbersOf(addrs, alike),
    profile: alike === undefined ? profileOf(registration, health) : alike.profile,
  };
}

function numbersOf(addrs: readonly Address[], alike: Alike | undefined): OneOrEach<number> {
  if (addrs.length === 1) return (addrs[0] as Address).number;
  const numbers = addrs.map(({ number }) => number);
  const others = alike?.numbers;
  return others !== undefined && typeof others !== 'number' && isSameList(others, numbers) ? others : numbers;
}

/** True where both were found to say the same, but for their hosts and port numbers. */
export function isAlike(a: Instance, b: Instance): boolean {
  return a instanceof CompactInstance && b instanceof CompactInstance && a.profile === b.profile;
}

/** The instance as its checks have found it; undefined: it was found so before, or is none that is checked. */
export function judgedInstance(
  place: Named,
  instance: Instance,
  { verdict, reason }: Judgement,
): CompactInstance | undefined {
  const { health, instance: id, label } = instance;
  if (health === undefined || health.verdict === verdict) return undefined;
  return new CompactInstance(place, id, label, instance, [], { ...health, verdict, reason });
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
