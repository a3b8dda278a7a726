// Answer -> octets. Encodes a message once, to be served many times: ID, letter case, RD and OPT belong to a request and
// are filled in by reply.ts. Names are compressed where the types of RFC 1035 allow it (RFC 3597 §4) and never in SRV
// (RFC 2782). Records that take turns at being first are encoded so that none depends on the position of another: they
// point into the question alone, so serving another order is copying runs of octets.
// What does not fit: ADDITIONAL is left out by whole RRsets and without TC; anything else sets TC and carries whatever
// records fit, smaller ones after a larger one included (RFC 2181 §9; old musl has no TCP and gives up on an empty TC
// answer).
// Limits: 65 535 octets a message; a name leads over at most `hopsMax` compression pointers.

import {
  type Answer,
  headerOctets,
  type Rdata,
  type Rotation,
  type RRset,
  RRType,
  tcpOctetsMax,
  type Written,
} from './message.ts';
import { MovableRecord } from './movable-record.ts';
import { isWithin, type Name } from './name.ts';
import { rotationOf } from './rotation.ts';
import { SuffixTable } from './suffix-table.ts';

/** What is sent, but for what belongs to a request. */
export interface Message {
  /**
   * Header with ID 0 and without RD, question, sections; no OPT. One character an octet: written as fast as octets are
   * copied, and kept without an object and a share in a pool of others.
   */
  readonly octets: string;
  readonly isTruncated: boolean;
  /** Nothing at all was left out: right for every client whose limit it fits. */
  readonly isWhole: boolean;
  readonly turns: Turns | undefined;
  /** Offset of the SOA serial in a negative answer; 0 where there is none. */
  readonly serialAt: number;
}

export interface Encoded extends Message {
  /** For each RRset of ANSWER, then glue, then ADDITIONAL; past the end: none. */
  readonly written: readonly Written[];
}

/** Records of the answer section that take turns at being first. Where they begin is read from the message. */
export interface Turns {
  /** Where the first one begins. */
  readonly at: number;
  /** Octets of each before its data's length (RFC 1035 §3.2.1): they have one owner, written alike. */
  readonly headOctets: number;
  readonly records: number;
  /** Indexes of records, in the order of their turns. */
  readonly firsts: Uint8Array;
}

/** RFC 1035 §3.3 and §4.1.4: the only types whose names in RDATA may be compressed. */
const compressible: ReadonlySet<number> = new Set([RRType.NS, RRType.CNAME, RRType.SOA, RRType.PTR, RRType.MX]);
/** A pointer has 14 bits. */
const pointerMax = 0x3fff;
/** Pointers followed to read one name: dnspython and Go refuse long chains of them. */
const hopsMax = 8;
const fewOctets = 24;
/** Type and class. */
const questionFixedOctets = 4;
/** Room past the largest message: a record is written first and measured afterwards. */
const slackOctets = 70_000;

/** One for each handler: it reuses its buffer. */
export class AnswerEncoder {
  readonly #buffer = Buffer.alloc(tcpOctetsMax + slackOctets);
  #at = 0;
  /** The position of each name suffix of the message. */
  readonly #suffixes = new SuffixTable(this.#buffer);
  /** SOAs of negative answers as they are written after a question for their zone. */
  readonly #negativeRecords = new WeakMap<RRset, MovableRecord>();

  /**
   * Encodes for a limit in octets (without OPT). `question` is the request's question section; its name, folded, is
   * `qname`.
   */
  encode(qname: Name, question: Uint8Array, answer: Answer, limitOctets: number): Encoded {
    if (answer.answer.length === 0) {
      const short = this.#encodeShort(qname, question, answer, limitOctets);
      if (short !== undefined) return short;
    }
    this.#begin(qname, question);
    let turns: Turns | undefined;
    let isTruncated = false;
    let isWhole = true;
    let answers = 0;
    const all: Written[] = [];
    for (const rrset of answer.answer) {
      const start = this.#at;
      const written = this.#writeRRset(rrset, limitOctets);
      answers += countOf(written);
      all.push(written);
      if (rrset.rotation !== undefined) turns = this.#turnsOf(rrset.rotation, start, written);
      if (written !== rrset.rdatas.length) {
        isTruncated = true;
        break;
      }
    }
    let authorities = 0;
    let serialAt = 0;
    for (const rrset of isTruncated ? [] : answer.authority) {
      const written = this.#writeRRset(rrset, limitOctets);
      authorities += countOf(written);
      if (written !== rrset.rdatas.length) isTruncated = true;
      else if (rrset.type === RRType.SOA) serialAt = this.#at - 20;
    }
    let additionals = 0;
    for (const rrset of isTruncated ? [] : answer.glue) {
      const written = this.#writeRRset(rrset, limitOctets);
      additionals += countOf(written);
      all.push(written);
      if (written !== rrset.rdatas.length) isTruncated = true;
    }
    for (const rrset of isTruncated ? [] : answer.additional) {
      const written = this.#writeWholeRRset(rrset, limitOctets);
      additionals += written;
      all.push(written);
      if (written === 0) isWhole = false;
    }
    const octets = this.#finished(answer, isTruncated, [answers, authorities, additionals]);
    return { octets, isTruncated, isWhole: isWhole && !isTruncated, turns, written: all, serialAt };
  }

