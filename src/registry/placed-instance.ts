// An instance at its place, in as little memory as a million of them allow. What instances mostly say alike, all but their
// addresses, is kept once and shared: a registration is compared with those of a few neighbours (the latest of its app,
// the latest of all), so fleets that start together share one profile, and nothing has to be searched or counted.
// Limits: of neighbours that take turns with two profiles, each has its own.

import type { Address } from './address.ts';
import type { Named } from './catalogue.ts';
import type { Check } from './checks.ts';
import { effectiveStatus, type Health, type Judgement } from './health.ts';
import type { Instance, Registration, Status } from './instance.ts';

/** All of a registration but its addresses; `status` is what others are to see. */
type Profile = Omit<Registration, 'addrs'> & { readonly health: Health | undefined };

export class PlacedInstance implements Instance {
  readonly env: string;
  readonly appid: string;
  readonly instance: string;
  readonly label: string;
  readonly addrs: readonly Address[];
  /** Shared. */
  readonly profile: Profile;

  /** `neighbours`: whose profile it takes where it says the same. */
  constructor(
    { env, appid }: Named,
    instance: string,
    label: string,
    registration: Registration,
    neighbours: readonly (PlacedInstance | undefined)[] = [],
    health?: Health,
  ) {
    this.env = env;
    this.appid = appid;
    this.instance = instance;
    // Mostly the same text: then it is kept once.
    this.label = label === instance ? instance : label;
    this.addrs = registration.addrs;
    // What is checked is judged by itself.
    const others = health === undefined ? neighbours : [];
    const alike = others.find((one) => one !== undefined && isSameProfile(one.profile, registration));
    this.profile = alike === undefined ? profileOf(registration, health) : alike.profile;
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
}

/** The instance as its checks have found it; undefined: it was found so before, or is none that is checked. */
export function judgedInstance(instance: Instance, { verdict, reason }: Judgement): PlacedInstance | undefined {
  const { health, instance: id, label } = instance;
  if (health === undefined || health.verdict === verdict) return undefined;
  return new PlacedInstance(instance, id, label, instance, [], { ...health, verdict, reason });
}

/** What its owner has said of an instance, without what its checks have found. */
export function ownersRegistration(instance: Instance): Registration {
  if (instance.health === undefined) return instance;
  const { health: _found, ...profile } = profileOf(instance, undefined);
  return { ...profile, addrs: instance.addrs, status: instance.health.wanted };
}

function profileOf(registration: Registration, health: Health | undefined): Profile {
  const { version, zone, group, tags, weight, priority, metadata, leaseSeconds, dnsTtl, checks } = registration;
  const status = health === undefined ? registration.status : effectiveStatus(health);
  return { version, zone, group, tags, weight, priority, status, metadata, leaseSeconds, dnsTtl, checks, health };
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
    isSameList(a.tags, b.tags) &&
    (a.metadata === b.metadata || isSameList([...a.metadata].flat(), [...b.metadata].flat()))
  );
}

/** The order counts, as their owner wrote them. */
function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
