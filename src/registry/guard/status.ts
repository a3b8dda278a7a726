// The state of the guard, put together for readers: the whole registry, and the apps that are held.

import type { GuardStatus } from '../../model/guard-status.ts';
import type { GuardOptions } from '../options.ts';
import type { Guard } from './guard.ts';

/** What is counted beside the guard. */
type LeaseCounts = Pick<GuardStatus, 'members' | 'expectedRenewalsPerMinute' | 'seenRenewalsPerMinute' | 'evictions'>;

export function statusOf(guard: Guard, options: GuardOptions, counts: LeaseCounts, appsMax: number): GuardStatus {
  const { registry, heldAppCount } = guard;
  const heldApps = guard.heldApps(appsMax);
  const isRegistryHeld = registry.held !== undefined;
  const since = [registry.held?.wallMs, heldApps[0]?.sinceMs].filter((ms) => ms !== undefined);
  const calm = guard.isOff
    ? 'the guard is switched off'
    : `${registry.losses} of ${counts.members} instances are silent`;
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
