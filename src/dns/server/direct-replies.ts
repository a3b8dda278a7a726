// Replies written straight from the request and from numbers: no answer is made, encoded or kept.
//   names that are not there   NXDOMAIN with the zone's SOA, or REFUSED for a name of no zone; what is made once is the SOA
//   addresses                  type A of an app whose instances are alike and few (AppView.plainHosts)
// What it writes is what the handler would have answered, to the octet; where that is not certain at a glance (wildcards,
// delegations, names that begin with an underscore, zones that are to be looked up) it writes nothing.
// Absences only for queries without OPT: with one, the reply says why there is no such name, and that takes words.

import type { AnswerEncoder } from '../message/encode.ts';
import { headerOctets, Rcode, type RRset, RRType } from '../message/message.ts';
import type { MovableRecord } from '../message/movable-record.ts';
import { RequestName } from '../message/request-name.ts';
import type { PlainRecords, Zone } from '../zone/zone.ts';
import type { ZoneTable } from '../zone/zone-table.ts';

export interface DirectRepliesDeps {
  readonly zones: ZoneTable;
  readonly encoder: AnswerEncoder;
  isReady(): boolean;
}

/** What a reply may be. */
export type Direct = 'address' | 'absence' | 'either';

/** Type and class, after the name. */
const fixedOctets = 4;
/** TKEY, TSIG, transfers, ANY and what else asks for more than records of a name (RFC 6895 §3.1). */
const metaTypesFrom = 249;
const metaTypesEnd = 256;
/** An SOA's serial is followed by four more numbers. */
const serialFromEnd = 20;
/** Owner as a pointer to the question, type, class, TTL, length, and the address. */
const addressOctets = 16;

export class DirectReplies {
  readonly #deps: DirectRepliesDeps;
  readonly #name = new RequestName();
  /** The SOA of the zone that was asked last. */
  #soa: RRset | undefined;
  #record: MovableRecord | undefined;

  constructor(deps: DirectRepliesDeps) {
    this.#deps = deps;
  }

  /**
   * The reply to a query at `at`, whose question has so many octets, to `replyAt` in `reply`, `room` octets at most and
   * without an OPT. Returns its octets; 0: something else is to be answered, or may be.
   */
  write(
    request: Buffer,
    at: number,
    questionOctets: number,
    reply: Buffer,
    replyAt: number,
    room: number,
    nowMs: number,
    direct: Direct,
  ): number {
    const name = this.#name;
    const questionAt = at + headerOctets;
    const nameOctets = questionOctets - fixedOctets;
    if (!isPlainType(request, questionAt + nameOctets) || !name.read(request, questionAt, nameOctets)) return 0;
    const zone = this.#deps.zones.zoneOfRequest(name);
    if (zone === 'unsure' || !this.#deps.isReady()) return 0;
    if (typeof zone === 'object' && (zone.hasCuts || zone.isBroken === true)) return 0;
    const isAddress = request[questionAt + nameOctets + 1] === RRType.A && request[questionAt + nameOctets] === 0;
    if (typeof zone === 'object' && isAddress && direct !== 'absence') {
      const records = zone.live?.plainAddresses?.(name);
      if (records !== undefined && !zone.records.hasRequested(name))
        return writeAddresses(records, request, at, questionOctets, reply, replyAt, room, nowMs);
    }
    if (direct === 'address') return 0;
    if (zone === 'none') return writeHead(request, at, questionOctets, reply, replyAt, Rcode.REFUSED);
    return isAbsent(zone, name) ? this.#writeAbsence(zone, request, at, questionOctets, reply, replyAt, room) : 0;
  }

  #writeAbsence(
    { negativeSoa, live }: Zone,
    request: Buffer,
    at: number,
    questionOctets: number,
    reply: Buffer,
    replyAt: number,
    room: number,
  ): number {
    if (this.#soa !== negativeSoa) {
      this.#soa = negativeSoa;
      this.#record = this.#deps.encoder.negativeRecord(negativeSoa);
    }
    const record = this.#record as MovableRecord;
    const soaAt = headerOctets + questionOctets;
    const octets = soaAt + record.octets.length;
    if (octets > room) return 0;
    writeHead(request, at, questionOctets, reply, replyAt, Rcode.NXDOMAIN);
    // AA, and one record in AUTHORITY.
    reply[replyAt + 2] = (reply[replyAt + 2] as number) | 0x04;
    reply[replyAt + 9] = 1;
    record.write(reply, replyAt + soaAt, soaAt);
    if (live !== undefined) writeNumber(reply, replyAt + octets - serialFromEnd, live.serial);
    return octets;
  }
}

function writeAddresses(
  records: PlainRecords,
  request: Buffer,
  at: number,
  questionOctets: number,
  reply: Buffer,
  replyAt: number,
  room: number,
  nowMs: number,
): number {
  const { count, ttlSeconds } = records;
  const head = headerOctets + questionOctets;
  if (head + count * addressOctets > room) return 0;
  writeHead(request, at, questionOctets, reply, replyAt, Rcode.NOERROR);
  // AA, and the number of records in ANSWER.
  reply[replyAt + 2] = (reply[replyAt + 2] as number) | 0x04;
  reply[replyAt + 7] = count;
  let next = replyAt + head;
  for (let record = 0; record < count; record++, next += addressOctets) {
    reply[next] = 0xc0;
    reply[next + 1] = headerOctets;
    reply[next + 2] = 0;
    reply[next + 3] = RRType.A;
    reply[next + 4] = 0;
    reply[next + 5] = 1;
    writeNumber(reply, next + 6, ttlSeconds);
    reply[next + 10] = 0;
    reply[next + 11] = 4;
    writeNumber(reply, next + 12, records.address(record));
  }
  records.served(nowMs);
  return head + count * addressOctets;
}

function isPlainType(request: Buffer, at: number): boolean {
  const type = ((request[at] as number) << 8) | (request[at + 1] as number);
  const isMeta = type === RRType.OPT || (type >= metaTypesFrom && type < metaTypesEnd);
  // A zone's DS is its parent's (RFC 4035 §3.1.4.1).
  return !isMeta && type !== RRType.DS && request[at + 2] === 0 && request[at + 3] === 1;
}

function isAbsent(zone: Zone, name: RequestName): boolean {
  if (zone.hasWildcards) return false;
  if (zone.live !== undefined && zone.live.isAbsent?.(name) !== true) return false;
  return !zone.records.hasRequested(name);
}

/** QR, RD of the request, the rcode and the question; returns the octets of both. */
function writeHead(
  request: Buffer,
  at: number,
  questionOctets: number,
  reply: Buffer,
  replyAt: number,
  rcode: number,
): number {
  const octets = headerOctets + questionOctets;
  for (let octet = 6; octet < headerOctets; octet++) reply[replyAt + octet] = 0;
  for (let octet = headerOctets; octet < octets; octet++) reply[replyAt + octet] = request[at + octet] as number;
  reply[replyAt] = request[at] as number;
  reply[replyAt + 1] = request[at + 1] as number;
  reply[replyAt + 2] = 0x80 | ((request[at + 2] as number) & 0x01);
  reply[replyAt + 3] = rcode;
  reply[replyAt + 4] = 0;
  reply[replyAt + 5] = 1;
  return octets;
}

/** 32 bits. */
function writeNumber(reply: Buffer, at: number, number: number): void {
  reply[at] = number >>> 24;
  reply[at + 1] = number >>> 16;
  reply[at + 2] = number >>> 8;
  reply[at + 3] = number;
}
