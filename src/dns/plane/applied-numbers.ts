// How far each thread has come: a number a thread in shared memory, written by the thread when it has applied what came
// with that number, waited for by the main thread. Numbers go up by one a message and round after 2^32; waiting is by
// Atomics.waitAsync, so that nothing is posted back.

/** As a word of shared memory holds it. */
type Sequence = number;

interface Waiter {
  readonly sequence: Sequence;
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

const alreadyApplied = Promise.resolve();

/** True where `a` is not older than `b`, as long as they are less than 2^31 apart (RFC 1982 has the same arithmetic). */
function isReached(a: Sequence, b: Sequence): boolean {
  return ((a - b) | 0) >= 0;
}

/** The thread's side. */
export function storeApplied(memory: SharedArrayBuffer, slot: number, sequence: Sequence): void {
  const numbers = new Int32Array(memory);
  Atomics.store(numbers, slot, sequence | 0);
  Atomics.notify(numbers, slot);
}

/** The main thread's side. */
export class AppliedNumbers {
  readonly memory: SharedArrayBuffer;
  readonly #numbers: Int32Array;
  /** Threads that run, those that still catch up too: they may read what they have not been asked to forget. */
  readonly #running = new Set<number>();
  /** Threads that are waited for: those that answer. */
  readonly #counted = new Set<number>();
  readonly #watched = new Set<number>();
  /** In the order of their sequences. */
  readonly #waiters: Waiter[] = [];

  constructor(threads: number) {
    this.memory = new SharedArrayBuffer(threads * Int32Array.BYTES_PER_ELEMENT);
    this.#numbers = new Int32Array(this.memory);
  }

  /** A thread starts in this place, with the state that it gets by messages after this number. No other is there any more. */
  begin(slot: number, sequence: Sequence): void {
    Atomics.store(this.#numbers, slot, sequence | 0);
    this.#running.add(slot);
  }

  /** From now on this thread is waited for. */
  count(slot: number): void {
    this.#counted.add(slot);
    if (this.#waiters.length > 0) this.#watch(slot);
  }

  /** A thread has ended: it answers no client, so nothing waits for it, and it reads nothing any more. */
  discount(slot: number): void {
    this.#running.delete(slot);
    this.#counted.delete(slot);
    this.#settle();
  }

  isCounted(slot: number): boolean {
    return this.#counted.has(slot);
  }

  /** Whether a thread that is waited for has come so far. */
  has(slot: number, sequence: Sequence): boolean {
    return !this.#counted.has(slot) || isReached(Atomics.load(this.#numbers, slot), sequence);
  }

  /** How far a thread has come, or the one before it in its place. */
  at(slot: number): Sequence {
    return Atomics.load(this.#numbers, slot);
  }

  /** Resolves when every counted thread has come so far. Never asked for an earlier number than before. */
  reached(sequence: Sequence): Promise<void> {
    if (this.isReached(sequence)) return alreadyApplied;
    const last = this.#waiters.at(-1);
    if (last?.sequence === sequence) return last.promise;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push({ sequence, promise, resolve });
    for (const slot of this.#counted) this.#watch(slot);
    return promise;
  }

  /** Whether every counted thread has come so far. */
  isReached(sequence: Sequence): boolean {
    for (const slot of this.#counted) if (!this.has(slot, sequence)) return false;
    return true;
  }

  /** Whether every thread that runs has come so far. */
  isRead(sequence: Sequence): boolean {
    for (const slot of this.#running) if (!isReached(Atomics.load(this.#numbers, slot), sequence)) return false;
    return true;
  }

  /** The thread that runs and has come least far; undefined: none runs. */
  get slowest(): number | undefined {
    let slowest: number | undefined;
    for (const slot of this.#running)
      if (slowest === undefined || !isReached(this.at(slot), this.at(slowest))) slowest = slot;
    return slowest;
  }

  #watch(slot: number): void {
    if (this.#watched.has(slot)) return;
    const seen = Atomics.load(this.#numbers, slot);
    const wanted = this.#waiters.find(({ sequence }) => !isReached(seen, sequence));
    if (wanted === undefined) {
      // It has come so far since the last look.
      this.#settle();
      return;
    }
    const { async: isAsync, value } = Atomics.waitAsync(this.#numbers, slot, seen);
    if (!isAsync) {
      this.#watch(slot);
      return;
    }
    this.#watched.add(slot);
    void value.then(() => {
      this.#watched.delete(slot);
      this.#settle();
      this.#watch(slot);
    });
  }

  #settle(): void {
    for (let first = this.#waiters[0]; first !== undefined && this.isReached(first.sequence); ) {
      this.#waiters.shift();
      first.resolve();
      first = this.#waiters[0];
    }
  }
}
