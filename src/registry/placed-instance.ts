// An instance at its place, in as little memory as a million of them allow. What instances mostly say alike, all but their
// addresses, is kept once and shared: a registration is compared with those of a few neighbours (the latest of its app,
// the latest of all), so fleets that start together share one profile, and nothing has to be searched or counted.
// Limits: of neighbours that take turns with two profiles, each has its own.

import type { Address } from './address.ts';
import type { Named } from './catalogue.ts';
import type { Instance, Registration, Status } from './instance.ts';

/** All of a registration but its addresses. */
type Profile = Omit<Registration, 'addrs'>;

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
  ) {
    this.env = env;
    this.appid = appid;
    this.instance = instance;
    // Mostly the same text: then it is kept once.
    this.label = label === instance ? instance : label;
    this.addrs = registration.addrs;
    const alike = neighbours.find((one) => one !== undefined && isSameProfile(one.profile, registration));
    this.profile = alike === undefined ? profileOf(registration) : alike.profile;
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
}

function profileOf(registration: Registration): Profile {
  const { version, zone, group, tags, weight, priority, status, metadata, leaseSeconds, dnsTtl } = registration;
  return { version, zone, group, tags, weight, priority, status, metadata, leaseSeconds, dnsTtl };
}

function isSameProfile(a: Profile, b: Profile): boolean {
  return (
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