  /** The usual answers to names and types that are not there: no record, or the SOA of a zone around the name. */
  #encodeShort(qname: Name, question: Uint8Array, answer: Answer, limitOctets: number): Encoded | undefined {
    const { authority, glue, additional } = answer;
    const [soa] = authority;
    if (glue.length + additional.length > 0 || authority.length > 1) return undefined;
    const short = { isTruncated: false, isWhole: true, turns: undefined, written: [] };
    if (soa === undefined) {
      this.#beginWith(question);
      return { ...short, octets: this.#finished(answer, false, [0, 0, 0]), serialAt: 0 };
    }
    if (soa.type !== RRType.SOA || soa.rdatas.length !== 1 || !isWithin(qname, soa.owner)) return undefined;
    const record = this.negativeRecord(soa);
    const at = headerOctets + question.length;
    if (at + record.octets.length > limitOctets) return undefined;
    this.#beginWith(question);
    record.write(this.#buffer, at);
    this.#at = at + record.octets.length;
    return { ...short, octets: this.#finished(answer, false, [0, 1, 0]), serialAt: this.#at - 20 };
  }

  /** The SOA of a negative answer, after a question for its zone. */
  negativeRecord(soa: RRset): MovableRecord {
    const known = this.#negativeRecords.get(soa);
    if (known !== undefined) return known;
    const start = headerOctets + soa.owner.length + questionFixedOctets;
    const question = Buffer.alloc(start - headerOctets);
    question.write(soa.owner, 'latin1');
    this.#begin(soa.owner, question);
    this.#writeRRset(soa, tcpOctetsMax);
    const record = new MovableRecord(this.#buffer.subarray(start, this.#at), start);
    this.#negativeRecords.set(soa, record);
    return record;
  }

  #finished({ authoritative, rcode }: Answer, isTruncated: boolean, counts: readonly number[]): string {
    const buffer = this.#buffer;
    buffer[2] = 0x80 | (authoritative ? 0x04 : 0) | (isTruncated ? 0x02 : 0);
    buffer[3] = rcode & 0x0f;
    for (let section = 0, at = 6; section < counts.length; section++, at += 2) {
      const count = counts[section] as number;
      buffer[at] = count >> 8;
      buffer[at + 1] = count;
    }
    return buffer.toString('latin1', 0, this.#at);
  }

  #begin(qname: Name, question: Uint8Array): void {
    const suffixes = this.#suffixes;
    suffixes.clear();
    this.#beginWith(question);
    const labels = suffixes.read(qname);
    for (let label = 0; label < labels; label++) suffixes.add(qname, label, headerOctets + suffixes.labelAt(label));
  }

  #beginWith(question: Uint8Array): void {
    const buffer = this.#buffer;
    for (let at = 0; at < headerOctets; at++) buffer[at] = 0;
    buffer[5] = 1;
    for (let at = 0; at < question.length; at++) buffer[headerOctets + at] = question[at] as number;
    this.#at = headerOctets + question.length;
  }

  /** Writes every record that fits. */
  #writeRRset(rrset: RRset, limitOctets: number): Written {
    const { owner, rdatas, rotation } = rrset;
    // Most records are owned by the name in the question, so they point there.
    const known = this.#suffixes.read(owner) === 0 ? 0 : this.#suffixes.find(owner, 0);
    const pointer = known !== 0 && this.#hopsFrom(known) < hopsMax ? known : undefined;
    let fitting: number[] | undefined;
    for (let index = 0; index < rdatas.length; index++) {
      const start = this.#at;
      if (pointer === undefined) this.#writeName(owner, true, rotation === undefined);
      else this.#writePointer(pointer);
      this.#writeRecord(rrset, rdatas[index] as Rdata);
      if (this.#at > limitOctets) {
        this.#rollBack(start);
        fitting ??= Array.from({ length: index }, (_, before) => before);
      } else fitting?.push(index);
    }
    if (fitting === undefined) return rdatas.length;
    return fitting.at(-1) === fitting.length - 1 || fitting.length === 0 ? fitting.length : fitting;
  }

