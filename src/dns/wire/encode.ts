// Answer -> octets. Writes a message once, to be served many times: identity, letter case, RD and OPT belong to a
// request and are put in by reply.ts. Names are compressed where RFC 1035 types allow it (RFC 3597 §4) and never in
// SRV (RFC 2782). Records that take turns at being first are written so that none depends on where another stands:
// they point into the question alone, hence serving another order is copying runs of octets.
// What does not fit: ADDITIONAL is left out by whole RRsets and without TC; anything else sets TC after as many
// records as fit (RFC 2181 §9; old musl has no TCP and gives up on an empty TC answer).

import { type Answer, headerOctets, type Rdata, type Rotation, type RRset, RRType, tcpOctetsMax } from '../message.ts';
import { fold, type Name, parentOf, ROOT } from '../name.ts';
import { rotationOf } from '../rotation.ts';

export interface Encoded {
  /** Header with ID 0 and without RD, question in lower case, sections; no OPT. */
  readonly bytes: Buffer;
  readonly isTruncated: boolean;
  /** Nothing at all was left out: right for every client whose limit it fits. */
  readonly isWhole: boolean;
  readonly turns: Turns | undefined;
  /** Records of each RRset of ANSWER, then glue, then ADDITIONAL; behind the end: none. */
  readonly written: readonly number[];
  /** Offset of the SOA serial in a negative answer; 0 where there is none. */
  readonly serialAt: number;
}

/** Records of the answer section that take turns at being first. */
export interface Turns {
  /** Offsets at which they begin, and where the last one ends. */
  readonly offsets: readonly number[];
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
    const offsets = writeRRset(rrset, limitOctets);
    const written = offsets.length - 1;
    answers += written;
    counts.push(written);
    if (rrset.rotation !== undefined) turns = turnsOf(rrset.rotation, offsets);
    if (written < rrset.rdatas.length) {
      isTruncated = true;
      break;
    }
  }
  let authorities = 0;
  let serialAt = 0;
  for (const rrset of isTruncated ? [] : answer.authority) {
    const written = writeRRset(rrset, limitOctets).length - 1;
    authorities += written;
    if (written < rrset.rdatas.length) isTruncated = true;
    else if (rrset.type === RRType.SOA) serialAt = at - 20;
  }
  let additionals = 0;
  for (const rrset of isTruncated ? [] : answer.glue) {
    const written = writeRRset(rrset, limitOctets).length - 1;
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
  const bytes = Buffer.from(buffer.subarray(0, at));
  return { bytes, isTruncated, isWhole: isWhole && !isTruncated, turns, written: counts, serialAt };
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

/** Writes records until one does not fit; returns where each begins and where the last one ends. */
function writeRRset(rrset: RRset, limitOctets: number): number[] {
  const offsets = [at];
  for (const rdata of rrset.rdatas) {
    const start = at;
    writeRecord(rrset, rdata, rrset.rotation === undefined);
    if (at > limitOctets) {
      rollBack(start);
      break;
    }
    offsets.push(at);
  }
  return offsets;
}

/** Writes all records or none; returns how many. */
function writeWholeRRset(rrset: RRset, limitOctets: number): number {
  const start = at;
  const written = writeRRset(rrset, limitOctets).length - 1;
  if (written === rrset.rdatas.length) return written;
  rollBack(start);
  return 0;
}

/** What was written behind `start` is gone, and nothing may point at it. */
function rollBack(start: number): void {
  at = start;
  for (const [suffix, offset] of suffixes) if (offset >= start) suffixes.delete(suffix);
}

function turnsOf(rotation: Rotation, offsets: number[]): Turns | undefined {
  const { span, firsts } = rotationOf(rotation, offsets.length - 1);
  return span < 1 ? undefined : { offsets: offsets.slice(0, span + 1), firsts };
}

function writeRecord(rrset: RRset, rdata: Rdata, isTarget: boolean): void {
  writeName(rrset.owner, true, isTarget);
  buffer.writeUInt16BE(rrset.type, at);
  buffer.writeUInt16BE(1, at + 2);
  buffer.writeUInt32BE(rrset.ttl, at + 4);
  const lengthAt = at + 8;
  at += 10;
  const mayCompress = compressible.has(rrset.type);
  for (const part of rdata) {
    if (typeof part === 'string') writeName(part, mayCompress, isTarget && mayCompress);
    else {
      buffer.set(part, at);
      at += part.length;
    }
  }
  buffer.writeUInt16BE(at - lengthAt - 2, lengthAt);
}

/** `mayPoint`: a suffix may become a pointer. `isTarget`: later names may point here. */
function writeName(name: Name, mayPoint: boolean, isTarget: boolean): void {
  const key = mayPoint || isTarget ? fold(name) : name;
  let offset = 0;
  while (name.charCodeAt(offset) !== 0) {
    const suffix = offset === 0 ? key : key.slice(offset);
    const known = mayPoint ? suffixes.get(suffix) : undefined;
    if (known !== undefined) {
      buffer.writeUInt16BE(0xc000 | known, at);
      at += 2;
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
