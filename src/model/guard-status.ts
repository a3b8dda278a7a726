// The state of the guard as readers see it, and its news when a hold begins or ends.

export interface GuardEvent {
  readonly kind: 'held' | 'released';
  /** Undefined: the whole registry. */
  readonly app: { readonly env: string; readonly appid: string } | undefined;
  /** In words. */
  readonly reason: string;
  /** How long the hold lasted; 0 when it begins. */
  readonly heldMs: number;
  readonly members: number;
  readonly late: number;
  readonly suspects: number;
}

export interface HeldApp {
  readonly env: string;
  readonly appid: string;
  readonly reason: string;
  /** Wall-clock milliseconds. */
  readonly sinceMs: number;
  /** Instances that take traffic. */
  readonly members: number;
  /** Not heard of for longer than expected, suspects among them. */
  readonly late: number;
  /** Past their lease, and kept. */
  readonly suspects: number;
}

export interface GuardStatus {
  readonly isHolding: boolean;
  /** Why, or why not. */
  readonly reason: string;
  /** Wall-clock milliseconds of the oldest hold; undefined without one. */
  readonly sinceMs: number | undefined;
  /** The registry as a whole is held, and with it every app. */
  readonly isRegistryHeld: boolean;
  readonly members: number;
  readonly late: number;
  readonly suspects: number;
  readonly expectedRenewalsPerMinute: number;
  /** Of the last minute. */
  readonly seenRenewalsPerMinute: number;
  readonly percent: number;
  readonly ceilingSeconds: number;
  /** Evictions of the last minute, those that may be (infinite: no limit), and who waits for that. */
  readonly evictions: { readonly perMinute: number; readonly lastMinute: number; readonly waiting: number };
  readonly heldApps: readonly HeldApp[];
  readonly heldAppCount: number;
  /** Holds begun since the start. */
  readonly holds: number;
}

/** The guard as others may see it. */
export interface GuardView {
  /** Its state; of the apps held the oldest `appsMax`. */
  status(appsMax: number): GuardStatus;
  /** Adds a listener for holds that begin and end; called within commands: it must not write and must not wait. */
  onEvent(listener: (event: GuardEvent) => void): void;
}
