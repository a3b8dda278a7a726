// Who is to be looked at when: leases in a binary heap by time, the earliest on top. Why a heap and not a sweep: an ended
// lease is acted on at its deadline, at a hundred thousand instances as at one, and no tick walks them all.
// A place may be too early, never too late: a renewal moves nothing here, and a caller that finds a lease on top before its
// real time puts it where it belongs then (leases.ts). So renewing costs no heap work at all. Exactly one entry a
// lease, removed with it: nothing stale piles up. Times are beside the leases in one array of numbers, so that
// comparing touches no lease and a place costs 16 octets.

export interface Queued {
  /** Owned by the queue: its place in the heap; -1: not queued. */
  heapIndex: number;
}

const firstCapacity = 64;

export class LeaseQueue<L extends Queued> {
  readonly #leases: L[] = [];
  #times = new Float64Array(firstCapacity);

  get size(): number {
    return this.#leases.length;
  }

  /** Queues the lease to be looked at by `atMs` (monotonic milliseconds), or moves it, earlier or later. */
  set(lease: L, atMs: number): void {
    if (lease.heapIndex < 0) {
      lease.heapIndex = this.#leases.length;
      this.#leases.push(lease);
      if (this.#leases.length > this.#times.length) this.#grow();
    }
    this.#times[lease.heapIndex] = atMs;
    this.#rise(lease, atMs);
    this.#sink(lease, atMs);
  }

  /** Takes the lease out; nothing happens where it is not queued. */
  delete(lease: L): void {
    const index = lease.heapIndex;
    if (index < 0) return;
    const lastMs = this.#times[this.#leases.length - 1] as number;
    const last = this.#leases.pop() as L;
    lease.heapIndex = -1;
    if (last === lease) return;
    this.#place(last, lastMs, index);
    this.#rise(last, lastMs);
    this.#sink(last, lastMs);
  }

  /** A time before which no lease has to be looked at; undefined without leases. It may be early, so ask again then. */
  earliestMs(): number | undefined {
    return this.#leases.length === 0 ? undefined : this.#times[0];
  }

  /** The lease whose time came first, if one has come by `nowMs`; it stays until it is moved or deleted. */
  first(nowMs: number): L | undefined {
    return this.#leases.length > 0 && (this.#times[0] as number) <= nowMs ? this.#leases[0] : undefined;
  }

  #grow(): void {
    const times = new Float64Array(2 * this.#times.length);
    times.set(this.#times);
    this.#times = times;
  }

  #place(lease: L, atMs: number, index: number): void {
    this.#leases[index] = lease;
    this.#times[index] = atMs;
    lease.heapIndex = index;
  }

  #rise(lease: L, atMs: number): void {
    let index = lease.heapIndex;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const parentMs = this.#times[parent] as number;
      if (parentMs <= atMs) break;
      this.#place(this.#leases[parent] as L, parentMs, index);
      index = parent;
    }
    this.#place(lease, atMs, index);
  }

  #sink(lease: L, atMs: number): void {
    const size = this.#leases.length;
    const times = this.#times;
    let index = lease.heapIndex;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= size) break;
      if (child + 1 < size && (times[child + 1] as number) < (times[child] as number)) child++;
      const childMs = times[child] as number;
      if (childMs >= atMs) break;
      this.#place(this.#leases[child] as L, childMs, index);
      index = child;
    }
    this.#place(lease, atMs, index);
  }
}
