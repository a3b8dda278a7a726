// Answer -> octets. Writes a message once, to be served many times: identity, letter case, RD and OPT belong to a
// request and are put in by reply.ts. Names are compressed where RFC 1035 types allow it (RFC 3597 §4) and never in
// SRV (RFC 2782). Records that take turns at being first are written so that none depends on where another stands:
// they point into the question alone, hence serving another order is copying runs of octets.
// What does not fit: ADDITIONAL is left out by whole RRsets and without TC; anything else sets TC after as many
// records as fit (RFC 2181 §9; old musl has no TCP and gives up on an empty TC answer).

import { type Answer, headerOctets, type Rdata, type Rotation, type RRset, RRType, tcpOctetsMax } from './message.ts';
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
  /** Records of each RRset of ANSWER, then glue, then ADDITIONAL; behind the end: none. */
  readonly written: readonly number[];
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
/** Room behind the largest message: a record is written first and measured afterwards. */
const slackOctets = 70_000;

const buffer = Buffer.alloc(tcpOctetsMax + slackOctets);
let at = 0;
/** Where each name suffix of the message in hand stands. */
let suffixes = new Map<string, number>();

/**
 * Encodes for a limit in octets (without OPT). `question` is the request's question section; its name, folded, is
 * `qname`.
 */
export function encodeAnswer(qname: Name, question: Uint8Array, answer: Answer, limitOctets: number): Encoded {
  begin(qname, question);
  let turns: Turns | undefined;
  let isTruncated = false;
  let isWhole = true;
  let answers = 0;
  const counts: number[] = [];
  for (const rrset of answer.answer) {
    const start = at;
    const written = writeRRset(rrset, limitOctets);
    answers += written;
    counts.push(written);
    if (rrset.rotation !== undefined) turns = turnsOf(rrset.rotation, start, written);
    if (written < rrset.rdatas.length) {
      isTruncated = true;
      break;
    }
  }
  let authorities = 0;
  let serialAt = 0;
  for (const rrset of isTruncated ? [] : answer.authority) {
    const written = writeRRset(rrset, limitOctets);
    authorities += written;
    if (written < rrset.rdatas.length) isTruncated = true;
    else if (rrset.type === RRType.SOA) serialAt = at - 20;
  }
  let additionals = 0;
  for (const rrset of isTruncated ? [] : answer.glue) {
    const written = writeRRset(rrset, limitOctets);
    additionals += written;
    counts.push(written);
    if (written < rrset.rdatas.length) isTruncated = true;
  }
  for (const rrset of isTruncated ? [] : answer.additional) {
    const written = writeWholeRRset(rrset, limitOctets);
    additionals += written;
    counts.push(written);
    if (written === 0) isWhole = false;
  }
  buffer[2] = 0x80 | (answer.authoritative ? 0x04 : 0) | (isTruncated ? 0x02 : 0);
  buffer[3] = answer.rcode & 0x0f;
  buffer.writeUInt16BE(answers, 6);
  buffer.writeUInt16BE(authorities, 8);
  buffer.writeUInt16BE(additionals, 10);
  return {
    octets: buffer.toString('latin1', 0, at),
    isTruncated,
    isWhole: isWhole && !isTruncated,
    turns,
    written: counts,
    serialAt,
  };
}

function begin(qname: Name, question: Uint8Array): void {
  suffixes = new Map();
  buffer.fill(0, 0, headerOctets);
  buffer[5] = 1;
  buffer.set(question, headerOctets);
  at = headerOctets;
  for (let rest = qname; rest !== ROOT; rest = parentOf(rest)) {
    suffixes.set(rest, at);
    at += 1 + rest.charCodeAt(0);
  }
  at = headerOctets + question.length;
}

/** Writes records until one does not fit; returns how many did. */
function writeRRset(rrset: RRset, limitOctets: number): number {
  const { owner, rdatas, rotation } = rrset;
  // What has its name in the question, as most has, points there.
  const pointer = suffixes.get(fold(owner));
  let written = 0;
  for (const rdata of rdatas) {
    const start = at;
    if (pointer === undefined) writeName(owner, true, rotation === undefined);
    else writePointer(pointer);
    writeRecord(rrset, rdata);
    if (at > limitOctets) {
      rollBack(start);
      break;
    }
    written++;
  }
  return written;
}

/** Writes all records or none; returns how many. */
function writeWholeRRset(rrset: RRset, limitOctets: number): number {
  const start = at;
  const written = writeRRset(rrset, limitOctets);
  if (written === rrset.rdatas.length) return written;
  rollBack(start);
  return 0;
}

/** What was written behind `start` is gone, and nothing may point at it. */
function rollBack(start: number): void {
  at = start;
  for (const [suffix, offset] of suffixes) if (offset >= start) suffixes.delete(suffix);
}

function turnsOf(rotation: Rotation, start: number, written: number): Turns | undefined {
  const { span, firsts } = rotationOf(rotation, written);
  if (span < 1) return undefined;
  return { at: start, headOctets: endOfName(start) + 8 - start, records: span, firsts };
}

/** Behind a written name: after its root, or after the pointer that it ends in. */
function endOfName(start: number): number {
  let next = start;
  for (;;) {
    const length = buffer[next] as number;
    if (length === 0) return next + 1;
    if (length >= 0xc0) return next + 2;
    next += 1 + length;
  }
}

/** A record behind its owner. Names in one that takes turns are no target: it moves. */
function writeRecord({ type, ttl, rotation }: RRset, rdata: Rdata): void {
  buffer.writeUInt16BE(type, at);
  buffer.writeUInt16BE(1, at + 2);
  buffer.writeUInt32BE(ttl, at + 4);
  const lengthAt = at + 8;
  at += 10;
  const mayCompress = compressible.has(type);
  for (const part of rdata) {
    if (typeof part === 'string') writeName(part, mayCompress, mayCompress && rotation === undefined);
    else {
      buffer.set(part, at);
      at += part.length;
    }
  }
  buffer.writeUInt16BE(at - lengthAt - 2, lengthAt);
}

function writePointer(offset: number): void {
  buffer.writeUInt16BE(0xc000 | offset, at);
  at += 2;
}

/** `mayPoint`: a suffix may become a pointer. `isTarget`: later names may point here. */
function writeName(name: Name, mayPoint: boolean, isTarget: boolean): void {
  if (!mayPoint && !isTarget) {
    at += buffer.write(name, at, 'latin1');
    return;
  }
  const key = fold(name);
  let offset = 0;
  while (name.charCodeAt(offset) !== 0) {
    const suffix = offset === 0 ? key : key.slice(offset);
    const known = mayPoint ? suffixes.get(suffix) : undefined;
    if (known !== undefined) {
      writePointer(known);
      return;
    }
    if (isTarget && at <= pointerMax) suffixes.set(suffix, at);
    const octets = 1 + name.charCodeAt(offset);
    buffer.write(name.slice(offset, offset + octets), at, 'latin1');
    at += octets;
    offset += octets;
  }
  buffer[at++] = 0;
}
