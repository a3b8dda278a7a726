// The clock of the leases, the same in every thread. `performance.now()` begins anew in each of them; what they have in
// common is the system's monotonic time. So the main thread writes down how far its lease clock is from that, and
// writes it again when the lease clock was moved (after a pause of the process), and threads add it to what they read.
// Limits: the number is a double that is read and written without a lock; on machines of 64 bits that is one access.

/** Milliseconds of the system's monotonic clock. */
function systemMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** How far the system's monotonic time is ahead of this thread's `performance.now()`: constant while the thread lives. */
function threadOffsetMs(): number {
  return systemMs() - performance.now();
}

/** Writes down what `monotonicMs()` says now. */
export function setSharedClock(memory: SharedArrayBuffer, monotonicMs: number): void {
  new Float64Array(memory)[0] = monotonicMs - systemMs();
}

export function newSharedClock(monotonicMs: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT);
  setSharedClock(memory, monotonicMs);
  return memory;
}

/** The lease clock as this thread reads it, in monotonic milliseconds. */
export function sharedClock(memory: SharedArrayBuffer): () => number {
  const shift = new Float64Array(memory);
  const offsetMs = threadOffsetMs();
  return () => performance.now() + offsetMs + (shift[0] as number);
}
