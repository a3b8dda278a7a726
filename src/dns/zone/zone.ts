// A zone: an apex and the names below it, each with its RRsets. Static zones come from files; a zone may also have a
// live part (the registry's names), laid under the static one name by name: where both know a name with data, the
// file wins (design §10). Names are folded; empty non-terminals are nodes without RRsets, so that "does it exist"
// is one look-up (RFC 4592 §2.2.2).

import type { ServeRecord } from '../../model/answers-held.ts';
import {
  type AnswerSource,
  type Caveat,
  type Rdata,
  type Reason,
  type RRset,
  RRType,
  type Serial,
  ttlSecondsMax,
} from '../message/message.ts';
import type { Name } from '../message/name.ts';
import type { RequestName } from '../message/request-name.ts';
import { RecordTable } from './record-table.ts';

/** The RRsets at one name. Without any: an empty non-terminal. */
export interface Node {
  rrset(type: number): NodeData;
  /** Whether there are records of a type and why, where that is known sooner than the records; otherwise undefined. */
  note?(type: number): TypeNote | undefined;
  /** Types that have data here, what ANY prefers (RFC 8482 §4.1) first; a live node may leave it at that. */
  types(): readonly number[];
  /** Live data: changes of it end an answer. Static nodes have none: their zone is the source. */
  readonly source?: AnswerSource;
  /** One of names without number: its answers are not kept. */
  readonly isUnbounded?: boolean;
}

/**
 * Records and until when their TTL is right (monotonic milliseconds), or why there are none. `additional`: what goes
 * with them, where the node knows it; otherwise it is looked up.
 */
export type NodeData =
  | NodeRecords
  | { readonly rrset: undefined; readonly reason: string; readonly caveat?: Caveat | undefined };

/** In words. */
export interface TypeNote {
  readonly isThere: boolean;
  readonly reason: string;
}

export interface NodeRecords {
  readonly rrset: RRset;
  readonly validUntilMs: number;
  readonly reason?: Reason;
  readonly additional?: readonly RRset[];
  readonly caveat?: Caveat | undefined;
}

/** All records of type A of a name, in the order of an answer; valid until the next are asked for. */
export interface PlainRecords {
  readonly count: number;
  readonly ttlSeconds: number;
  /** IPv4, as a number (see ip.ts). */
  address(at: number): number;
  /** Changes of it end an answer. */
  readonly source: AnswerSource;
  /** Who comes first in further answers, as in a rotation; undefined: it is one. */
  readonly firsts: Uint8Array | undefined;
  /** They are sent now. */
  served(nowMs: number): void;
  /** The same, in an answer that is kept. */
  kept(nowMs: number): ServeRecord;
}

/** Names that live somewhere else than in the file. A source of its own: its revision is the SOA serial. */
export interface LiveNames extends AnswerSource, Serial {
  /** The node at a folded name within the zone; undefined: no such name. Called on the serving path: no waiting. */
  node(name: Name, nowMs: number): Node | undefined;
  /**
   * Whether it is certain that there is no node at a name of a request, within the zone; where it takes longer to find out,
   * false, as where there is no such method.
   */
  isAbsent?(name: RequestName): boolean;
  /**
   * What an answer of type A to a name of a request, within the zone, is made of, where that is a few addresses and nothing
   * beside them; undefined where it takes longer to find out.
   */
  plainAddresses?(name: RequestName): PlainRecords | undefined;
  /** Why there is no such name, for people. Computed for an NXDOMAIN that can carry it: must stay cheap in a flood. */
  absence(name: Name, nowMs: number): string;
  /** The zone's SOA with the serial of now. */
  withSerial(soa: RRset): RRset;
}

export interface Zone {
  readonly apex: Name;
  readonly soa: RRset;
  /** For negative answers: TTL min(SOA TTL, MINIMUM) (RFC 2308 §3). */
  readonly negativeSoa: RRset;
  /** The zone has a delegation or a DNAME below its apex, so a look-up must walk down to its name. */
  readonly hasCuts: boolean;
  readonly hasWildcards: boolean;
  readonly records: StaticNodes;
  readonly live?: LiveNames;
  /** Its file cannot be loaded: every answer is SERVFAIL, since what is in it is not known. */
  readonly isBroken?: boolean;
}

export const emptyNonTerminal: NodeData = { rrset: undefined, reason: 'the name has no records, only names below it' };
const otherTypes: NodeData = { rrset: undefined, reason: 'the name has no records of this type' };

/** A name of a zone file, made when it is asked for: its data lies in the zone's records. */
export class StaticNode implements Node {
  readonly #records: RecordTable;
  readonly #number: number;
  readonly #owner: Name;

  constructor(records: RecordTable, number: number, owner: Name) {
    this.#records = records;
    this.#number = number;
    this.#owner = owner;
  }

