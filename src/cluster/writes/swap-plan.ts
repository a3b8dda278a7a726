// The compare-and-swap that makes one change of an instance true: its record, the label that it claims, its tombstone, and
// the hold that outlives it. What is written holds its place among the changes that share a revision, so it is made when
// the publisher has given it one.
// A label that is the instance's id is claimed by the record's own key; only another one has a key of its own: a put less
// in etcd and an event less at each node for nearly every registration. Each kind is refused where the other is there.

import type { NewChange } from '../../model/change.ts';
import { instanceKey } from '../../model/names.ts';
import { isHold } from '../../model/status.ts';
import type { Condition, Entry, Swap, Write } from '../engine.ts';
import { holdText } from '../records/hold-value.ts';
import { holdPath, instancePath, labelPath, tombstonePath } from '../records/keys.ts';
import { operationOf, recordText } from '../records/record.ts';
import { recordOf, tombstoneOf } from '../records/record-mapping.ts';
import { tombstoneText } from '../records/tombstone.ts';
import type { Known } from '../replica/known-records.ts';
import type { OwnRecords } from '../replica/own-records.ts';

export interface SwapPlan {
  readonly operation: string;
  readonly isDirtyGiven?: boolean | undefined;
  /** What else has to hold. */
  readonly more?: readonly Condition[] | undefined;
  /** The stamp that it was accepted with; undefined: now. */
  readonly hlc?: number | undefined;
  /** The number of its last data change, where it keeps one. */
  readonly number?: number | undefined;
}

export interface SwapStamps {
  readonly me: string;
  readonly prefix: string;
  readonly hlc: number;
  /** Of its tombstone. */
  readonly lease: bigint | undefined;
  /** Takes note of a record as it is sent. */
  readonly made?: OwnRecords | undefined;
}

/** A swap that is whole once it has its place. */
export interface PlacedSwap {
  /** All that it may write. */
  readonly keys: readonly string[];
  readonly at: (place: number) => Swap;
}

const encoder = new TextEncoder();

/** `known`: the record that it replaces. */
export function swapOf(
  change: NewChange,
  known: Known | undefined,
  { operation, isDirtyGiven = false, more = [], number }: SwapPlan,
  { me, prefix, hlc, lease, made }: SwapStamps,
): PlacedSwap {
  const { env, appid, instance, label } = change.after ?? change.before;
  const id = { env, appid, instance };
  const [key, grave] = [prefix + instancePath(id), prefix + tombstonePath(id)];
  const [labelKey, hold] = [prefix + labelPath(env, appid, label), prefix + holdPath(id)];
  const at: Condition = { key, is: 'at', modRevision: known?.modRevision ?? 0 };
  const written = { node: me, operation, hlc };
  const rest = { reads: [key, grave], isOwn: (found: readonly Entry[]) => isWrittenBy(found, operation) };
  if (change.after === undefined) {
    const tombstone = tombstoneOf(change, written);
    const { override } = change.before;
    const kept: Write[] = isHold(override) ? [{ key: hold, value: encoder.encode(holdText(override)) }] : [];
    // Earlier versions claimed every label with a key.
    const others: Write[] = [{ key }, { key: labelKey }, ...kept];
    const conditions = [at, ...more];
    return placed(grave, others, (place) => {
      const value = encoder.encode(tombstoneText({ ...tombstone, place }));
      const first: Write = lease === undefined ? { key: grave, value } : { key: grave, value, lease };
      return { conditions, writes: [first, ...others], ...rest };
    });
  }
  const record = recordOf(change, known, written, isDirtyGiven);
  const isNew = change.kind === 'registered';
  const isOwnLabel = label === instanceKey(instance);
  const named = isOwnLabel ? [] : [prefix + instancePath({ env, appid, instance: label })];
  const absent: Condition[] = [key, labelKey, ...named].map((one) => ({ key: one, is: 'absent' }));
  const conditions = isNew ? [...absent, ...more] : [at, ...more];
  const claimed: Write[] = isNew && !isOwnLabel ? [{ key: labelKey, value: encoder.encode(instance) }] : [];
  // The record has it from now on.
  const lifted: Write[] = isNew && isHold(change.after.override) ? [{ key: hold }] : [];
  const others = [...claimed, ...lifted];
  return placed(key, others, (place) => {
    const sent = { ...record, dataRevision: number, place };
    const value = encoder.encode(recordText(sent));
    made?.note(key, value, sent);
    return { conditions, writes: [{ key, value }, ...others], ...rest };
  });
}

function placed(first: string, others: readonly Write[], at: (place: number) => Swap): PlacedSwap {
  return { keys: [first, ...others.map(({ key }) => key)], at };
}

/** The id of a write that found itself done. */
export function isWrittenBy(found: readonly Entry[], operation: string): boolean {
  return found.some(({ value }) => operationOf(value) === operation);
}
