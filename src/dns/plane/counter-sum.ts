// What the DNS threads count, in one: each counts in memory of its own, which is read here when asked for.

import { DnsCounters, type QueryCount } from '../server/counters.ts';

type Single =
  | 'cacheHits'
  | 'cacheMisses'
  | 'truncated'
  | 'dropped'
  | 'denied'
  | 'sendErrors'
  | 'tcpConnections'
  | 'tcpRefused'
  | 'rateTruncated'
  | 'rateDropped'
  | 'tlsHandshakes'
  | 'tlsResumed'
  | 'tlsFailed';

export class CounterSum {
  readonly #parts: readonly DnsCounters[];

  constructor(parts: readonly DnsCounters[]) {
    this.#parts = parts;
  }

  get cacheHits(): number {
    return this.#sum('cacheHits');
  }

  get cacheMisses(): number {
    return this.#sum('cacheMisses');
  }

  get truncated(): number {
    return this.#sum('truncated');
  }

  get dropped(): number {
    return this.#sum('dropped');
  }

  get denied(): number {
    return this.#sum('denied');
  }

  get sendErrors(): number {
    return this.#sum('sendErrors');
  }

  get tcpConnections(): number {
    return this.#sum('tcpConnections');
  }

  get tcpRefused(): number {
    return this.#sum('tcpRefused');
  }

  get rateTruncated(): number {
    return this.#sum('rateTruncated');
  }

  get rateDropped(): number {
    return this.#sum('rateDropped');
  }

  get tlsHandshakes(): number {
    return this.#sum('tlsHandshakes');
  }

  get tlsResumed(): number {
    return this.#sum('tlsResumed');
  }

  get tlsFailed(): number {
    return this.#sum('tlsFailed');
  }

  /** Of each the same, but for one that has just begun. */
  get zones(): number {
    return Math.max(...this.#parts.map(({ zones }) => zones));
  }

  queries(): Iterable<QueryCount> {
    const memory = new Float64Array(DnsCounters.octets / Float64Array.BYTES_PER_ELEMENT);
    for (const part of this.#parts) part.addTo(memory);
    return new DnsCounters(memory.buffer).queries();
  }

  #sum(count: Single): number {
    return this.#parts.reduce((sum, part) => sum + part[count], 0);
  }
}
