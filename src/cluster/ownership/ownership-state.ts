// What one node's ownership knows, and the few ways in which it changes: shared by the parts that decide from it. A view
// has at most one swap in flight, so a second reason for one waits until the first has come to its end.

import type { InstanceView } from './instance-view.ts';
import type { Intent, SwapChange } from './ownership-events.ts';

export interface OwnershipOptions {
  readonly me: string;
  /** In front of the ids of operations: of this node, and of this run of it. */
  readonly idPrefix: string;
  /** The guard: whether this instance of this owner may be let go now. */
  readonly mayEvict: (key: string, owner: string, nowMs: number) => boolean;
  /** An orphan without a lease is another node's to take over; undefined: none is. */
  readonly isLeft?: ((key: string) => boolean) | undefined;
}

export class OwnershipState {
  readonly options: OwnershipOptions;
  readonly views = new Map<string, InstanceView>();
  readonly dead = new Set<string>();
  /** When each node was last heard to live. */
  readonly proofs = new Map<string, number>();
  executorOf: ReadonlySet<string> = new Set();
  isJoined = false;
  joinedMs = Number.NEGATIVE_INFINITY;
  provenUntilMs = Number.NEGATIVE_INFINITY;
  intents: Intent[] = [];
  #count = 0;

  constructor(options: OwnershipOptions) {
    this.options = options;
  }

  /** Whether this node acts on the end of its lease. */
  runs({ state, record }: InstanceView): boolean {
    return state === 'own' || (state === 'orphan' && this.executorOf.has(record.owner));
  }

  takeOver(view: InstanceView): void {
    if (this.isJoined) this.swap(view, 'take-over');
  }

  swap(view: InstanceView, change: SwapChange, expected: number | 'absent' = view.record.modRevision): void {
    if (view.flight !== undefined) return;
    const id = `${this.options.idPrefix}${++this.#count}`;
    view.flight = { id, change, isHeard: false };
    const isFenced = change === 'evict' || change === 'lapse' || change === 'end-hold';
    const without = isFenced && view.state === 'orphan' ? view.record.owner : undefined;
    this.intents.push({ kind: 'swap', id, key: view.key, change, expected, fence: { session: isFenced, without } });
  }

  /** In all answers its TTL is 1 while it is. */
  setSuspect(view: InstanceView, isSuspect: boolean): void {
    if (view.isSuspect === isSuspect) return;
    view.isSuspect = isSuspect;
    this.intents.push({ kind: 'suspect', key: view.key, isSuspect });
  }
}
