// The pieces of a decision: the change of an instance, and what becomes of its status and its supervision.

import type { Actor, Cause } from '../model/change.ts';
import { type CompactInstance, compactInstance } from '../model/compact-instance.ts';
import { isSameParts } from '../model/front-parts.ts';
import { isSameHealth } from '../model/health.ts';
import type { Instance, Registration, Supervision } from '../model/instance.ts';
import type { Timestamps } from '../model/instance-record.ts';
import { defaultLiveness, isSameLiveness, type Liveness } from '../model/liveness.ts';
import type { Override } from '../model/status.ts';
import type { Moment } from '../runtime/clock.ts';
import type { App } from './apps/app.ts';
import type { MutableRecord } from './mutable-record.ts';

export function updated(
  { instance: before, times }: MutableRecord,
  after: Instance,
  cause: Cause,
  origin: Actor,
  { wallMs }: Moment,
) {
  const upAtMs = after.status === 'up' && before.status !== 'up' ? wallMs : times.upAtMs;
  return {
    kind: 'updated' as const,
    before,
    after,
    origin,
    cause,
    times: { ...times, upAtMs, updatedAtMs: wallMs },
    isRenewal: false,
  };
}

/** Of an instance that joins now. `dirtyAtMs`: its writer's time. */
export function firstTimes({ status }: Registration, wallMs: number, dirtyAtMs = wallMs): Timestamps {
  const upAtMs = status === 'up' ? wallMs : undefined;
  return { registeredAtMs: wallMs, upAtMs, renewedAtMs: wallMs, updatedAtMs: wallMs, dirtyAtMs };
}

/** A plain drain would change nothing that can be seen, now or later. */
export function isDraining({ override, wanted, health }: Instance): boolean {
  return override !== undefined || (wanted === 'waiting' && health === undefined);
}

export function overridden({ place }: App, instance: Instance, override: Override | undefined): CompactInstance {
  const { instance: id, label, liveness, health, fronts, quotaEntry } = instance;
  return compactInstance(place, id, label, instance, [], { liveness, health, override, fronts, quotaEntry });
}

/** A patch may add the first check, or take the last one away. */
export function livenessAfter(before: Instance, registration: Registration): Liveness {
  return isSameLiveness(before.liveness, defaultLiveness(before)) ? defaultLiveness(registration) : before.liveness;
}

export function isSameSupervision(a: Supervision, b: Supervision): boolean {
  if (!isSameLiveness(a.liveness, b.liveness) || a.override !== b.override) return false;
  if (a.quotaEntry !== b.quotaEntry) return false;
  if (!isSameParts(a.fronts, b.fronts)) return false;
  return isSameHealth(a.health, b.health);
}
