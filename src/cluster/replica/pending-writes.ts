// Writes that were accepted while etcd could not be asked: kept as operations, by instance, in the order in which they
// came, until etcd has decided each of them. They are in the registry already; while an instance has one, what the watch
// brings of it is not applied, because that is for the decision to do (settling.ts).
// Limits: `pendingMax` operations; what comes above is refused.

import type { WriteBody } from '../records/command-json.ts';
import { instancePath } from '../records/keys.ts';

export const pendingMax = 20_000;

export interface PendingWrite extends WriteBody {
  /** Monotonic milliseconds of this node. */
  readonly acceptedMs: number;
}

/** What outlives the process. */
export interface PendingStore {
  put(write: PendingWrite): void;
  drop(operations: readonly string[]): void;
}

export class PendingWrites {
  readonly #byPath = new Map<string, PendingWrite[]>();
  readonly #store: PendingStore | undefined;
  /** Which peers have each of those that were accepted here or announced. */
  readonly #announced = new Map<string, Set<string>>();
  /** Under way to etcd: what the watch brings of them is theirs. */
  readonly #sent = new Map<string, string>();
  conflicts = 0;

  constructor(store: PendingStore | undefined) {
    this.#store = store;
  }

  get size(): number {
    return this.#announced.size;
  }

  get isFull(): boolean {
    return this.size >= pendingMax;
  }

  paths(): string[] {
    return [...this.#byPath.keys()];
  }

  of(path: string): readonly PendingWrite[] {
    return this.#byPath.get(path) ?? [];
  }

  has(path: string): boolean {
    return this.#byPath.has(path);
  }

  knows(operation: string): boolean {
    return this.#announced.has(operation);
  }

  /** `isKept`: it is on the disk already. */
  add(write: PendingWrite, isKept = false): void {
    const path = instancePath(write.command.key);
    const list = this.#byPath.get(path) ?? [];
    list.push(write);
    this.#byPath.set(path, list);
    this.#announced.set(write.operation, new Set([write.node]));
    if (!isKept && write.command.kind !== 'judge') this.#store?.put(write);
  }

  /** The swap of an instance's writes is on its way. */
  sent(path: string, operation: string): void {
    this.#sent.set(path, operation);
  }

  /** Whether what the watch brings of an instance is not to be applied yet. The own swap's is, and ends them all. */
  shields(path: string, operation: string | undefined): boolean {
    if (!this.has(path)) return false;
    if (operation === undefined || this.#sent.get(path) !== operation) return true;
    this.settle(path);
    return false;
  }

  /** All of an instance are decided. */
  settle(path: string): void {
    const operations = this.of(path).map(({ operation }) => operation);
    this.#byPath.delete(path);
    this.#sent.delete(path);
    for (const operation of operations) this.#announced.delete(operation);
    this.#store?.drop(operations);
  }

  /** Those that a peer may not know yet, at most `limit`. */
  unannounced(node: string, limit: number): PendingWrite[] {
    const unannounced: PendingWrite[] = [];
    for (const list of this.#byPath.values())
      for (const write of list) {
        if (unannounced.length >= limit) return unannounced;
        if (write.command.kind !== 'judge' && this.#announced.get(write.operation)?.has(node) !== true)
          unannounced.push(write);
      }
    return unannounced;
  }

  announced(node: string, operations: readonly string[]): void {
    for (const operation of operations) this.#announced.get(operation)?.add(node);
  }
}
