// JSON merge patch (RFC 7396): a patch object names what changes, null removes. Depth is bounded by the HTTP plane.

import {
  type Instance,
  isObject,
  parseRegistration,
  type Registration,
  type RegistrationDefaults,
  registrationToJson,
} from '../model/instance.ts';
import type { Problem } from '../model/problem.ts';

/** `target` with `patch` applied; neither is changed. Keys are own properties only, `__proto__` among them. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

/** The registration after a JSON merge patch (RFC 7396), or every problem of it. */
export function patchedRegistration(
  instance: Instance,
  patch: unknown,
  defaults: RegistrationDefaults,
): Registration | Problem[] {
  return parseRegistration(mergePatch(registrationToJson(instance), patch), defaults);
}
