// Octets of a request -> Query. Strict about what was asked, indifferent to what was not: one question, records of the
// other sections skipped by their lengths, one OPT. Every step is bounded by the octets that are there, never by the
// counts in the header, and no compression pointer is ever followed: a question has nothing before it to point at.

import { isCookieLength } from './cookie.ts';
import { type Edns, EdnsOption, headerOctets, type Query, RRType } from './message.ts';
import { fold, labelOctetsMax, type Name, nameOctetsMax } from './name.ts';

/** A request that cannot be answered but deserves FORMERR. Echoes the question where there was a sound one. */
export interface Malformed {
  readonly malformed: true;
  readonly questionEnd: number;
  /** The OPT, where one was read: the reply has one then, too (RFC 6891 §6.1.1). */
  readonly edns: Edns | undefined;
}

/** No question, but a cookie: the client wants one of ours and nothing else (RFC 7873 §5.4). */
export interface CookieRequest {
  readonly cookieOnly: true;
  readonly edns: Edns;
}

const rrFixedOctets = 10;
const additionalSection = 2;

/** Precondition: at least a header (12 octets). Never throws, whatever the octets. */
export function decodeQuery(bytes: Buffer): Query | CookieRequest | Malformed {
  const questions = u16(bytes, 4);
  if (questions === 0) {
    const records = decodeRecords(bytes, headerOctets);
    if (records?.edns?.cookie === undefined) return malformed(headerOctets, records?.edns);
    return { cookieOnly: true, edns: records.edns };
  }
  // RFC 9619: exactly one question.
  if (questions !== 1) return malformed(headerOctets);
  const nameEnd = endOfQuestionName(bytes);
  if (nameEnd < 0 || nameEnd + 4 > bytes.length) return malformed(headerOctets);
  const questionEnd = nameEnd + 4;
  const qname = fold(bytes.toString('latin1', headerOctets, nameEnd) as Name);
  const records = decodeRecords(bytes, questionEnd);
  if (records === undefined) return malformed(questionEnd);
  const { edns, tsigAt } = records;
  return {
    qname,
    qtype: u16(bytes, nameEnd),
    qclass: u16(bytes, nameEnd + 2),
    opcode: opcodeOf(bytes),
    questionEnd,
    edns,
    tsigAt,
  };
}

interface Records {
  readonly edns: Edns | undefined;
  readonly tsigAt: number | undefined;
}

const noRecords: Records = { edns: undefined, tsigAt: undefined };

/** Walks over the records after the question; undefined where one is damaged or where it must not be. */
function decodeRecords(bytes: Buffer, start: number): Records | undefined {
  if (u16(bytes, 6) + u16(bytes, 8) + u16(bytes, 10) === 0) return noRecords;
  let at = start;
  let edns: Edns | undefined;
  let tsigAt: number | undefined;
  for (let section = 0; section <= additionalSection; section++) {
    for (let left = u16(bytes, 6 + 2 * section); left > 0; left--) {
      const fixed = skipName(bytes, at);
      if (fixed < 0 || fixed + rrFixedOctets > bytes.length) return undefined;
      const type = u16(bytes, fixed);
      const dataAt = fixed + rrFixedOctets;
      const end = dataAt + u16(bytes, fixed + 8);
      if (end > bytes.length) return undefined;
      if (type === RRType.OPT) {
        // RFC 6891 §6.1.1: in ADDITIONAL alone, once, owned by the root.
        const isMisplaced = section !== additionalSection || edns !== undefined || fixed - at !== 1;
        edns = isMisplaced ? undefined : decodeOpt(bytes, fixed, end);
        if (edns === undefined) return undefined;
      } else if (type === RRType.TSIG) {
        // RFC 8945 §5.1: the last record of ADDITIONAL.
        if (section !== additionalSection || left !== 1) return undefined;
        tsigAt = at;
      }
      at = end;
    }
  }
  return { edns, tsigAt };
}

export function opcodeOf(bytes: Uint8Array): number {
  return ((bytes[2] as number) >> 3) & 0x0f;
}

export function isResponse(bytes: Uint8Array): boolean {
  return (bytes[2] as number) >= 0x80;
}

function malformed(questionEnd: number, edns?: Edns): Malformed {
  return { malformed: true, questionEnd, edns };
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** The offset after the question's name; -1 for a bad one. */
function endOfQuestionName(bytes: Buffer): number {
  let at = headerOctets;
  const limit = Math.min(bytes.length, headerOctets + nameOctetsMax);
  for (;;) {
    if (at >= limit) return -1;
    const length = bytes[at] as number;
    if (length > labelOctetsMax) return -1;
    at++;
    if (length === 0) return at;
    at += length;
    if (at >= limit) return -1;
  }
}

/** The offset after a name of a record, compressed or not; -1 where it is damaged. */
function skipName(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && at - start < nameOctetsMax) {
    const length = bytes[at] as number;
    if (length === 0) return at + 1;
    if (length >= 0xc0) {
      // Pointers go backwards (RFC 1035 §4.1.4), and not into the header.
      const target = u16(bytes, at) & 0x3fff;
      return at + 1 < bytes.length && target >= headerOctets && target < at ? at + 2 : -1;
    }
    if (length > labelOctetsMax) return -1;
    at += 1 + length;
  }
  return -1;
}

/** RFC 6891 §6.1.2: options are code, length, data and fill the RDATA exactly; undefined where they do not. */
function decodeOpt(bytes: Buffer, fixed: number, end: number): Edns | undefined {
  let cookie: Uint8Array | undefined;
  let wantsNsid = false;
  let wantsPadding = false;
  let at = fixed + rrFixedOctets;
  while (at + 4 <= end) {
    const code = u16(bytes, at);
    const dataAt = at + 4;
    at = dataAt + u16(bytes, at + 2);
    if (at > end) return undefined;
    if (code === EdnsOption.NSID) wantsNsid = true;
    else if (code === EdnsOption.PADDING) wantsPadding = true;
    // Of several the first counts (RFC 7873 §5.2).
    else if (code === EdnsOption.COOKIE && cookie === undefined) cookie = bytes.subarray(dataAt, at);
  }
  if (at !== end) return undefined;
  const dnssecOk = (bytes[fixed + 6] as number) >= 0x80;
  const isCookieBad = cookie !== undefined && !isCookieLength(cookie.length);
  return {
    udpOctets: u16(bytes, fixed + 2),
    version: bytes[fixed + 5] as number,
    dnssecOk,
    wantsNsid,
    wantsPadding,
    cookie: isCookieBad ? undefined : cookie,
    isCookieBad,
  };
}
