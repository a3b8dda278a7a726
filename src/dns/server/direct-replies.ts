// Replies written straight from the request and from numbers: no answer is made, and none encoded.
//   names that are not there   NXDOMAIN with the zone's SOA, or REFUSED for a name of no zone; what is made once is the SOA
//   addresses                  type A of an app whose instances are alike and few (AppView.plainHosts); the reply's octets
//                              can be kept, as an entry of the cache of answers
// What it writes is what the handler would have answered, to the octet; where that is not certain at a glance (wildcards,
// delegations, names that begin with an underscore, zones that are to be looked up) it writes nothing.
// Absences only for queries without OPT: with one, the reply says why there is no such name, and that takes words.
// One for a handler: where the query is and where its reply goes are its state, set for each query.

import type { AnswerEncoder } from '../message/encode.ts';
import { headerOctets, Rcode, type RRset, RRType, udpOctetsMax } from '../message/message.ts';
import type { MovableRecord } from '../message/movable-record.ts';
import { RequestName } from '../message/request-name.ts';
import type { PlainRecords, Zone } from '../zone/zone.ts';
import type { ZoneTable } from '../zone/zone-table.ts';
import { type CachedAnswer, cachedAnswer } from './answer-cache.ts';

export interface DirectRepliesDeps {
  readonly zones: ZoneTable;
  readonly encoder: AnswerEncoder;
  isReady(): boolean;
}

/** What a reply may be. */
export type Direct = 'address' | 'either';

/** Type and class, after the name. */
const fixedOctets = 4;
/** TKEY, TSIG, transfers, ANY and what else asks for more than records of a name (RFC 6895 §3.1). */
const metaTypesFrom = 249;
const metaTypesEnd = 256;
/** An SOA's serial is followed by four more numbers. */
const serialFromEnd = 20;
/** Owner as a pointer to the question, type, class, TTL, length, and the address. */
const addressOctets = 16;
const addressHeadOctets = 10;
const never = Number.POSITIVE_INFINITY;

export class DirectReplies {
  readonly #deps: DirectRepliesDeps;
  readonly #name = new RequestName();
  /** The SOA of the zone that was asked last. */
  #soa: RRset | undefined;
  #record: MovableRecord | undefined;
  /** The query and the place of its reply. */
  #request: Buffer = Buffer.alloc(0);
  #at = 0;
  #questionOctets = 0;
  #reply: Buffer = this.#request;
  #replyAt = 0;
  /** The addresses that were written last. */
  #addresses: PlainRecords | undefined;
  readonly #aside = Buffer.alloc(udpOctetsMax);

  constructor(deps: DirectRepliesDeps) {
    this.#deps = deps;
  }

  /** The query at `at` in `request`, whose question has so many octets, is to be answered to `replyAt` in `reply`. */
  begin(request: Buffer, at: number, questionOctets: number, reply: Buffer, replyAt: number): void {
    this.#request = request;
    this.#at = at;
    this.#questionOctets = questionOctets;
    this.#reply = reply;
    this.#replyAt = replyAt;
  }

  /** Writes the reply, `room` octets at most and without an OPT. Returns its octets; 0: something else is to be answered, or may be. */
  write(room: number, nowMs: number, direct: Direct): number {
    const name = this.#name;
    const request = this.#request;
    const questionAt = this.#at + headerOctets;
    const nameOctets = this.#questionOctets - fixedOctets;
    if (!isPlainType(request, questionAt + nameOctets) || !name.read(request, questionAt, nameOctets)) return 0;
    const zone = this.#deps.zones.zoneOfRequest(name);
    if (zone === 'unsure' || !this.#deps.isReady()) return 0;
    if (zone === 'none') return direct === 'either' ? this.#writeHead(Rcode.REFUSED) : 0;
    if (zone.hasCuts || zone.isBroken === true) return 0;
    if (request[questionAt + nameOctets + 1] === RRType.A && request[questionAt + nameOctets] === 0) {
      const records = zone.live?.plainAddresses?.(name);
      if (records !== undefined && !zone.records.hasRequested(name)) return this.#writeAddresses(records, room, nowMs);
    }
    return direct === 'either' && isAbsent(zone, name) ? this.#writeAbsence(zone, room) : 0;
  }

  /** What is to be kept of addresses that were just written, `octets` long: the reply in their next turn. `hash`: of the question. */
  entry(octets: number, hash: number, nowMs: number): CachedAnswer {
    const aside = this.#aside;
    const addresses = this.#addresses as PlainRecords;
    const { firsts, count, source } = addresses;
    this.#reply.copy(aside, 0, this.#replyAt, this.#replyAt + octets);
    // An ID and RD are of one request.
    aside[0] = aside[1] = 0;
    aside[2] = (aside[2] as number) & 0xfe;
    const at = headerOctets + this.#questionOctets;
    const message = {
      octets: aside.toString('latin1', 0, octets),
      isTruncated: false,
      isWhole: true,
      turns: firsts && { at, headOctets: addressHeadOctets, records: count, firsts },
      serialAt: 0,
    };
    const lifetime = { caching: 'keep', validUntilMs: never, sources: [this.#deps.zones, source] } as const;
    const answer = { rcode: Rcode.NOERROR, serial: undefined, lifetime };
    const entry = cachedAnswer(answer, message, undefined, addresses.kept(nowMs), 0, hash, octets);
    // The first turn was this reply's.
    entry.turn = 1;
    return entry;
  }

  #writeAbsence({ negativeSoa, live }: Zone, room: number): number {
    if (this.#soa !== negativeSoa) {
      this.#soa = negativeSoa;
      this.#record = this.#deps.encoder.negativeRecord(negativeSoa);
    }
    const [reply, replyAt, record] = [this.#reply, this.#replyAt, this.#record as MovableRecord];
    const soaAt = headerOctets + this.#questionOctets;
    const octets = soaAt + record.octets.length;
    if (octets > room) return 0;
    this.#writeHead(Rcode.NXDOMAIN);
    // AA, and one record in AUTHORITY.
    reply[replyAt + 2] = (reply[replyAt + 2] as number) | 0x04;
    reply[replyAt + 9] = 1;
    record.write(reply, replyAt + soaAt, soaAt);
    if (live !== undefined) writeNumber(reply, replyAt + octets - serialFromEnd, live.serial);
    return octets;
  }

  #writeAddresses(records: PlainRecords, room: number, nowMs: number): number {
    const { count, ttlSeconds } = records;
    const head = headerOctets + this.#questionOctets;
    if (head + count * addressOctets > room) return 0;
    this.#writeHead(Rcode.NOERROR);
    const [reply, replyAt] = [this.#reply, this.#replyAt];
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
      reply[next + addressHeadOctets] = 0;
      reply[next + addressHeadOctets + 1] = 4;
      writeNumber(reply, next + 12, records.address(record));
    }
    records.served(nowMs);
    this.#addresses = records;
    return head + count * addressOctets;
  }

  /** QR, RD of the request, the rcode and the question; returns the octets of both. */
  #writeHead(rcode: number): number {
    const [request, at, reply, replyAt] = [this.#request, this.#at, this.#reply, this.#replyAt];
    const octets = headerOctets + this.#questionOctets;
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

/** 32 bits. */
function writeNumber(reply: Buffer, at: number, number: number): void {
  reply[at] = number >>> 24;
  reply[at + 1] = number >>> 16;
  reply[at + 2] = number >>> 8;
  reply[at + 3] = number;
}
