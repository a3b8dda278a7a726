// An update of one instance for a DNS thread, as numbers: its row, which has all that DNS answers with (instance-rows.ts), the
// registry's revision, and its lease. A lease is open (no deadline) until it is near its end: see LeaseOptions.onNearExpiry
// of the registry. Many updates are one array of numbers, which costs a thread no garbage to read.
// Limit: why a suspect is kept is sent when it becomes one and when it is looked at again; between, its numbers may be others.

import type { LeasedInstance } from '../../model/view.ts';

/** An instance as the registry has it. */
export interface ReplicaInstance extends LeasedInstance {
  /** Its deadline is for those to know who hold a copy. */
  readonly isNearExpiry: boolean;
}

export interface ReplicaLease {
  /** Infinite where the lease is open. */
  readonly deadlineMs: number;
  /** Why the guard keeps it, in words; undefined where it is no suspect. */
  readonly why: string | undefined;
}

export const openLease: ReplicaLease = { deadlineMs: Number.POSITIVE_INFINITY, why: undefined };

/**
 * `put`: an instance is there, new or changed, and this is its row. `remove`: it has left, and this was its row. `lease`:
 * nothing but the lease is another. `revision`: something has left that is not there, and the revision has moved.
 */
export type UpdateKind = 'put' | 'remove' | 'lease' | 'revision';

const kinds: readonly UpdateKind[] = ['put', 'remove', 'lease', 'revision'];

/** Updates as plain data. */
export interface Updates {
  /** Five of each: its place in `kinds`, the row, the revision, the deadline, the reason's place with one added, or 0. */
  readonly numbers: Float64Array;
  readonly reasons: readonly string[];
}

/** Who applies updates, a function for each kind. */
export interface UpdateSink {
  put(row: number, revision: number, lease: ReplicaLease): void;
  remove(row: number, revision: number): void;
  updateLease(row: number, lease: ReplicaLease): void;
  touch(revision: number): void;
}

const numbersEach = 5;
const updatesPerPiece = 128;

/** The same in pieces, each of which is applied in about a millisecond. */
export function* piecesOf({ numbers, reasons }: Updates): Generator<Updates> {
  const step = updatesPerPiece * numbersEach;
  // Without updates there is one as well.
  for (let from = 0; from === 0 || from < numbers.length; from += step)
    yield { numbers: numbers.subarray(from, from + step), reasons };
}

/** In their order. */
export function applyUpdates({ numbers, reasons }: Updates, sink: UpdateSink): void {
  for (let at = 0; at < numbers.length; at += numbersEach) {
    const kind = kinds[numbers[at] as number];
    // As an integer, which V8 keeps without a box.
    const row = (numbers[at + 1] as number) | 0;
    const revision = numbers[at + 2] as number;
    if (kind === 'remove') {
      sink.remove(row, revision);
      continue;
    }
    if (kind === 'revision') {
      sink.touch(revision);
      continue;
    }
    const deadlineMs = numbers[at + 3] as number;
    const why = reasons[(numbers[at + 4] as number) - 1];
    const lease = why === undefined && deadlineMs === openLease.deadlineMs ? openLease : { deadlineMs, why };
    if (kind === 'put') sink.put(row, revision, lease);
    else sink.updateLease(row, lease);
  }
}

/** Updates that wait to be posted. */
export class UpdateList {
  #numbers = new Float64Array(16 * numbersEach);
  #reasons: string[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(kind: UpdateKind, row: number, revision: number, { deadlineMs, why }: ReplicaLease = openLease): void {
    const at = this.#length * numbersEach;
    this.#length++;
    if (at === this.#numbers.length) {
      const grown = new Float64Array(2 * at);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    // Many are kept for one reason.
    if (why !== undefined && this.#reasons.at(-1) !== why) this.#reasons.push(why);
    const reason = why === undefined ? 0 : this.#reasons.length;
    const numbers = this.#numbers;
    numbers[at] = kinds.indexOf(kind);
    numbers[at + 1] = row;
    numbers[at + 2] = revision;
    numbers[at + 3] = deadlineMs;
    numbers[at + 4] = reason;
  }

  /** Of many in a row the last one counts. */
  pushRevision(revision: number): void {
    const last = (this.#length - 1) * numbersEach;
    if (last >= 0 && this.#numbers[last] === kinds.indexOf('revision')) this.#numbers[last + 2] = revision;
    else this.push('revision', 0, revision);
  }

  /** All of them; none are left. */
  take(): Updates {
    const taken = { numbers: this.#numbers.slice(0, this.#length * numbersEach), reasons: this.#reasons };
    this.#reasons = [];
    this.#length = 0;
    return taken;
  }
}
