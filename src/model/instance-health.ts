// The health of a registration when it comes in: a new one, or what is left of the verdict on the one that it replaces.

import { addressToText } from './address.ts';
import { checksPart, combinedHealth, type Health, type Judgement, leasePart } from './health.ts';
import type { Instance, Registration } from './instance.ts';
import type { Liveness } from './liveness.ts';

const unchecked: Judgement = { verdict: 'unchecked', reason: 'no check has passed yet' };
const heard: Judgement = { verdict: 'passing', reason: '' };

/**
 * The health of a registration that replaces `before`; undefined where it has none. A verdict of checks stays as long as
 * it is about the same addresses and the same checks; one of a lease that has ended, until the instance is heard.
 */
export function healthOf(
  registration: Registration,
  before: Instance | undefined,
  {
    liveness,
    file,
    isHeard,
  }: { readonly liveness: Liveness; readonly file: string | undefined; readonly isHeard: boolean },
): Health | undefined {
  const isLease = liveness.kind === 'lease-then-waiting';
  if (registration.checks.length === 0)
    return isLease ? { ...plain(isHeard ? heard : leaseBefore(before)), file } : undefined;
  const checks = before?.health && isSameQuestion(before, registration) ? checksPart(before.health) : unchecked;
  if (!isLease) return { ...plain(checks), file };
  return combinedHealth({ lease: plain(isHeard ? heard : leaseBefore(before)), checks: plain(checks) }, file);
}

function leaseBefore(before: Instance | undefined): Judgement {
  if (before?.health === undefined || before.liveness.kind !== 'lease-then-waiting') return heard;
  return leasePart(before.health);
}

function plain({ verdict, reason }: Judgement): Judgement {
  return { verdict, reason };
}

export function isSameQuestion(a: Registration, b: Registration): boolean {
  const question = ({ addrs, checks }: Registration): string => JSON.stringify([addrs.map(addressToText), checks]);
  return a === b || question(a) === question(b);
}
