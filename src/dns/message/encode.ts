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
import { fold, type Name, parentOf, ROOT } from './name.ts';
import { rotationOf } from './rotation.ts';

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
/** Room past the largest message: a record is written first and measured afterwards. */
const slackOctets = 70_000;

/** One for each handler: it reuses its buffer. */
export class AnswerEncoder {
  readonly #buffer = Buffer.alloc(tcpOctetsMax + slackOctets);
  #at = 0;
  /** The position of each name suffix of the message. */
  #suffixes = new Map<string, number>();

  /**
   * Encodes for a limit in octets (without OPT). `question` is the request's question section; its name, folded, is
   * `qname`.
   */
  encode(qname: Name, question: Uint8Array, answer: Answer, limitOctets: number): Encoded {
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
    const buffer = this.#buffer;
    buffer[2] = 0x80 | (answer.authoritative ? 0x04 : 0) | (isTruncated ? 0x02 : 0);
    buffer[3] = answer.rcode & 0x0f;
    buffer.writeUInt16BE(answers, 6);
    buffer.writeUInt16BE(authorities, 8);
    buffer.writeUInt16BE(additionals, 10);
    const octets = buffer.toString('latin1', 0, this.#at);
    return { octets, isTruncated, isWhole: isWhole && !isTruncated, turns, written: all, serialAt };
  }

  #begin(qname: Name, question: Uint8Array): void {
    this.#suffixes = new Map();
    this.#buffer.fill(0, 0, headerOctets);
    this.#buffer[5] = 1;
    this.#buffer.set(question, headerOctets);
    let at = headerOctets;
    for (let rest = qname; rest !== ROOT; rest = parentOf(rest)) {
      this.#suffixes.set(rest, at);
      at += 1 + rest.charCodeAt(0);
    }
    this.#at = headerOctets + question.length;
  }

  /** Writes every record that fits. */
  #writeRRset(rrset: RRset, limitOctets: number): Written {
    const { owner, rdatas, rotation } = rrset;
    // Most records are owned by the name in the question, so they point there.
    const known = this.#suffixes.get(fold(owner));
    const pointer = known !== undefined && this.#hopsFrom(known) < hopsMax ? known : undefined;
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
    for (const [suffix, offset] of this.#suffixes) if (offset >= start) this.#suffixes.delete(suffix);
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
    buffer.writeUInt16BE(type, at);
    buffer.writeUInt16BE(1, at + 2);
    buffer.writeUInt32BE(ttl, at + 4);
    const lengthAt = at + 8;
    this.#at = at + 10;
    const mayCompress = compressible.has(type);
    for (const part of rdata) {
      if (typeof part === 'string') this.#writeName(part, mayCompress, mayCompress && rotation === undefined);
      else {
        buffer.set(part, this.#at);
        this.#at += part.length;
      }
    }
    buffer.writeUInt16BE(this.#at - lengthAt - 2, lengthAt);
  }

  #writePointer(offset: number): void {
    this.#buffer.writeUInt16BE(0xc000 | offset, this.#at);
    this.#at += 2;
  }

  /** `mayPoint`: a suffix may become a pointer. `isTarget`: later names may point here. */
  #writeName(name: Name, mayPoint: boolean, isTarget: boolean): void {
    const buffer = this.#buffer;
    if (!mayPoint && !isTarget) {
      this.#at += buffer.write(name, this.#at, 'latin1');
      return;
    }
    const key = fold(name);
    let offset = 0;
    while (name.charCodeAt(offset) !== 0) {
      const suffix = offset === 0 ? key : key.slice(offset);
      const known = mayPoint ? this.#suffixes.get(suffix) : undefined;
      if (known !== undefined && this.#hopsFrom(known) < hopsMax) {
        this.#writePointer(known);
        return;
      }
      // Where a known one is too many hops away, this one is nearer.
      if (isTarget && this.#at <= pointerMax) this.#suffixes.set(suffix, this.#at);
      const octets = 1 + name.charCodeAt(offset);
      buffer.write(name.slice(offset, offset + octets), this.#at, 'latin1');
      this.#at += octets;
      offset += octets;
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
