// The client that registered an instance, as a number that is kept with it: the guard must distinguish one client whose instances are all
// gone from a network that is. A principal is one client at all its addresses; an address identifies those without one.
// Limits: 23 bits, so two clients are taken for one in one case of 8 million.

import type { Actor } from '../../model/change.ts';
import { mixed, textHash } from '../../runtime/text-hash.ts';

export const clientBits = 23;

/** Hashed before the name: a principal may be called like an address. */
const principalStart = textHash('principal ');
const addressStart = textHash('address ');

export function clientOf({ principal, address }: Actor): number {
  const hash = principal === undefined ? textHash(address, addressStart) : textHash(principal, principalStart);
  return mixed(hash) & (2 ** clientBits - 1);
}
