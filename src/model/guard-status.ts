// What the guard says of itself: its state for whoever asks, and its news when a hold begins or ends.

import type { Guard } from '../registry/guard/guard.ts';
import type { GuardOptions } from '../registry/options.ts';

export interface GuardNews {
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
  onNews(listener: (news: GuardNews) => void): void;
}

/** What is counted beside the guard. */
export type LeaseCounts = Pick<
  GuardStatus,
  'members' | 'expectedRenewalsPerMinute' | 'seenRenewalsPerMinute' | 'evictions'
>;

export function statusOf(guard: Guard, options: GuardOptions, counts: LeaseCounts, appsMax: number): GuardStatus {
  const { registry, heldAppCount } = guard;
  const heldApps = guard.heldApps(appsMax);
  const isRegistryHeld = registry.held !== undefined;
  const since = [registry.held?.wallMs, heldApps[0]?.sinceMs].filter((ms) => ms !== undefined);
  const calm = guard.isOff
    ? 'the guard is switched off'
    : `${registry.losses} of ${counts.members} instances are not heard of`;
  const ofApps = `${heldAppCount} ${heldAppCount === 1 ? 'app is' : 'apps are'} held, not the whole registry`;
  return {
    ...counts,
    isHolding: isRegistryHeld || heldAppCount > 0,
    reason: isRegistryHeld ? guard.reasonOf(registry) : heldAppCount > 0 ? ofApps : calm,
    sinceMs: since.length === 0 ? undefined : Math.min(...since),
    isRegistryHeld,
    late: registry.late,
    suspects: registry.suspects,
    percent: options.guardPercent,
    ceilingSeconds: options.guardCeilingSeconds,
    heldApps,
    heldAppCount,
    holds: guard.holds,
  };
}
