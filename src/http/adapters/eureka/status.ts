// Eureka's five statuses over our inputs. Its status of an instance is what the registrant sent where that agrees with
// what rollcall finds; its override is our hold without an end, whose reason names the value.

import type { Instance } from '../../../model/instance.ts';
import type { Status } from '../../../model/status.ts';

export const EurekaStatus = ['UP', 'DOWN', 'STARTING', 'OUT_OF_SERVICE', 'UNKNOWN'] as const;
export type EurekaStatus = (typeof EurekaStatus)[number];

export function eurekaStatusOf(text: string): EurekaStatus | undefined {
  return EurekaStatus.find((known) => known === text.toUpperCase());
}

/** Everything but UP takes no traffic. */
export function wantedOf(status: EurekaStatus): Status {
  return status === 'UP' ? 'up' : 'waiting';
}

/** UNKNOWN: there is none. */
export function overrideOf({ override }: Pick<Instance, 'override'>): EurekaStatus {
  if (override === undefined) return 'UNKNOWN';
  if (override.status === 'up') return 'UP';
  const named = override.reason === undefined ? undefined : eurekaStatusOf(override.reason);
  return named === undefined || named === 'UP' ? 'OUT_OF_SERVICE' : named;
}

/** `sent`: by the registrant through this front. */
export function statusOf(
  instance: Pick<Instance, 'override' | 'status' | 'wanted'>,
  sent: EurekaStatus | undefined,
): EurekaStatus {
  if (instance.override !== undefined) return overrideOf(instance);
  if (instance.status === 'up') return 'UP';
  return instance.wanted === 'waiting' && sent !== undefined && sent !== 'UP' ? sent : 'DOWN';
}
