// What the DNS side counts, in plain numbers: one addition a query. Labels are bounded: types that are not named here
// are counted as `other`, rcodes are sixteen, transports four. The metrics page copies them when it is scraped.
// All numbers lie in one piece of memory, which may be shared: a thread counts, another one reads, and what was counted
// outlives the thread. One writer each, so plain additions do; a reader may see one number a moment before another.

import { RRType, rcodeName, type Transport, transports } from '../message/message.ts';

const { A, AAAA, SRV, TXT, SOA, NS, PTR, MX, CNAME, HTTPS, SVCB, ANY } = RRType;
const types: readonly [string, number][] = Object.entries({
  A,
  AAAA,
  SRV,
  TXT,
  SOA,
  NS,
  PTR,
  MX,
  CNAME,
  HTTPS,
  SVCB,
  ANY,
});
const slotOfType = new Map(types.map(([, type], index) => [type, index]));
/** Queries without a question that could be read have no type. */
const otherSlot = types.length;
/** The sixteen of the header, and BADVERS. */
const rcodeSlots = 17;

/** The order of the numbers: single ones first, then those of the queries. */
const cacheHitsAt = 0;
const cacheMissesAt = 1;
const truncatedAt = 2;
const droppedAt = 3;
const sendErrorsAt = 4;
const tcpConnectionsAt = 5;
const tcpRefusedAt = 6;
const zonesAt = 7;
const deniedAt = 8;
const rateTruncatedAt = 9;
const rateDroppedAt = 10;
const tlsHandshakesAt = 11;
const tlsResumedAt = 12;
const tlsFailedAt = 13;
const queriesAt = 14;

export interface QueryCount {
  readonly transport: Transport;
  readonly type: string;
  readonly rcode: string;
  readonly count: number;
}

export class DnsCounters {
  /** Of the memory that they need. */
  static readonly octets =
    (queriesAt + transports.length * rcodeSlots * (types.length + 1)) * Float64Array.BYTES_PER_ELEMENT;
  readonly #numbers: Float64Array;

  /** `memory`: `octets` of it, zero or what was counted in it before. */
  constructor(memory: ArrayBufferLike = new ArrayBuffer(DnsCounters.octets)) {
    this.#numbers = new Float64Array(memory);
  }

  get cacheHits(): number {
    return this.#numbers[cacheHitsAt] as number;
  }

  set cacheHits(count: number) {
    this.#numbers[cacheHitsAt] = count;
  }

  get cacheMisses(): number {
    return this.#numbers[cacheMissesAt] as number;
  }

  set cacheMisses(count: number) {
    this.#numbers[cacheMissesAt] = count;
  }

  get truncated(): number {
    return this.#numbers[truncatedAt] as number;
  }

  set truncated(count: number) {
    this.#numbers[truncatedAt] = count;
  }

  /** Packets that got no reply: too short, or replies themselves. */
  get dropped(): number {
    return this.#numbers[droppedAt] as number;
  }

  set dropped(count: number) {
    this.#numbers[droppedAt] = count;
  }

  /** Replies that could not be sent. */
  get sendErrors(): number {
    return this.#numbers[sendErrorsAt] as number;
  }

  set sendErrors(count: number) {
    this.#numbers[sendErrorsAt] = count;
  }

  /** Open now. */
  get tcpConnections(): number {
    return this.#numbers[tcpConnectionsAt] as number;
  }

  set tcpConnections(count: number) {
    this.#numbers[tcpConnectionsAt] = count;
  }

  get tcpRefused(): number {
    return this.#numbers[tcpRefusedAt] as number;
  }

  set tcpRefused(count: number) {
    this.#numbers[tcpRefusedAt] = count;
  }

  /** Requests from networks that may not ask: refused or dropped. */
  get denied(): number {
    return this.#numbers[deniedAt] as number;
  }

  set denied(count: number) {
    this.#numbers[deniedAt] = count;
  }

  /** Replies over the rate of their network that went out with TC and without data. */
  get rateTruncated(): number {
    return this.#numbers[rateTruncatedAt] as number;
  }

  set rateTruncated(count: number) {
    this.#numbers[rateTruncatedAt] = count;
  }

  /** Those that did not go out. */
  get rateDropped(): number {
    return this.#numbers[rateDroppedAt] as number;
  }

  set rateDropped(count: number) {
    this.#numbers[rateDroppedAt] = count;
  }

  /** Finished, resumed ones among them. */
  get tlsHandshakes(): number {
    return this.#numbers[tlsHandshakesAt] as number;
  }

  set tlsHandshakes(count: number) {
    this.#numbers[tlsHandshakesAt] = count;
  }

  get tlsResumed(): number {
    return this.#numbers[tlsResumedAt] as number;
  }

  set tlsResumed(count: number) {
    this.#numbers[tlsResumedAt] = count;
  }

  /** Begun, and not finished in time or with success. */
  get tlsFailed(): number {
    return this.#numbers[tlsFailedAt] as number;
  }

  set tlsFailed(count: number) {
    this.#numbers[tlsFailedAt] = count;
  }

  /** Served now: of files, and made for registered names. */
  get zones(): number {
    return this.#numbers[zonesAt] as number;
  }

  set zones(count: number) {
    this.#numbers[zonesAt] = count;
  }

  /** `rcode` as in the header, or 16 for BADVERS. */
  countQuery(transport: Transport, type: number | undefined, rcode: number): void {
    const slot = (type === undefined ? undefined : slotOfType.get(type)) ?? otherSlot;
    const row =
      (transport === 'udp' ? 0 : transports.indexOf(transport)) * rcodeSlots + Math.min(rcode, rcodeSlots - 1);
    const index = queriesAt + row * (types.length + 1) + slot;
    this.#numbers[index] = (this.#numbers[index] as number) + 1;
  }

  /** Adds all numbers to `sums`, which has `octets` of memory. */
  addTo(sums: Float64Array): void {
    for (const [index, count] of this.#numbers.entries()) sums[index] = (sums[index] as number) + count;
  }

  /** Every combination that occurred. */
  *queries(): Generator<QueryCount> {
    for (const [index, count] of this.#numbers.subarray(queriesAt).entries()) {
      if (count === 0) continue;
      const slot = index % (types.length + 1);
      const row = Math.floor(index / (types.length + 1));
      yield {
        transport: transports[Math.floor(row / rcodeSlots)] as Transport,
        type: types[slot]?.[0] ?? 'other',
        rcode: rcodeName(row % rcodeSlots),
        count,
      };
    }
  }
}
