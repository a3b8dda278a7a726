// When leases need attention, in a binary heap, the earliest on top. Why a heap and not a sweep: an ended lease is acted on at
// its deadline, at a hundred thousand instances as at one, and no tick walks them all.
// A renewal only writes `deadlineMs` on the lease: its place in the heap may then be too early, never too late, and is
// corrected when it comes to the top. So renewing costs no heap work at all. Exactly one entry a lease, removed with
// it: nothing stale piles up.

export interface Lease {
  /** Monotonic milliseconds at which the lease ends. Owners may move it later at will, earlier only by `set`. */
  deadlineMs: number;
  /** Owned by the queue: its place in the heap (-1: not queued) and the time it was placed by. */
  heapIndex: number;
  queuedMs: number;
}

export class LeaseQueue<L extends Lease> {
  readonly #heap: L[] = [];
  readonly #dueMs: (lease: L) => number;

  /** `dueMs`: when a lease is to be looked at; its end, unless it has stages before. May move as `deadlineMs` may. */
  constructor(dueMs: (lease: L) => number = ({ deadlineMs }) => deadlineMs) {
    this.#dueMs = dueMs;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Queues the lease, or moves it after its time was changed to an earlier one. */
  set(lease: L): void {
    lease.queuedMs = this.#dueMs(lease);
    if (lease.heapIndex < 0) {
      lease.heapIndex = this.#heap.length;
      this.#heap.push(lease);
    }
    this.#rise(lease);
    this.#sink(lease);
  }

  /** Takes the lease out; nothing happens where it is not queued. */
  delete(lease: L): void {
    const index = lease.heapIndex;
    if (index < 0) return;
    const last = this.#heap.pop() as L;
    lease.heapIndex = -1;
    if (last === lease) return;
    this.#place(last, index);
    this.#rise(last);
    this.#sink(last);
  }

  /** A time before which no lease is due; undefined without leases. It may be early, so ask again then. */
  earliestMs(): number | undefined {
    return this.#heap[0]?.queuedMs;
  }

  /** Takes out the lease that is due first, if one is by `nowMs`. */
  pop(nowMs: number): L | undefined {
    for (let top = this.#heap[0]; top !== undefined && top.queuedMs <= nowMs; top = this.#heap[0]) {
      const dueMs = this.#dueMs(top);
      if (dueMs <= nowMs) {
        this.delete(top);
        return top;
      }
      // Renewed since it was placed: it goes to where it belongs now.
      top.queuedMs = dueMs;
      this.#sink(top);
    }
    return undefined;
  }

  #place(lease: L, index: number): void {
    this.#heap[index] = lease;
    lease.heapIndex = index;
  }

  #rise(lease: L): void {
    let index = lease.heapIndex;
    while (index > 0) {
      const parent = this.#heap[(index - 1) >> 1] as L;
      if (parent.queuedMs <= lease.queuedMs) break;
      const next = parent.heapIndex;
      this.#place(parent, index);
      index = next;
    }
    this.#place(lease, index);
  }

  #sink(lease: L): void {
    const size = this.#heap.length;
    let index = lease.heapIndex;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && (this.#heap[right] as L).queuedMs < (this.#heap[child] as L).queuedMs) child = right;
      const smallest = this.#heap[child] as L;
      if (smallest.queuedMs >= lease.queuedMs) break;
      this.#place(smallest, index);
      index = child;
    }
    this.#place(lease, index);
  }
}
