// A registration with a patch of its owner applied: as JSON, and then parsed as any other.

import {
  type Instance,
  parseRegistration,
  type Registration,
  type RegistrationDefaults,
  registrationToJson,
} from '../model/instance.ts';
import type { Problem } from '../model/problem.ts';
import { mergePatch } from './merge-patch.ts';

/** The registration after a JSON merge patch (RFC 7396), or every problem of it. */
export function patchedRegistration(
  instance: Instance,
  patch: unknown,
  defaults: RegistrationDefaults,
): Registration | Problem[] {
  return parseRegistration(mergePatch(registrationToJson(instance), patch), defaults);
}
