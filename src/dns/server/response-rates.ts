// Response rate limiting, as BIND, Knot and NSD have it: how many answers of one kind a client network may get over
// UDP, so that a query with a forged source is no way to flood its victim. Each (network, kind) has a balance of
// answers: it gains `perSecond` a second, never holds more than one second's worth, and goes into debt by what is asked
// beyond it, down to `windowSeconds` of it: who floods is limited until it has been quiet for as long.
// Of the answers that are over the rate every `slip`-th goes out truncated (TC), so that a legitimate client behind the
// same network comes back over TCP, which proves its address.
// The table may lie in memory that several threads share, since a client's ports spread it over all of them: they count
// without locks, so that a count may be lost where two of them meet, and no rate is multiplied by the threads.
// Limits: a table of fixed size, two places a key. Where both are taken the one with the better balance gives way: a
// flood from very many networks costs the accuracy of those who are not limited, and no memory.

import { mixed } from '../../runtime/text-hash.ts';

/** What is counted apart: a flood of one kind takes nothing from the others. */
export const AnswerKind = { positive: 0, nodata: 1, nxdomain: 2, error: 3 } as const;
export type AnswerKind = (typeof AnswerKind)[keyof typeof AnswerKind];

export interface ResponseRateOptions {
  /** Answers of one kind to one network, a second. */
  readonly perSecond: number;
  /** Every so-many-th answer over the rate goes out truncated; 0: none, 1: all of them. */
  readonly slip: number;
  /** How far a balance may fall below zero, in seconds of `perSecond`. */
  readonly windowSeconds: number;
  /** Where the hashing of keys begins: random, or an attacker could choose networks that share a place. */
  readonly seed: number;
  /** Places of the table; a power of two, from 4. */
  readonly entriesMax?: number;
  /** Of `memoryFor` the same places, zero or what was counted before; its own where none is given. */
  readonly memory?: ArrayBufferLike | undefined;
}

/** 65 536 places, a megabyte and a quarter. */
const entriesMaxDefault = 65_536;
const entryOctets = 20;

export class ResponseRates {
  readonly #perMs: number;
  readonly #creditMax: number;
  readonly #debtMax: number;
  readonly #slip: number;
  readonly #seed: number;
  readonly #mask: number;
  /** 0: a free place. */
  readonly #keys: Int32Array;
  readonly #balances: Float32Array;
  readonly #countedMs: Float64Array;
  /** Answers over the rate, by place. */
  readonly #overs: Uint32Array;

  /** The memory of a table that threads share. */
  static sharedMemory(entriesMax = entriesMaxDefault): SharedArrayBuffer {
    return new SharedArrayBuffer(entriesMax * entryOctets);
  }

  constructor({ perSecond, slip, windowSeconds, seed, entriesMax = entriesMaxDefault, memory }: ResponseRateOptions) {
    const octets = memory ?? new ArrayBuffer(entriesMax * entryOctets);
    this.#perMs = perSecond / 1000;
    this.#creditMax = perSecond;
    this.#debtMax = -perSecond * windowSeconds;
    this.#slip = slip;
    this.#seed = seed;
    this.#mask = entriesMax - 2;
    this.#countedMs = new Float64Array(octets, 0, entriesMax);
    this.#keys = new Int32Array(octets, 8 * entriesMax, entriesMax);
    this.#balances = new Float32Array(octets, 12 * entriesMax, entriesMax);
    this.#overs = new Uint32Array(octets, 16 * entriesMax, entriesMax);
  }

  /** Counts one answer and returns what becomes of it. `network`: a hash of the client's network; `nowMs`: monotonic. */
  judge(network: number, kind: AnswerKind, nowMs: number): 'send' | 'truncate' | 'drop' {
    const at = this.#placeOf(this.#keyOf(network, kind), nowMs);
    const balance = Math.max(this.#balanceAt(at, nowMs) - 1, this.#debtMax);
    this.#balances[at] = balance;
    this.#countedMs[at] = nowMs;
    if (balance >= 0) return 'send';
    const over = (this.#overs[at] as number) + 1;
    this.#overs[at] = over;
    return this.#slip > 0 && over % this.#slip === 0 ? 'truncate' : 'drop';
  }

  /** The same for an answer that is not made yet: it is counted only where it is over the rate. */
  judgeEarly(network: number, kind: AnswerKind, nowMs: number): 'send' | 'truncate' | 'drop' {
    const key = this.#keyOf(network, kind);
    const first = key & this.#mask;
    const at = this.#keys[first] === key ? first : first + 1;
    if (this.#keys[at] !== key || this.#balanceAt(at, nowMs) >= 1) return 'send';
    return this.judge(network, kind, nowMs);
  }

  #balanceAt(at: number, nowMs: number): number {
    // Another thread may have counted a moment later.
    const gained = Math.max(0, nowMs - (this.#countedMs[at] as number)) * this.#perMs;
    return Math.min((this.#balances[at] as number) + gained, this.#creditMax);
  }

  /** The place of a key, which it takes from the better off of two others where it has none. */
  #placeOf(key: number, nowMs: number): number {
    const first = key & this.#mask;
    const second = first + 1;
    if (this.#keys[first] === key) return first;
    if (this.#keys[second] === key) return second;
    const isFirstFree = this.#keys[first] === 0;
    const at = isFirstFree || this.#balanceAt(first, nowMs) >= this.#balanceAt(second, nowMs) ? first : second;
    const chosen = isFirstFree || this.#keys[second] !== 0 ? at : second;
    this.#keys[chosen] = key;
    this.#balances[chosen] = this.#creditMax;
    this.#countedMs[chosen] = nowMs;
    this.#overs[chosen] = 0;
    return chosen;
  }

  /** Never 0, which marks a free place; signed, as it is kept. Even and odd keys share their places, so the lowest bit is free. */
  #keyOf(network: number, kind: AnswerKind): number {
    return mixed(network ^ mixed(this.#seed + kind)) | 1;
  }
}
