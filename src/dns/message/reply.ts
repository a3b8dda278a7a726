// A request, an encoded answer and an OPT record (opt.ts) -> the octets to send. Here goes in what belongs to the
// request: its ID, RD, the question in its own letter case (RFC 4343 §4.1, and the 0x20 practice), and whose turn it
// is to be first. No other bit of a request is copied. `opt` is empty where the request had none (RFC 6891 §7).

import type { Message, Turns } from './encode.ts';
import { headerOctets, type Serial, tcpOctetsMax } from './message.ts';

/** An encoded answer that is sent again and again: what may differ from reply to reply beside the request's own part. */
export interface ReplyTemplate extends Pick<Message, 'octets' | 'turns' | 'serialAt'> {
  /** Written over the SOA serial in AUTHORITY, where the answer has one that moves. */
  readonly serial: Serial | undefined;
  /** The next of the message's turns. */
  turn: number;
}

const recursionDesired = 0x01;

/** Writes replies with records; it holds the room that rotating them takes. */
export class ReplyWriter {
  readonly #aside = Buffer.alloc(tcpOctetsMax);

  /** The reply to a decoded query. `questionEnd` is the offset after the request's question. */
  reply(request: Buffer, questionEnd: number, entry: ReplyTemplate, opt: Buffer): Buffer {
    const reply = Buffer.allocUnsafe(entry.octets.length + opt.length);
    this.write(reply, 0, request, 0, questionEnd - headerOctets, entry, opt);
    return reply;
  }

  /**
   * The same, to `at` in `reply`, where there must be room; `requestAt` is where the request begins in `request`. Returns
   * its octets. Takes the answer's turn.
   */
  write(
    reply: Buffer,
    at: number,
    request: Buffer,
    requestAt: number,
    questionOctets: number,
    entry: ReplyTemplate,
    opt: Buffer,
  ): number {
    const { octets, turns, serialAt } = entry;
    const { length } = octets;
    reply.write(octets, at, length, 'latin1');
    if (turns !== undefined) this.#rotate(reply, at, turns, entry.turn++);
    if (serialAt > 0 && entry.serial !== undefined) reply.writeUInt32BE(entry.serial.serial, at + serialAt);
    reply[at] = request[requestAt] as number;
    reply[at + 1] = request[requestAt + 1] as number;
    reply[at + 2] = octets.charCodeAt(2) | ((request[requestAt + 2] as number) & recursionDesired);
    const end = headerOctets + questionOctets;
    for (let octet = headerOctets; octet < end; octet++) reply[at + octet] = request[requestAt + octet] as number;
    if (opt.length > 0) {
      reply.set(opt, at + length);
      // ARCOUNT.
      reply.writeUInt16BE(reply.readUInt16BE(at + 10) + 1, at + 10);
    }
    return length + opt.length;
  }

  /** Moves the records so that the one whose turn it is comes first, the others after it in their order. */
  #rotate(reply: Buffer, at: number, turns: Turns, turn: number): void {
    const start = at + turns.at;
    const leader = turns.firsts[turn] as number;
    if (leader === 0) return;
    const first = skip(reply, start, leader, turns.headOctets);
    const end = skip(reply, first, turns.records - leader, turns.headOctets);
    reply.copy(this.#aside, 0, start, first);
    reply.copyWithin(start, first, end);
    this.#aside.copy(reply, start + end - first, 0, first - start);
  }
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

/** The authoritative reply with one record after the question. */
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

/** The offset after so many records from `at` on. */
function skip(message: Buffer, at: number, records: number, headOctets: number): number {
  let next = at;
  for (let record = 0; record < records; record++) {
    const lengthAt = next + headOctets;
    next = lengthAt + 2 + (((message[lengthAt] as number) << 8) | (message[lengthAt + 1] as number));
  }
  return next;
}
