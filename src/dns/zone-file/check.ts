// Whether records make a zone: what a parser cannot see in one line (RFC 1034 §4.2.1, RFC 2181, RFC 6672). Faults are
// what at least two of BIND 9.18, NSD 4.6 and Knot 3.2 refuse, and what this server could not answer: data outside the
// zone, an RRset too large for a message, NS at a wildcard, DNAME beside NS (RFC 6672 §2.3). Accepted like they do:
// MX, SRV and delegations whose target is an alias or unknown, data hidden by a delegation, any number of records.
// Duplicates collapse without a word, with the lower TTL. Sliced, name by name.

import { headerOctets, type Rdata, RRType, tcpOctetsMax } from '../message/message.ts';
import { fold, type Name, nameOctetsMax, nameToText } from '../message/name.ts';
import { typeName } from '../message/type-names.ts';
import { hasType, type RecordTable } from '../zone/record-table.ts';
import { type Zone, zoneOf } from '../zone/zone.ts';
import type { ZoneFault } from './fault.ts';
import { checkServers } from './name-servers.ts';
import type { ParsedZone } from './parse.ts';
import { latin1 } from './rdata-octets.ts';
import type { Sliced } from './sliced.ts';

/** A zone, or why there is none. */
export type CheckedZone =
  | { readonly zone: Zone; readonly faults: readonly [] }
  | { readonly zone: undefined; readonly faults: readonly ZoneFault[] };

const RRSIG = 46;
const NSEC = 47;
/** RFC 4035 §2.5: DNSSEC's records may exist beside a CNAME. */
const besideCname: ReadonlySet<number> = new Set([RRType.CNAME, RRSIG, NSEC]);
/** Owner as a pointer, type, class, TTL and length (RFC 1035 §3.2.1, §4.1.4). */
const recordOverheadOctets = 12;
/** The header, type and class of the question, and an OPT record (RFC 6891 §6.1.2). */
const emptyMessageOctets = headerOctets + 4 + 11;

/** Names, or records of one name, that are looked at before it yields: a tenth of a millisecond. */
const stepsPerSlice = 256;

/** Makes the zone `apex` of the records of a file. Faults of the file are faults of the zone. */
export function* checkZone(apex: Name, parsed: ParsedZone): Sliced<CheckedZone> {
  const { source, records, faults } = parsed;
  const { table } = records;
  const { names } = table;
  // What a faulty line would have held is unknown, so nothing is reported as missing.
  const isComplete = faults.isEmpty;
  yield* checkWithin(parsed);
  for (let number = names.apex; number < names.length && !faults.isFull; number++) {
    if (number % stepsPerSlice === 0) yield;
    if (mayHaveDuplicates(number, table)) yield* removeDuplicates(number, table);
    if (!isPlain(number, table)) yield* checkOwner(number, parsed);
  }
  if (table.hasDname) yield* checkBelowDnames(parsed);
  if (isComplete) {
    const start = { line: 1, column: 1 };
    if (!hasType(names.apex, RRType.SOA, table)) faults.add(source, start, 'zone has no SOA record at its apex');
    if (!hasType(names.apex, RRType.NS, table)) faults.add(source, start, 'zone has no NS record at its apex');
    checkServers(apex, parsed);
  }
  return faults.isEmpty ? { zone: zoneOf(apex, table), faults: [] } : { zone: undefined, faults: faults.all };
}

function* checkWithin({ records, faults }: ParsedZone): Sliced<void> {
  const { names } = records.table;
  for (let number = 0; number < records.table.length && !faults.isFull; number++) {
    if (number % stepsPerSlice === 0) yield;
    // Names have higher numbers than those above them.
    let at = records.owner(number);
    while (at > names.apex) at = names.parent(at);
    if (at === names.apex) continue;
    const { source, owner, line, column } = records.record(number);
    faults.add(source, { line, column }, 'name is outside the zone', nameToText(owner), 'owner');
  }
}

/** Most names have a record or two of each its type: nothing is made for them. */
function mayHaveDuplicates(number: number, table: RecordTable): boolean {
  let count = 0;
  for (let at = table.first(number); at >= 0; at = table.next(number, at)) {
    if (++count > 4) return true;
    const type = table.type(at);
    for (let other = table.next(number, at); other >= 0; other = table.next(number, other)) {
      if (table.type(other) === type) return true;
    }
  }
  return false;
}