  /** Writes all records or none; returns how many. */
  #writeWholeRRset(rrset: RRset, limitOctets: number): number {
    const start = this.#at;
    const written = this.#writeRRset(rrset, limitOctets);
    if (written === rrset.rdatas.length) return written;
    this.#rollBack(start);
    return 0;
  }

  /** What was written from `start` on is gone, and nothing may point at it. */
  #rollBack(start: number): void {
    this.#at = start;
    this.#suffixes.truncate(start);
  }

  #turnsOf(rotation: Rotation, start: number, written: Written): Turns | undefined {
    const { span, firsts } = rotationOf(rotation, written);
    if (span < 1) return undefined;
    return { at: start, headOctets: this.#endOfName(start) + 8 - start, records: span, firsts };
  }

  /** The offset after a written name: after its root, or after the pointer that it ends in. */
  #endOfName(start: number): number {
    let next = start;
    for (;;) {
      const length = this.#buffer[next] as number;
      if (length === 0) return next + 1;
      if (length >= 0xc0) return next + 2;
      next += 1 + length;
    }
  }

  /** A record after its owner. Names in one that takes turns are no target: it moves. */
  #writeRecord({ type, ttl, rotation }: RRset, rdata: Rdata): void {
    const buffer = this.#buffer;
    const at = this.#at;
    buffer[at] = type >> 8;
    buffer[at + 1] = type;
    buffer[at + 2] = 0;
    buffer[at + 3] = 1;
    buffer[at + 4] = ttl >>> 24;
    buffer[at + 5] = ttl >>> 16;
    buffer[at + 6] = ttl >>> 8;
    buffer[at + 7] = ttl;
    const lengthAt = at + 8;
    this.#at = at + 10;
    const mayCompress = compressible.has(type);
    for (const part of rdata) {
      if (typeof part === 'string') this.#writeName(part, mayCompress, mayCompress && rotation === undefined);
      else this.#writeOctets(part);
    }
    const length = this.#at - lengthAt - 2;
    buffer[lengthAt] = length >> 8;
    buffer[lengthAt + 1] = length;
  }

  /** A few octets are copied sooner than the copying of many is begun. */
  #writeOctets(octets: Uint8Array): void {
    const { length } = octets;
    const at = this.#at;
    if (length > fewOctets) this.#buffer.set(octets, at);
    else for (let octet = 0; octet < length; octet++) this.#buffer[at + octet] = octets[octet] as number;
    this.#at = at + length;
  }

  #writePointer(offset: number): void {
    const at = this.#at;
    this.#buffer[at] = 0xc0 | (offset >> 8);
    this.#buffer[at + 1] = offset;
    this.#at = at + 2;
  }

  /** `mayPoint`: a suffix may become a pointer. `isTarget`: later names may point here. */
  #writeName(name: Name, mayPoint: boolean, isTarget: boolean): void {
    const buffer = this.#buffer;
    if (!mayPoint && !isTarget) {
      this.#at += buffer.write(name, this.#at, 'latin1');
      return;
    }
    const suffixes = this.#suffixes;
    const labels = suffixes.read(name);
    for (let label = 0; label < labels; label++) {
      const known = mayPoint ? suffixes.find(name, label) : 0;
      if (known !== 0 && this.#hopsFrom(known) < hopsMax) {
        this.#writePointer(known);
        return;
      }
      // Where a known one is too many hops away, this one is nearer.
      if (isTarget && this.#at <= pointerMax) suffixes.add(name, label, this.#at);
      const start = suffixes.labelAt(label);
      for (let at = start, end = start + name.charCodeAt(start); at <= end; at++)
        buffer[this.#at++] = name.charCodeAt(at);
    }
    buffer[this.#at++] = 0;
  }

  /** Pointers that the written name at `start` leads over. */
  #hopsFrom(start: number): number {
    const buffer = this.#buffer;
    let hops = 0;
    for (let at = start; ; ) {
      const length = buffer[at] as number;
      if (length === 0) return hops;
      if (length < 0xc0) at += 1 + length;
      else {
        hops++;
        at = buffer.readUInt16BE(at) & pointerMax;
      }
    }
  }
}

function countOf(written: Written): number {
  return typeof written === 'number' ? written : written.length;
}
