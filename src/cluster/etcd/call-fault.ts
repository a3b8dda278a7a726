// What an error of etcd's means. The list of known errors is short on purpose: everything else is "etcd is not
// available", because acting on a message that only looked like a verdict is worse than waiting (Patroni demoted a primary
// over a "no leader" that was not on its list).

import { status } from '@grpc/grpc-js';
import type { Fault } from '../engine.ts';

/** What a failed gRPC call has of its failure. */
export interface CallError {
  readonly code?: number;
  readonly details?: string;
  readonly message?: string;
}

/** Besides what callers see: the token is no longer known, which a login mends. */
export type CallFault = Fault | { readonly fault: 'unauthenticated'; readonly detail: string };

interface Known {
  readonly code: number;
  readonly text: RegExp;
  readonly fault: Exclude<CallFault['fault'], 'unavailable'>;
}

const known: readonly Known[] = [
  { code: status.RESOURCE_EXHAUSTED, text: /database space exceeded/, fault: 'no-space' },
  { code: status.UNAUTHENTICATED, text: /^/, fault: 'unauthenticated' },
  // Without a token, or with one of before the users changed.
  { code: status.INVALID_ARGUMENT, text: /user name is empty|revision of auth store is old/, fault: 'unauthenticated' },
  { code: status.INVALID_ARGUMENT, text: /invalid user ID or password/, fault: 'denied' },
  { code: status.PERMISSION_DENIED, text: /^/, fault: 'denied' },
  { code: status.OUT_OF_RANGE, text: /has been compacted/, fault: 'compacted' },
  { code: status.INVALID_ARGUMENT, text: /duplicate key|too many operations|too large|lease/, fault: 'refused' },
  { code: status.FAILED_PRECONDITION, text: /authentication is not enabled/, fault: 'refused' },
  { code: status.NOT_FOUND, text: /lease not found/, fault: 'refused' },
];

export function callFault(error: CallError): CallFault {
  const detail = error.details ?? error.message ?? 'unknown error';
  const match = known.find(({ code, text }) => code === error.code && text.test(detail));
  return match === undefined ? unavailable(detail, true) : { fault: match.fault, detail };
}

/** What callers see of it: a login that did not help is a refusal. */
export function outwardFault(fault: CallFault): Fault {
  return fault.fault === 'unauthenticated' ? { fault: 'denied', detail: fault.detail } : fault;
}

export function unavailable(detail: string, sent: boolean): Fault {
  return { fault: 'unavailable', detail, sent };
}
