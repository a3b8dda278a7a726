// What a registry is made with.

import type { Address } from '../model/address.ts';
import type { Instance, RegistrationDefaults } from '../model/instance.ts';
import type { InstanceRecord } from '../model/instance-record.ts';
import type { AskOthers } from '../model/losses.ts';
import type { InstanceKey } from '../model/names.ts';
import type { Problem } from '../model/problem.ts';
import type { Clock } from '../runtime/clock.ts';

export interface RegistryOptions {
  readonly clock: Clock;
  /** The zone the names live in, with a final dot: `svc.` */
  readonly origin: string;
  readonly defaults: RegistrationDefaults;
  readonly instancesMax: number;
  readonly instancesPerAppMax: number;
  /** Apps with at least one instance; as many as there are instances by default. */
  readonly appsMax?: number;
  /** The first change gets the number after this one; never lower than any number used before (design §5, rule 7). */
  readonly initialRevision: number;
  readonly guard?: Partial<GuardOptions>;
  /** In [0, 1): whom chance evicts when not all may be. */
  readonly random?: () => number;
  /** Why an instance with these addresses cannot have a name below the origin (`orders.prod`): a zone file has it. */
  readonly isReserved?: (name: string, addrs: readonly Address[]) => string | undefined;
  /** What is wrong with a host name among the addresses that it had not `before`. */
  readonly targetProblem?: (instance: Instance, before: Instance | undefined) => Problem | undefined;
  /**
   * For holders of a copy: a lease is near its end, one that was near it is renewed, or an instance is kept
   * beyond its lease (see near-expiry.ts). Called within commands: it must not write to the registry and must not wait.
   */
  readonly onNearExpiry?: (stored: InstanceRecord) => void;
  /** How long before an answer's whole TTL would outlive the lease that is reported. */
  readonly nearExpiryNoticeMs?: number;
  /** What other nodes of a cluster run and miss, for the guard. */
  readonly elsewhere?: AskOthers;
  /** Why an instance whose lease another node runs is suspect. */
  readonly remoteReason?: (key: InstanceKey) => string;
  /** The hold of an instance that is not registered has ended or was lifted: there is no change for it. */
  readonly onHoldReleased?: (key: InstanceKey) => void;
}

/** Self-protection: see leases.ts. */
export interface GuardOptions {
  /** Leases that end evict no instance while fewer than this share of those expected is on time; 0 switches the guard off. */
  readonly guardPercent: number;
  /** An instance is evicted so long after the end of its lease, whatever keeps it. */
  readonly guardCeilingSeconds: number;
  /** The share of the registry that may be evicted within a minute; 100: all of it. */
  readonly evictionPercentPerMinute: number;
}

export const guardDefaults: GuardOptions = {
  guardPercent: 85,
  guardCeilingSeconds: 3600,
  evictionPercentPerMinute: 15,
};
