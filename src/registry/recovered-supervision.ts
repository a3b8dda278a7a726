// How a stored instance is supervised from the start on: as it was, or as its registration says where nothing was stored.

import { healthOf } from '../model/health.ts';
import type { Supervision } from '../model/instance.ts';
import { defaultLiveness } from '../model/liveness.ts';
import type { PersistedInstance } from '../model/persisted-instance.ts';

export function recoveredSupervision({ registration, supervision = {} }: PersistedInstance): Supervision {
  const { liveness = defaultLiveness(registration), override, fronts } = supervision;
  const fresh = healthOf(registration, undefined, { liveness, file: undefined, isHeard: true });
  return { liveness, override, fronts, health: fresh && (supervision.health ?? fresh) };
}
