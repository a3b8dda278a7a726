// A request, an encoded answer and an OPT record (opt.ts) -> the octets to send. Here goes in what belongs to the
// request: its ID, RD, the question in its own letter case (RFC 4343 §4.1, and the 0x20 practice), and whose turn it
// is to be first. No other bit of a request is copied. `opt` is empty where the request had none (RFC 6891 §7).

import type { CachedAnswer } from '../answer-cache.ts';
import { headerOctets } from '../message.ts';
import type { Turns } from './encode.ts';

const recursionDesired = 0x01;

/** The reply to a decoded query. `questionEnd` is the offset behind the request's question. */
export function replyWith(request: Buffer, questionEnd: number, entry: CachedAnswer, opt: Buffer): Buffer {
  const { bytes, turns, serialAt } = entry.encoded;
  const reply = Buffer.allocUnsafe(bytes.length + opt.length);
  reply.set(bytes);
  if (turns !== undefined) rotate(reply, bytes, turns, entry.turn++);
  if (serialAt > 0 && entry.serial !== undefined) reply.writeUInt32BE(entry.serial.serial, serialAt);
  reply[0] = request[0] as number;
  reply[1] = request[1] as number;
  reply[2] = (bytes[2] as number) | ((request[2] as number) & recursionDesired);
  for (let at = headerOctets; at < questionEnd; at++) reply[at] = request[at] as number;
  addOpt(reply, bytes.length, opt);
  return reply;
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
function rotate(reply: Buffer, bytes: Buffer, { offsets, firsts }: Turns, turn: number): void {
  const start = offsets[0] as number;
  const first = offsets[firsts[turn] as number] as number;
  const end = offsets[offsets.length - 1] as number;
  if (first === start) return;
  bytes.copy(reply, start, first, end);
  bytes.copy(reply, start + end - first, start, first);
}
