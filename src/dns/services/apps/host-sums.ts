// What a pass over the instances of a large app finds out about each address: what those that have it weigh, the most preferred
// of their priorities, and who they are. By the numbers that addresses have, in lists that are used again: a pass makes nothing.
// Limits: valid until the next pass.

const none = -1;

export class HostSums {
  #pass = 0;
  /** By number: the pass that met it last, and what it found. */
  #passes = new Uint32Array(0);
  #weights = new Float64Array(0);
  #priorities = new Uint16Array(0);
  #counts = new Uint32Array(0);
  #heads = new Int32Array(0);
  /** Lists of slots: of each entry its slot and the entry before it. */
  #slots = new Uint32Array(0);
  #before = new Int32Array(0);
  #entries = 0;
  hosts = 0;

  begin(hosts: number, entries: number): void {
    this.#pass++;
    this.#entries = 0;
    this.hosts = 0;
    if (entries > this.#slots.length) {
      this.#slots = new Uint32Array(2 * entries);
      this.#before = new Int32Array(2 * entries);
    }
    if (hosts <= this.#passes.length) return;
    this.#passes = new Uint32Array(2 * hosts);
    this.#weights = new Float64Array(2 * hosts);
    this.#priorities = new Uint16Array(2 * hosts);
    this.#counts = new Uint32Array(2 * hosts);
    this.#heads = new Int32Array(2 * hosts);
  }

  /** The most preferred priority first. */
  add(number: number, slot: number, weight: number, priority: number): void {
    if (this.#passes[number] !== this.#pass) {
      this.#passes[number] = this.#pass;
      this.#weights[number] = 0;
      this.#priorities[number] = priority;
      this.#counts[number] = 0;
      this.#heads[number] = none;
      this.hosts++;
    }
    const head = this.#heads[number] as number;
    // Its own, at another port: it counts once.
    if (head !== none && this.#slots[head] === slot) return;
    (this.#weights[number] as number) += weight;
    (this.#counts[number] as number)++;
    this.#slots[this.#entries] = slot;
    this.#before[this.#entries] = head;
    this.#heads[number] = this.#entries++;
  }

  has(number: number): boolean {
    return this.#passes[number] === this.#pass;
  }

  weight(number: number): number {
    return this.#weights[number] as number;
  }

  priority(number: number): number {
    return this.#priorities[number] as number;
  }

  count(number: number): number {
    return this.#counts[number] as number;
  }

  slots(number: number, max: number): number[] {
    const found: number[] = [];
    for (let entry = this.#heads[number] as number; entry !== none && found.length < max; ) {
      found.push(this.#slots[entry] as number);
      entry = this.#before[entry] as number;
    }
    return found;
  }
}
