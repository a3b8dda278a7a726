// What one node knows of one instance beside its record: whose it is, when it was last heard here, when its lease ends,
// what the peers reported, and the one change that is in flight. The times are this node's monotonic milliseconds.

import type { Queued } from '../../runtime/deadline-heap.ts';
import type { OwnedRecord, SwapChange } from './ownership-events.ts';

export interface Flight {
  readonly id: string;
  readonly change: SwapChange;
  /** Heard since it was sent: if it removes the instance, that was wrong. */
  isHeard: boolean;
}

export class InstanceView implements Queued {
  heapIndex = -1;
  readonly key: string;
  record: OwnedRecord;
  state: 'own' | 'remote' | 'orphan' = 'remote';
  heardMs = Number.NEGATIVE_INFINITY;
  /** Of an own one or an orphan. */
  deadlineMs = Number.POSITIVE_INFINITY;
  ownerSinceMs: number;
  /** Whether another node has heard it lately: `unclear`, where not all peers have answered. */
  ask: 'no' | 'asking' | 'clear' | 'unclear' = 'no';
  /** When the question was put, or answered. */
  answeredMs = Number.NEGATIVE_INFINITY;
  flight: Flight | undefined;
  isSuspect = false;

  constructor(key: string, record: OwnedRecord, nowMs: number) {
    this.key = key;
    this.record = record;
    this.ownerSinceMs = nowMs;
  }

  /** Of the deadline that runs. */
  get spanMs(): number {
    return this.record.deadline === 'second' ? this.record.thenMs : this.record.leaseMs;
  }

  /** Within its lease, here. */
  isHeard(nowMs: number): boolean {
    return this.record.leaseMs !== Number.POSITIVE_INFINITY && nowMs - this.heardMs < this.record.leaseMs;
  }

  /** When there is something to do for it next. */
  lookAtMs(aheadMs: number): number {
    return this.ask === 'no' ? this.deadlineMs - aheadMs : this.deadlineMs;
  }
}
