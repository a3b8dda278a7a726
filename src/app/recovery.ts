// Takes back what the last life has left, one instance after the other, at the start: what a zone file has meanwhile is
// refused, everybody who keeps an index of instances is told.

import type { Change } from '../model/change.ts';
import type { Problem } from '../model/problem.ts';
import type { PersistedInstance } from '../registry/options.ts';
import type { Registry } from '../registry/registry.ts';

/** What of the zones has to be asked. */
interface ReservedNames {
  /** Why a name below the origin cannot be registered. */
  reservedReason(name: string): string | undefined;
  /** Whether all names of an env can be. */
  isOpen(env: string): boolean;
}

/**
 * What takes an instance, or says why it cannot be taken back. To be used while no zone changes. `told`: of each that
 * was taken.
 */
export function recovering(registry: Pick<Registry, 'recover'>, names: ReservedNames, told: (change: Change) => void) {
  // Of a million instances each question about the zones counts, and there are few envs.
  const openEnvs = new Map<string, boolean>();
  const isInOpenEnv = (env: string): boolean => {
    const known = openEnvs.get(env) ?? names.isOpen(env);
    openEnvs.set(env, known);
    return known;
  };
  return (saved: PersistedInstance): Problem | undefined => {
    const { key, label } = saved;
    const reserved = isInOpenEnv(key.env) ? undefined : names.reservedReason(`${label}.${key.appid}.${key.env}`);
    if (reserved !== undefined) return { field: 'instance', message: reserved, value: key.instance };
    const change = registry.recover(saved);
    if ('message' in change) return change;
    told(change);
    return undefined;
  };
}
