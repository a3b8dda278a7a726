// A request, an encoded answer and an OPT record (opt.ts) -> the octets to send. Here goes in what belongs to the
// request: its ID, RD, the question in its own letter case (RFC 4343 §4.1, and the 0x20 practice), and whose turn it
// is to be first. No other bit of a request is copied. `opt` is empty where the request had none (RFC 6891 §7).

import type { CachedAnswer } from '../answer-cache.ts';
import { headerOctets } from '../message.ts';
import type { Turns } from './encode.ts';

const recursionDesired = 0x01;

/** The reply to a decoded query. `questionEnd` is the offset behind the request's question. */
export function replyWith(request: Buffer, questionEnd: number, entry: CachedAnswer, opt: Buffer): Buffer {
  const reply = Buffer.allocUnsafe(entry.encoded.bytes.length + opt.length);
  writeReply(reply, 0, request, 0, questionEnd - headerOctets, entry, opt);
  return reply;
}

/**
 * The same, to `at` in `reply`, where there must be room; `requestAt` is where the request begins in `request`. Returns
 * its octets. Takes the answer's turn.
 */
export function writeReply(
  reply: Buffer,
  at: number,
  request: Buffer,
  requestAt: number,
  questionOctets: number,
  entry: CachedAnswer,
  opt: Buffer,
): number {
  const { bytes, turns, serialAt } = entry.encoded;
  reply.set(bytes, at);
  if (turns !== undefined) rotate(reply, at, bytes, turns, entry.turn++);
  if (serialAt > 0 && entry.serial !== undefined) reply.writeUInt32BE(entry.serial.serial, at + serialAt);
  reply[at] = request[requestAt] as number;
  reply[at + 1] = request[requestAt + 1] as number;
  reply[at + 2] = (bytes[2] as number) | ((request[requestAt + 2] as number) & recursionDesired);
  const end = headerOctets + questionOctets;
  for (let octet = headerOctets; octet < end; octet++) reply[at + octet] = request[requestAt + octet] as number;
  if (opt.length > 0) {
    reply.set(opt, at + bytes.length);
    // ARCOUNT.
    reply.writeUInt16BE(bytes.readUInt16BE(10) + 1, at + 10);
  }
  return bytes.length + opt.length;
}

/** A reply without records: header, and the question if it was sound. */
export function replyWithout(request: Buffer, questionEnd: number, rcode: number, opt: Buffer): Buffer {
  const reply = Buffer.alloc(questionEnd + opt.length);
  reply.set(request.subarray(0, 2));
  // QR, and the request's opcode and RD.
  reply[2] = 0x80 | ((request[2] as number) & 0x79);
  reply[3] = rcode & 0x0f;
  if (questionEnd > headerOctets) {
    reply[5] = 1;
    reply.set(request.subarray(headerOctets, questionEnd), headerOctets);
  }
  addOpt(reply, questionEnd, opt);
  return reply;
}

/** The authoritative reply with one record behind the question. */
export function replyWithRecord(request: Buffer, questionEnd: number, record: Buffer, opt: Buffer): Buffer {
  const reply = Buffer.concat([replyWithout(request, questionEnd, 0, nothing), record, opt]);
  reply[2] = (reply[2] as number) | 0x04;
  reply[7] = 1;
  addOpt(reply, reply.length - opt.length, opt);
  return reply;
}

const nothing = Buffer.alloc(0);

/** Puts the record in at `at` and counts it in ARCOUNT. */
function addOpt(reply: Buffer, at: number, opt: Buffer): void {
  if (opt.length === 0) return;
  reply.set(opt, at);
  reply.writeUInt16BE(reply.readUInt16BE(10) + 1, 10);
}

/** Copies the records so that the one whose turn it is stands first, the others behind it in their order. */
function rotate(reply: Buffer, at: number, bytes: Buffer, { offsets, firsts }: Turns, turn: number): void {
  const start = offsets[0] as number;
  const first = offsets[firsts[turn] as number] as number;
  const end = offsets[offsets.length - 1] as number;
  if (first === start) return;
  bytes.copy(reply, at + start, first, end);
  bytes.copy(reply, at + start + end - first, start, first);
}
