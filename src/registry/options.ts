// What a registry is made with, and what a registration may ask for besides its content.

import type { Clock } from './clock.ts';
import type { RegistrationDefaults } from './instance.ts';

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
}

export interface RegisterOptions {
  /** Leave an instance that is there as it is. */
  readonly ifAbsent?: boolean;
  /** The writer's time in wall-clock milliseconds; without it this registration is the newest. */
  readonly dirtyAtMs?: number | undefined;
}
