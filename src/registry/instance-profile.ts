// An instance in the parts that it is kept in: what is its own, and what it shares with others that say the same. Of an
// instance with one address its host and number stand here without a list around them, an IPv4 address as a number (a
// text of it takes four times as much); `addrs` is made anew for whoever asks.

import type { Address } from '../model/address.ts';
import type { Check } from '../model/checks.ts';
import type { Health } from '../model/health.ts';
import type { Instance, Registration, Status } from '../model/instance.ts';
import { ipv4OfNumber } from '../model/ip.ts';
import type { Named } from './apps/catalogue.ts';

/** An address but for what tells instances apart. */
export type Port = Omit<Address, 'host' | 'number'>;

/** All of a registration but its hosts and port numbers; `status` is what others are to see. */
export type Profile = Omit<Registration, 'addrs'> & {
  readonly ports: readonly Port[];
  readonly health: Health | undefined;
};

/** One for all addresses, or one for each. */
export type OneOrEach<T> = T | readonly T[];

export interface InstanceParts {
  /** Its id; with its label where that is another text. */
  readonly names: string | readonly [instance: string, label: string];
  /** A number: an IPv4 address, see ip.ts. */
  readonly hosts: number | OneOrEach<string>;
  readonly numbers: OneOrEach<number>;
  /** Shared. */
  readonly profile: Profile;
}

/** What a neighbour may share. */
export type Alike = Pick<InstanceParts, 'numbers' | 'profile'>;

export class ProfiledInstance implements Instance, InstanceParts {
  readonly #place: Named;
  readonly names: InstanceParts['names'];
  readonly hosts: InstanceParts['hosts'];
  readonly numbers: InstanceParts['numbers'];
  readonly profile: Profile;

  /** `place`: its app's, which it keeps. */
  constructor(place: Named, { names, hosts, numbers, profile }: InstanceParts) {
    this.#place = place;
    this.names = names;
    this.hosts = hosts;
    this.numbers = numbers;
    this.profile = profile;
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
    const { numbers } = this;
    const hosts = typeof this.hosts === 'number' ? ipv4OfNumber(this.hosts) : this.hosts;
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
}

/** The host of all of an instance's addresses where that is one of IPv4, as a number (see ip.ts); undefined otherwise. */
export function onlyIpv4Of(instance: Instance): number | undefined {
  return instance instanceof ProfiledInstance && typeof instance.hosts === 'number' ? instance.hosts : undefined;
}
