// What a registry is made with, and what a registration may ask for besides its content.

import type { Actor } from './change.ts';
import type { Clock } from './clock.ts';
import type { Registration, RegistrationDefaults } from './instance.ts';
import type { InstanceKey } from './names.ts';
import type { StoredInstance, Timestamps } from './stored-instance.ts';

export interface RegistryOptions {
  readonly clock: Clock;
  /** The zone the names live in, with a final dot: `svc.` */
  readonly origin: string;
  readonly defaults: RegistrationDefaults;
  readonly instancesMax: number;
  readonly instancesPerAppMax: number;
  /** The first change gets the number behind this one; never lower than any number used before (design §5, rule 7). */
  readonly initialRevision: number;
  /** Why a name below the origin (`orders.prod`) cannot be registered: a zone file has it. */
  readonly isReserved?: (name: string) => string | undefined;
  /**
   * For those who hold a copy: a lease is lapsing, or is no longer; called for each renewal of one that is. Must not
   * write to the registry. Without it nothing is done before a lease ends.
   */
  readonly onLapsing?: (stored: Readonly<StoredInstance>) => void;
}

/** An instance as it was written down, to be put back at the start. */
export interface SavedInstance {
  readonly key: InstanceKey;
  readonly label: string;
  readonly registration: Registration;
  readonly times: Readonly<Timestamps>;
  readonly revision: number;
}

export interface RegisterOptions {
  /** Leave an instance that is there as it is. */
  readonly ifAbsent?: boolean;
  /** The writer's time in wall-clock milliseconds; without it this registration is the newest. */
  readonly dirtyAtMs?: number | undefined;
  readonly by?: Actor | undefined;
}
