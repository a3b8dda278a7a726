// What becomes of a write that was accepted while cut off from etcd, when etcd is there again: decided per key from what
// was done here (the operation, not the state it led to) and what is there now. A change of owner is no conflict, since
// it leaves the data revision alone. Pure; the caller sends the swap, and asks again when it is lost.

/** A write that etcd has not confirmed. Stamps are those of hlc.ts. */
export interface PendingOperation {
  readonly kind: 'register' | 'patch' | 'drain' | 'cancel';
  /** The data revision that it was based on; undefined: the instance was not there. */
  readonly basis: number | undefined;
  readonly hlc: number;
  /** Of a registration: the writer's own time. */
  readonly dirtyAtMs: number;
  readonly isDirtyGiven: boolean;
}

export type FoundInEtcd =
  | {
      readonly kind: 'record';
      readonly dataRevision: number;
      /** Of its registration. */
      readonly hlc: number;
      readonly dirtyAtMs: number;
      readonly isDirtyGiven: boolean;
      readonly isOwnerLive: boolean;
    }
  | {
      readonly kind: 'absent';
      readonly tombstone: { readonly why: 'cancelled' | 'evicted'; readonly hlc: number } | undefined;
    };

export interface OwnerLiveness {
  readonly isHeardWithinLease: boolean;
  readonly hasLease: boolean;
}

export type Resolution =
  /** Put the pending registration, over what is there. */
  | 'put'
  /** Apply the pending patch or drain to what is there. */
  | 'apply'
  | 'remove'
  /** What is there counts; what was heard is forwarded to its owner. */
  | 'adopt'
  /** What is there counts, and becomes this node's, since its owner is dead. */
  | 'take-over'
  /** Nothing is to be done any more. */
  | 'drop'
  /** As drop, with a log line that a write did not count. */
  | 'conflict';

export function reconcile(pending: PendingOperation, found: FoundInEtcd, liveness: OwnerLiveness): Resolution {
  switch (pending.kind) {
    case 'register':
      return found.kind === 'record'
        ? registrationOver(pending, found, liveness)
        : registrationAnew(pending, found.tombstone, liveness);
    case 'patch':
    case 'drain':
      if (found.kind === 'absent') return 'drop';
      return found.hlc <= pending.hlc ? 'apply' : 'conflict';
    case 'cancel':
      return found.kind === 'absent' || found.hlc > pending.hlc ? 'drop' : 'remove';
  }
}

type Found = FoundInEtcd & { readonly kind: 'record' };
type Absent = FoundInEtcd & { readonly kind: 'absent' };

function registrationOver(pending: PendingOperation, found: Found, liveness: OwnerLiveness): Resolution {
  if (found.dataRevision === pending.basis) return 'put';
  if (isNewer(found, pending)) return found.isOwnerLive || !liveness.isHeardWithinLease ? 'adopt' : 'take-over';
  return isAlive(liveness) ? 'put' : 'drop';
}

function registrationAnew(
  pending: PendingOperation,
  tombstone: Absent['tombstone'],
  liveness: OwnerLiveness,
): Resolution {
  if (tombstone?.why === 'evicted') return liveness.isHeardWithinLease ? 'put' : 'drop';
  if (tombstone?.why === 'cancelled' && tombstone.hlc > pending.hlc) return 'conflict';
  return isAlive(liveness) ? 'put' : 'drop';
}

function isAlive({ isHeardWithinLease, hasLease }: OwnerLiveness): boolean {
  return isHeardWithinLease || !hasLease;
}

/** By the writers' own times where both gave one; what is in etcd wins a tie, so that two nodes agree. */
function isNewer(found: Found, pending: PendingOperation): boolean {
  if (found.isDirtyGiven && pending.isDirtyGiven && found.dirtyAtMs !== pending.dirtyAtMs)
    return found.dirtyAtMs > pending.dirtyAtMs;
  return found.hlc >= pending.hlc;
}
