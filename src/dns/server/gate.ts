// Which clients may ask at all, by the network of their address. It comes before everything, the fast path
// included, and costs nothing where no network is configured.

import { Networks } from './networks.ts';
import { octetsOf, type Peer } from './peer.ts';
import type { ZoneRule } from './zone-access.ts';

/** `refuse`: REFUSED, so that a legitimate client knows; `drop`: silence, so that a forged source gets nothing. */
export type Denied = 'refuse' | 'drop';

export interface Gate {
  /** Called for every request: must not wait, throw or allocate. */
  verdict(peer: Peer): 'admit' | Denied;
}

/** As configured: plain values, so that threads can be given them. */
export interface AccessRules {
  /** Networks such as `10.0.0.0/8` or `fd00::/8`. */
  readonly allow: readonly string[];
  /** Zones that only some of them may ask about; the others are open. */
  readonly zones?: readonly ZoneRule[];
  readonly denied: Denied;
}

/** Undefined where all may ask. */
export function gateOf(rules: AccessRules | undefined): Gate | undefined {
  return rules === undefined || rules.allow.length === 0 ? undefined : new NetworkGate(rules);
}

class NetworkGate implements Gate {
  readonly #allowed: Networks;
  readonly #denied: Denied;

  constructor({ allow, denied }: AccessRules) {
    this.#allowed = new Networks(allow);
    this.#denied = denied;
  }

  verdict(peer: Peer): 'admit' | Denied {
    return this.#allowed.has(octetsOf(peer)) ? 'admit' : this.#denied;
  }
}
