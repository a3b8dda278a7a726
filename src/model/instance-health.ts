// The health of a registration when it comes in: a new one, or what is left of the verdict on the one that it replaces.

import { addressToText } from './address.ts';
import type { Health, Judgement } from './health.ts';
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
  if (registration.checks.length > 0) {
    const { verdict, reason } = before?.health && isSameQuestion(before, registration) ? before.health : unchecked;
    return { verdict, reason, file };
  }
  if (liveness.kind !== 'lease-then-waiting') return undefined;
  const { verdict, reason } = isHeard ? heard : (before?.health ?? heard);
  return { verdict, reason, file };
}

export function isSameQuestion(a: Registration, b: Registration): boolean {
  const question = ({ addrs, checks }: Registration): string => JSON.stringify([addrs.map(addressToText), checks]);
  return a === b || question(a) === question(b);
}