function* removeDuplicates(number: number, table: RecordTable): Sliced<void> {
  const seen = new Map<string, number>();
  let count = 0;
  let before = -1;
  for (const record of table.of(number)) {
    if (++count % stepsPerSlice === 0) yield;
    const key = String.fromCharCode(table.type(record)) + rdataKey(table.rdata(record));
    const known = seen.get(key);
    if (known === undefined) {
      seen.set(key, record);
      before = record;
    } else {
      table.setTtl(known, Math.min(table.ttl(known), table.ttl(record)));
      table.removeNext(number, before);
    }
  }
}

/** No rule for one name can be broken here. */
function isPlain(number: number, table: RecordTable): boolean {
  let octets = emptyMessageOctets + nameOctetsMax;
  for (let at = table.first(number); at >= 0; at = table.next(number, at)) {
    octets += recordOverheadOctets + table.rdataOctets(at);
    if (ruled.has(table.type(at)) || octets > tcpOctetsMax) return false;
  }
  return true;
}

/** Names are compared without regard to case; lengths inside keep parts apart. */
function rdataKey(rdata: Rdata): string {
  return rdata.map((part) => (typeof part === 'string' ? fold(part) : latin1(part))).join('');
}

/** What there is of one type at a name: numbers of records, and the octets of a reply that holds them all. */
interface TypeHere {
  readonly first: number;
  second: number | undefined;
  octets: number;
}

/** The rules for the records of one name. */
function* checkOwner(number: number, { records, faults }: ParsedZone): Sliced<void> {
  const { table } = records;
  const isApex = number === table.names.apex;
  // In the order of their first records.
  const types = new Map<number, TypeHere>();
  let count = 0;
  for (const record of table.of(number)) {
    if (++count % stepsPerSlice === 0) yield;
    const octets = recordOverheadOctets + table.rdataOctets(record);
    const here = types.get(table.type(record));
    if (here === undefined) types.set(table.type(record), { first: record, second: undefined, octets });
    else {
      here.second ??= record;
      here.octets += octets;
    }
  }
  const fault = (record: number, what: string): void => {
    const { source, owner, line, column } = records.record(record);
    faults.add(source, { line, column }, what, nameToText(owner), 'owner');
  };
  const soa = types.get(RRType.SOA);
  if (soa !== undefined && !isApex) fault(soa.first, 'SOA record below the apex of the zone');
  if (soa?.second !== undefined && isApex) fault(soa.second, 'zone has a second, different SOA record');
  const cname = types.get(RRType.CNAME);
  if (cname?.second !== undefined) fault(cname.second, 'name has a second CNAME record');
  const other = cname && [...types].find(([type]) => !besideCname.has(type));
  if (other !== undefined) fault(other[1].first, `name has a CNAME record and other data (${typeName(other[0])})`);
  const dname = types.get(RRType.DNAME);
  if (dname?.second !== undefined) fault(dname.second, 'name has a second DNAME record');
  const ns = types.get(RRType.NS);
  if (dname !== undefined && ns !== undefined && !isApex) fault(dname.first, 'DNAME record at a delegation');
  const owner = table.names.name(number);
  if (ns !== undefined && owner.startsWith('\x01*')) fault(ns.first, 'NS record at a wildcard');
  for (const [type, here] of types) {
    const octets = emptyMessageOctets + owner.length + here.octets;
    if (octets <= tcpOctetsMax) continue;
    const what = `${typeName(type)} records of this name take ${octets} octets, more than the ${tcpOctetsMax} of a message`;
    fault(here.first, what);
  }
}

/** The types that checkOwner has a rule for, besides the size of an RRset. */
const ruled: ReadonlySet<number> = new Set([RRType.SOA, RRType.CNAME, RRType.DNAME, RRType.NS]);

/** RFC 6672 §2.4: a DNAME takes all the names below it away. */
function* checkBelowDnames({ records, faults }: ParsedZone): Sliced<void> {
  const { table } = records;
  const { names } = table;
  // Names at or below a DNAME: since those above a name have lower numbers, one pass finds them all.
  const taken = new Set<number>();
  for (let number = names.apex; number < names.length && !faults.isFull; number++) {
    if (number % stepsPerSlice === 0) yield;
    const isBelow = number !== names.apex && taken.has(names.parent(number));
    if (isBelow || hasType(number, RRType.DNAME, table)) taken.add(number);
    const first = table.first(number);
    if (!isBelow || first < 0) continue;
    const { source, owner, line, column } = records.record(first);
    faults.add(source, { line, column }, 'name is below a DNAME record', nameToText(owner), 'owner');
  }
}
