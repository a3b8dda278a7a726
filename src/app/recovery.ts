// Recovers what the last run has left, one instance after the other, at the start: names that a zone file has meanwhile
// taken are refused, and subscribers that keep an index of instances get each of the others.

import type { Change } from '../model/change.ts';
import type { PersistedInstance } from '../model/persisted-instance.ts';
import type { Problem } from '../model/problem.ts';
import type { Registry } from '../registry/registry.ts';

/** The questions that recovery has to the zones. */
interface ReservedNames {
  /** Why a name below the origin cannot be registered. */
  reservedReason(name: string): string | undefined;
  /** Whether all names of an env can be. */
  isOpen(env: string): boolean;
}

/**
 * Recovers an instance, or returns why it cannot be recovered. To be used while no zone changes. `onRecovered`: called with each
 * that was recovered.
 */
export function recovering(
  registry: Pick<Registry, 'recover'>,
  names: ReservedNames,
  onRecovered: (change: Change) => void,
) {
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
    onRecovered(change);
    return undefined;
  };
}
