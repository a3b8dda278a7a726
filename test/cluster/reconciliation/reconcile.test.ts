// What becomes of writes that were accepted while cut off: the table of outcomes, and what holds for every row of it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type FoundInEtcd,
  type OwnerLiveness,
  type PendingOperation,
  reconcile,
} from '../../../src/cluster/reconciliation/reconcile.ts';

const pending: PendingOperation = { kind: 'register', basis: 7, hlc: 100, dirtyAtMs: 100, isDirtyGiven: false };
const record: FoundInEtcd & { kind: 'record' } = {
  kind: 'record',
  dataRevision: 9,
  hlc: 50,
  dirtyAtMs: 50,
  isDirtyGiven: false,
  isOwnerLive: true,
};
const heard: OwnerLiveness = { isHeardWithinLease: true, hasLease: true };
const silent: OwnerLiveness = { isHeardWithinLease: false, hasLease: true };
const leaseless: OwnerLiveness = { isHeardWithinLease: false, hasLease: false };
const absent = (why?: 'cancelled' | 'evicted', hlc = 0): FoundInEtcd => ({
  kind: 'absent',
  tombstone: why === undefined ? undefined : { why, hlc },
});

describe('a pending operation', () => {
  test.each<[string, Partial<PendingOperation>, FoundInEtcd, OwnerLiveness, string]>([
    ['no write in between', {}, { ...record, dataRevision: 7, hlc: 999 }, silent, 'put'],
    ['evicted, heard', {}, absent('evicted', 999), heard, 'put'],
    ['evicted, silent', {}, absent('evicted', 1), silent, 'drop'],
    ['cancelled later', {}, absent('cancelled', 101), heard, 'conflict'],
    ['cancelled before', {}, absent('cancelled', 99), heard, 'put'],
    ['cancelled before, silent', {}, absent('cancelled', 99), silent, 'drop'],
    ['cancelled before, without a lease', {}, absent('cancelled', 99), leaseless, 'put'],
    ['no trace, heard', {}, absent(), heard, 'put'],
    ['no trace, silent', {}, absent(), silent, 'drop'],
    ['newer there, its owner lives', {}, { ...record, hlc: 101 }, heard, 'adopt'],
    ['newer there, its owner dead', {}, { ...record, hlc: 101, isOwnerLive: false }, heard, 'take-over'],
    ['newer there, dead, silent', {}, { ...record, hlc: 101, isOwnerLive: false }, silent, 'adopt'],
    ['as old there', {}, { ...record, hlc: 100 }, heard, 'adopt'],
    ['older there', {}, record, heard, 'put'],
    ['older there, silent', {}, record, silent, 'drop'],
    ['older there, without a lease', {}, record, leaseless, 'put'],
    [
      "the writers' times are the opposite of the stamps",
      { isDirtyGiven: true, dirtyAtMs: 5 },
      { ...record, isDirtyGiven: true, dirtyAtMs: 6 },
      heard,
      'adopt',
    ],
    ['one writer gives no time', { isDirtyGiven: true, dirtyAtMs: 5 }, { ...record, dirtyAtMs: 6 }, heard, 'put'],
    ['a patch of that registration', { kind: 'patch' }, record, silent, 'apply'],
    ['a drain of an earlier registration', { kind: 'drain' }, { ...record, hlc: 101 }, heard, 'conflict'],
    ['a patch of nothing', { kind: 'patch' }, absent(), heard, 'drop'],
    ['a cancel', { kind: 'cancel' }, record, silent, 'remove'],
    ['a cancel of an earlier registration', { kind: 'cancel' }, { ...record, hlc: 101 }, heard, 'drop'],
    ['a cancel of nothing', { kind: 'cancel' }, absent('evicted'), silent, 'drop'],
  ])('%s', (_name, operation, found, liveness, wanted) => {
    expect(reconcile({ ...pending, ...operation }, found, liveness)).toBe(wanted);
  });

  const stamps = { hlc: fc.nat(20), dirtyAtMs: fc.nat(20), isDirtyGiven: fc.boolean() };
  const anyPending = fc.record<PendingOperation>({
    kind: fc.constantFrom('register', 'patch', 'drain', 'cancel'),
    basis: fc.option(fc.nat(20), { nil: undefined }),
    ...stamps,
  });
  const anyFound: fc.Arbitrary<FoundInEtcd> = fc.oneof(
    fc.record({ kind: fc.constant('record' as const), dataRevision: fc.nat(20), isOwnerLive: fc.boolean(), ...stamps }),
    fc.record({
      kind: fc.constant('absent' as const),
      tombstone: fc.option(fc.record({ why: fc.constantFrom('cancelled', 'evicted'), hlc: fc.nat(20) }), {
        nil: undefined,
      }),
    }),
  );
  const anyLiveness = fc.record<OwnerLiveness>({ isHeardWithinLease: fc.boolean(), hasLease: fc.boolean() });

  test('never brings back the silent, nor what was cancelled later, nor removes what was registered later', () => {
    fc.assert(
      fc.property(anyPending, anyFound, anyLiveness, (one, found, liveness) => {
        const outcome = reconcile(one, found, liveness);
        if (found.kind === 'absent' && outcome === 'put') {
          expect(liveness.isHeardWithinLease || !liveness.hasLease).toBe(true);
          expect(found.tombstone?.why === 'cancelled' && found.tombstone.hlc > one.hlc).toBe(false);
        }
        if (outcome === 'remove') expect(found).toMatchObject({ kind: 'record' });
        if (outcome === 'remove' && found.kind === 'record') expect(found.hlc).toBeLessThanOrEqual(one.hlc);
        if (outcome === 'take-over') expect(liveness.isHeardWithinLease).toBe(true);
      }),
    );
  });

  test('two registrations of one instance end alike at whichever node heals first', () => {
    fc.assert(
      fc.property(fc.record(stamps), fc.record(stamps), (a, b) => {
        fc.pre(a.hlc !== b.hlc);
        const asPending = (one: typeof a): PendingOperation => ({ kind: 'register', basis: undefined, ...one });
        const asFound = (one: typeof a): FoundInEtcd => ({
          kind: 'record',
          dataRevision: 9,
          isOwnerLive: true,
          ...one,
        });
        const aFirst = reconcile(asPending(b), asFound(a), heard) === 'put' ? b : a;
        const bFirst = reconcile(asPending(a), asFound(b), heard) === 'put' ? a : b;
        expect(aFirst).toBe(bFirst);
      }),
    );
  });
});