  rrset(type: number): NodeData {
    const records = this.#records;
    const rdatas: Rdata[] = [];
    let ttl = ttlSecondsMax;
    for (let at = records.first(this.#number); at >= 0; at = records.next(this.#number, at)) {
      if (records.type(at) !== type) continue;
      rdatas.push(records.rdata(at));
      // RFC 2181 §5.2: differing TTLs in one RRset are an error; the lowest keeps no record too long.
      ttl = Math.min(ttl, records.ttl(at));
    }
    if (rdatas.length === 0) return this.isEmpty ? emptyNonTerminal : otherTypes;
    return { rrset: { owner: this.#owner, type, ttl, rdatas }, validUntilMs: Number.POSITIVE_INFINITY };
  }

  types(): readonly number[] {
    const records = this.#records;
    const types = new Set<number>();
    for (let at = records.first(this.#number); at >= 0; at = records.next(this.#number, at))
      types.add(records.type(at));
    return [...types].sort((a, b) => a - b);
  }

  get isEmpty(): boolean {
    return this.#records.first(this.#number) < 0;
  }
}

/** The names of a zone file and those between them and the apex, found by folded name. */
export class StaticNodes {
  readonly #records: RecordTable;

  constructor(records: RecordTable) {
    this.#records = records;
  }

  /** Whether there is a node at a name of a request, at or below the apex. */
  hasRequested(name: RequestName): boolean {
    return this.#records.names.hasRequested(name);
  }

  get(name: Name): StaticNode | undefined {
    const { names } = this.#records;
    const number = names.find(name);
    return number === undefined || number < names.apex ? undefined : new StaticNode(this.#records, number, name);
  }

  has(name: Name): boolean {
    return this.get(name) !== undefined;
  }

  *keys(): Generator<Name> {
    const { names } = this.#records;
    for (let number = names.apex; number < names.length; number++) yield names.name(number);
  }

  /** For handing the zone to other threads. */
  get table(): RecordTable {
    return this.#records;
  }

  get recordCount(): number {
    return this.#records.size;
  }
}

/** One record as a zone file gives it; `owner` is folded, names in `rdata` keep their case. */
export interface ZoneRecord {
  readonly owner: Name;
  readonly type: number;
  readonly ttl: number;
  readonly rdata: Rdata;
}

/** Puts records of one zone together; see zoneOf. */
export function buildZone(apex: Name, records: readonly ZoneRecord[]): Zone {
  const table = new RecordTable(apex);
  for (const { owner, type, ttl, rdata } of records) table.add(owner, type, ttl, rdata);
  return zoneOf(apex, table);
}

/**
 * The zone that has these records. The caller has checked them (one SOA, at the apex; nothing outside; CNAME alone; no
 * duplicates): see zone-file/check.ts.
 */
export function zoneOf(apex: Name, table: RecordTable): Zone {
  const records = new StaticNodes(table);
  const soa = records.get(apex)?.rrset(RRType.SOA).rrset;
  if (soa === undefined) throw new Error('zoneOf: no SOA at the apex');
  table.trim();
  return { apex, soa, negativeSoa: negative(soa), hasCuts: table.hasCuts, hasWildcards: table.hasWildcards, records };
}

/** The zone of a file that cannot be loaded: nothing but the apex that it takes. */
export function brokenZone(apex: Name): Zone {
  const soa = [apex, apex, new Uint8Array(20)];
  return { ...buildZone(apex, [{ owner: apex, type: RRType.SOA, ttl: 0, rdata: soa }]), isBroken: true };
}

/** Names of an SOA's data in wire order: MNAME, RNAME, then serial, refresh, retry, expire, minimum. */
export function soaNumbers(soa: RRset): DataView {
  const numbers = soa.rdatas[0]?.[2] as Uint8Array;
  return new DataView(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

export function soaSerial(soa: RRset): number {
  return soaNumbers(soa).getUint32(0);
}

/** MNAME and RNAME. */
export function soaNames(soa: RRset): readonly [Name, Name] {
  return soa.rdatas[0] as unknown as readonly [Name, Name];
}

function negative(soa: RRset): RRset {
  const minimum = Math.min(soaNumbers(soa).getUint32(16), ttlSecondsMax);
  return { ...soa, ttl: Math.min(soa.ttl, minimum) };
}

/** `soa` with another serial (RFC 1982 arithmetic is the caller's). */
export function withSerial(soa: RRset, serial: number): RRset {
  const [mname, rname, numbers] = soa.rdatas[0] as [Name, Name, Uint8Array];
  const changed = Uint8Array.from(numbers);
  new DataView(changed.buffer).setUint32(0, serial >>> 0);
  return { ...soa, rdatas: [[mname, rname, changed]] };
}

/** `zone` with live names laid under it. "No such name" must be forgotten soon: it may be registered a moment later. */
export function withLiveNames(zone: Zone, live: LiveNames, negativeTtlSeconds: number): Zone {
  const { negativeSoa } = zone;
  return { ...zone, live, negativeSoa: { ...negativeSoa, ttl: Math.min(negativeSoa.ttl, negativeTtlSeconds) } };
}
