// Which deadline an instance has, by its liveness policy. Everything else about leases follows from this and from what
// happens at the deadline: an instance whose lease ends in `waiting` gets that status, any other one is evicted.

import { leasePart } from '../../model/health.ts';
import type { Instance } from '../../model/instance.ts';
import { connectionGraceMs } from '../../model/liveness.ts';

/**
 * `lease`: renewed by its client. `lapsed`: its lease has ended in `waiting`, or its checks fail, and a second deadline runs. `connection`: no
 * deadline while a connection is open, and the grace after it. `unbounded`: none.
 */
export type Term = 'lease' | 'lapsed' | 'connection' | 'unbounded';

export function termOf(instance: Instance): Term {
  const { liveness } = instance;
  switch (liveness.kind) {
    case 'lease':
      return 'lease';
    case 'lease-then-waiting':
      if (!isLapsed(instance)) return 'lease';
      return liveness.evictAfterSeconds === undefined ? 'unbounded' : 'lapsed';
    case 'connection':
      return 'connection';
    case 'checks':
      return liveness.evictAfterSeconds !== undefined && isCritical(instance) ? 'lapsed' : 'unbounded';
    case 'none':
    case 'remote':
      return 'unbounded';
  }
}

/** From when it was heard to its deadline; infinite without one. */
export function termMs(instance: Instance): number {
  const { liveness } = instance;
  // Nearly all, and with every renewal.
  if (liveness.kind === 'lease') return instance.leaseSeconds * 1000;
  switch (termOf(instance)) {
    case 'lease':
      return instance.leaseSeconds * 1000;
    case 'lapsed':
      return ('evictAfterSeconds' in liveness ? (liveness.evictAfterSeconds ?? 0) : 0) * 1000;
    case 'connection':
      return connectionGraceMs;
    case 'unbounded':
      return Number.POSITIVE_INFINITY;
  }
}

/** Its lease has ended, and it waits. */
export function isLapsed(instance: Instance): boolean {
  return instance.liveness.kind === 'lease-then-waiting' && isCritical(instance);
}

function isCritical({ health }: Instance): boolean {
  return health !== undefined && leasePart(health).verdict === 'critical';
}

/** At its deadline it is to wait, and not to leave. */
export function lapsesAtEnd(instance: Instance): boolean {
  return instance.liveness.kind === 'lease-then-waiting' && !isLapsed(instance);
}
