// The checks in front of the answers, made from the settings: who may ask at all, about which zones, how
// often over UDP, and how much one datagram may hold.

import type { DnsCounters } from './counters.ts';
import { type AccessRules, gateOf } from './gate.ts';
import type { HandlerDeps } from './handler.ts';
import { type ResponseRateRules, responseLimitOf } from './response-limit.ts';
import { zoneAccessOf } from './zone-access.ts';

/** Plain values, so that threads can be given them. */
export interface GuardRules {
  /** Undefined: all may ask. */
  readonly access?: AccessRules | undefined;
  /** Undefined: no rate is limited. */
  readonly responseRates?: ResponseRateRules | undefined;
  /** See HandlerDeps. */
  readonly unprovenOctetsMax?: number | undefined;
}

type Guards = Pick<HandlerDeps, 'gate' | 'zoneAccess' | 'zoneDenied' | 'responseLimit' | 'unprovenOctetsMax'>;

export function guardsOf({ access, responseRates, unprovenOctetsMax }: GuardRules, counters: DnsCounters): Guards {
  return {
    gate: gateOf(access),
    zoneAccess: zoneAccessOf(access?.zones),
    zoneDenied: access?.denied,
    responseLimit: responseLimitOf(responseRates, counters),
    unprovenOctetsMax,
  };
}
