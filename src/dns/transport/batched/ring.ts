// A fixed ring of datagrams: one system call fills its slots with requests, another sends the replies from where they
// were written. All memory is set aside at the start, and the structures that the kernel reads are written once: for a
// datagram only the length of its reply changes. A ring is for sockets of one family, with or without the address that
// was asked (control messages IP_PKTINFO and IPV6_PKTINFO, RFC 3542 §6), which goes back to the kernel as the address
// to answer from; sockets take turns with it, since what was received is answered before the next turn.

import { udpOctetsMax } from '../../message/message.ts';
import { firstMessage } from '../../server/answer-message.ts';
import type { DnsCounters } from '../../server/counters.ts';
import type { Handler } from '../../server/handler.ts';
import { LaterReply, type Peer } from '../../server/peer.ts';
import { TurnBudget } from '../turn-budget.ts';
import { laterMax } from '../udp.ts';
import type { DatagramSocket } from './datagram-socket.ts';
import type { LibC } from './libc.ts';
import {
  AF_INET,
  AF_INET6,
  EAGAIN,
  EINTR,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_PKTINFO,
  iovec,
  MSG_DONTWAIT,
  mmsghdr,
  POLLOUT,
  pollfd,
  sockaddr,
  sockaddr6,
} from './linux.ts';
import { hostOf } from './socket-address.ts';

/**
 * A system call costs about a microsecond besides its datagrams' three each, so at 64 it no longer counts; and answering
 * 64 takes under half a millisecond, which is how long the first of them waits for the last.
 */
export const slotCount = 64;
/** A reply that came later is sent from a slot of its own. */
const laterSlot = slotCount;
/** What is longer is cut, and no query is: 4096 is the most that servers ever offered to take. */
const requestOctets = 4096;
/** Slots a page apart would all share the same few places of the processor's cache. */
const requestStride = requestOctets + 192;
/** The largest reply, and the record of a refused signature after it. */
const replyOctets = 2 * udpOctetsMax;
/** A full send queue of the kernel drains in microseconds; a network that is stuck must not hold the thread. */
const writableWaitMs = 5;

/** Where in the control message the queried address is, and where the interface. */
const pktinfoOf = {
  [AF_INET]: { level: IPPROTO_IP, type: IP_PKTINFO, octets: 32, interfaceAt: 16, addressAt: 20 },
  [AF_INET6]: { level: IPPROTO_IPV6, type: IPV6_PKTINFO, octets: 40, interfaceAt: 32, addressAt: 16 },
} as const;

/** The ring of one socket. */
export class DatagramRing {
  readonly #libc: LibC;
  readonly #counters: DnsCounters;
  readonly #handler: Handler;
  readonly #fromCache: Handler['fromCache'];
  readonly #fd: number;
  readonly #family: DatagramSocket['family'];
  readonly #hasDestination: boolean;
  readonly #nameOctets: number;
  readonly #controlOctets: number;
  readonly #requests: Buffer;
  readonly #replies: Buffer;
  readonly #names: Buffer;
  readonly #controls: Buffer;
  readonly #received: Buffer;
  readonly #sent: Buffer;
  readonly #receivedNumbers: Uint32Array;
  /** Lengths in the structures that sending reads. */
  readonly #sentVectors: Uint32Array;
  /** The array of messages to send, from each of its places on. */
  readonly #sentFrom: readonly Buffer[];
  readonly #sentNumbers: Uint32Array;
  /** The same of the slots that have replies, where some have none. */
  readonly #gatheredFrom: readonly Buffer[];
  readonly #gatheredNumbers: Uint32Array;
  /** Slots of this turn that have a reply. */
  readonly #replied = new Uint8Array(slotCount);
  readonly #peers: readonly Peer[];
  readonly #writable = Buffer.alloc(pollfd.octets);
  readonly #budget: TurnBudget;
  /** Requests from this slot up to `#end` are still to be answered. */
  #next = 0;
  #end = 0;
  /** The handler was asked for the request in hand. */
  #hasWorked = false;
  #later = 0;
  #isClosed = false;

  constructor(
    libc: LibC,
    { fd, family, isWildcard }: DatagramSocket,
    handler: Handler,
    counters: DnsCounters,
    budget = new TurnBudget(),
  ) {
    this.#budget = budget;
    this.#libc = libc;
    this.#fd = fd;
    this.#family = family;
    this.#hasDestination = isWildcard;
    this.#handler = handler;
    this.#fromCache = handler.fromCache;
    this.#counters = counters;
    this.#nameOctets = family === AF_INET ? sockaddr.octets : sockaddr6.octets;
    this.#controlOctets = isWildcard ? pktinfoOf[family].octets : 0;
    // The kernel holds addresses that the garbage collector knows nothing of: one piece of memory, which lives as long as
    // any part of it.
    const octets = [
      this.#nameOctets,
      pktinfoOf[family].octets,
      mmsghdr.octets,
      mmsghdr.octets,
      mmsghdr.octets,
      iovec.octets,
      iovec.octets,
    ];
    const parts = carved([...octets, requestStride, replyOctets]);
    [this.#names, this.#controls, this.#received, this.#sent] = parts as [Buffer, Buffer, Buffer, Buffer];
    const [gathered, receivedVectors, sentVectors, requests, replies] = parts.slice(4) as [
      Buffer,
      Buffer,
      Buffer,
      Buffer,
      Buffer,
    ];
    this.#requests = requests;
    this.#replies = replies;
    this.#lay(this.#received, receivedVectors, this.#requests, requestStride, requestOctets);
    this.#lay(this.#sent, sentVectors, this.#replies, replyOctets, replyOctets);
    this.#receivedNumbers = words(this.#received);
    this.#sentVectors = words(sentVectors);
    this.#sentNumbers = words(this.#sent);
    this.#gatheredNumbers = words(gathered);
    this.#sentFrom = placesOf(this.#sent);
    this.#gatheredFrom = placesOf(gathered);
    this.#peers = Array.from(
      { length: slotCount },
      (_, slot) => new SlotPeer(this.#names, slot * this.#nameOctets, family),
    );
  }

  /** Requests were received whose turn is to come: the turn's time was spent. */
  get hasWaiting(): boolean {
    return this.#next < this.#end;
  }

  /**
   * Receives what waits, a ring at most, unless requests of the last turn do, and answers until the turn's time is spent.
   * Returns how many datagrams were answered: fewer than `slotCount`, and none waiting, means that nothing was left.
   * Errors are counted. `isLast`: the socket is to be closed, so time does not count.
   */
  exchange(isLast = false): number {
    if (!this.hasWaiting) {
      this.#end = this.#receive();
      this.#next = 0;
    }
    this.#budget.begin();
    const start = this.#next;
    let replies = 0;
    while (this.hasWaiting) {
      const slot = this.#next++;
      this.#hasWorked = false;
      if (this.#answer(slot)) this.#replied[replies++] = slot;
      // The clock is asked only after answers that were not at hand: a ring of those that are is answered at once.
      if (this.#hasWorked && !isLast && this.#budget.isSpent) break;
    }
    if (replies === this.#next - start) this.#send(this.#sentFrom, start, this.#next);
    else this.#send(this.#gatheredFrom, 0, this.#gather(replies));
    return this.#next - start;
  }

  /** Nothing is sent any more: the descriptor may soon be of another file. */
  close(): void {
    this.#isClosed = true;
  }

  #receive(): number {
    for (;;) {
      const count = this.#libc.recvmmsg(this.#fd, this.#received, slotCount, MSG_DONTWAIT, null);
      if (count >= 0) return count;
      const errno = this.#libc.errno();
      if (errno === EAGAIN) return 0;
      // Anything else is about an earlier reply, reported once: ask again, and what is wrong with the socket is seen by `poll`.
      if (errno !== EINTR) {
        this.#counters.sendErrors++;
        return 0;
      }
    }
  }

  /** True: there is a reply to send in the slot. */
  #answer(slot: number): boolean {
    const name = slot * this.#nameOctets;
    // No client sends from port 0, and a send to it fails.
    if (this.#names[name + sockaddr.port] === 0 && this.#names[name + sockaddr.port + 1] === 0) return false;
    if (this.#hasDestination && !this.#prepareDestination(slot)) return false;
    const start = slot * requestStride;
    const octetsIn = this.#receivedNumbers[(slot * mmsghdr.octets + mmsghdr.length) / 4] as number;
    const octets = this.#replyTo(start, start + octetsIn, slot);
    if (octets <= 0) return false;
    this.#sentVectors[(slot * iovec.octets + iovec.length) / 4] = octets;
    return true;
  }

  /** Octets of the reply to the bytes from `start` up to `end`; 0 or less: none. */
  #replyTo(start: number, end: number, slot: number): number {
    const peer = this.#peers[slot] as Peer;
    const cached = this.#fromCache?.(this.#requests, start, end, this.#replies, slot * replyOctets, peer) ?? 0;
    if (cached !== 0) return cached;
    this.#hasWorked = true;
    const reply = this.#handler(this.#requests.subarray(start, end), peer);
    if (reply === undefined) return 0;
    if (reply instanceof LaterReply) {
      void this.#sendLater(reply, slot);
      return 0;
    }
    return this.#place(reply, slot);
  }

  #place(reply: Buffer, slot: number): number {
    if (reply.length > replyOctets) throw new Error(`a reply of ${reply.length} octets is for TCP`);
    this.#replies.set(reply, slot * replyOctets);
    return reply.length;
  }

  /** To the client of the slot, and from the address that it asked: both are kept, since the slot is soon another's. */
  async #sendLater(reply: LaterReply, slot: number): Promise<void> {
    if (this.#later >= laterMax) {
      this.#counters.dropped++;
      return;
    }
    const name = Buffer.from(partOf(this.#names, slot, this.#nameOctets));
    const control = Buffer.from(partOf(this.#controls, slot, this.#controlOctets));
    this.#later++;
    const message = await firstMessage(reply);
    this.#later--;
    if (message === undefined || this.#isClosed) return;
    this.#names.set(name, laterSlot * this.#nameOctets);
    this.#controls.set(control, laterSlot * this.#controlOctets);
    this.#sentVectors[(laterSlot * iovec.octets + iovec.length) / 4] = this.#place(message, laterSlot);
    this.#send(this.#sentFrom, laterSlot, laterSlot + 1);
  }

  /** From the address that was asked, whichever interface the way back takes; a link-local one has only its own. */
  #prepareDestination(slot: number): boolean {
    const { octets, interfaceAt, addressAt } = pktinfoOf[this.#family];
    const at = (slot * mmsghdr.octets + mmsghdr.controlLength) / 4;
    const length = this.#receivedNumbers[at];
    this.#receivedNumbers[at] = octets;
    if (length !== octets) return false;
    const control = slot * octets;
    const isLinkLocal =
      this.#family === AF_INET6 &&
      this.#controls[control + addressAt] === 0xfe &&
      ((this.#controls[control + addressAt + 1] as number) & 0xc0) === 0x80;
    if (!isLinkLocal) this.#controls.writeUInt32LE(0, control + interfaceAt);
    return true;
  }

  /** Replies that silence has left gaps between, side by side: one system call sends them all. */
  #gather(replies: number): number {
    const octets = mmsghdr.octets / 4;
    for (let place = 0; place < replies; place++) {
      const slot = (this.#replied[place] as number) * octets;
      for (let word = 0; word < octets; word++)
        this.#gatheredNumbers[place * octets + word] = this.#sentNumbers[slot + word] as number;
    }
    return replies;
  }

  /** Sends those messages from `from` up to `end`. What cannot be sent is counted and forgotten, as UDP allows. */
  #send(messages: readonly Buffer[], from: number, end: number): void {
    let hasWaited = false;
    for (let at = from; at < end; ) {
      const sent = this.#libc.sendmmsg(this.#fd, messages[at] as Buffer, end - at, MSG_DONTWAIT);
      if (sent > 0) {
        at += sent;
        continue;
      }
      const errno = this.#libc.errno();
      if (errno === EINTR) continue;
      if (errno === EAGAIN && !hasWaited) {
        hasWaited = true;
        if (this.#isWritable()) continue;
      }
      // The reason is the first one's (a firewall's EPERM, no route, no room): the others may still go.
      this.#counters.sendErrors++;
      at++;
    }
  }

  #isWritable(): boolean {
    this.#writable.writeInt32LE(this.#fd);
    this.#writable.writeUInt16LE(POLLOUT, pollfd.events);
    return this.#libc.poll(this.#writable, 1, writableWaitMs) > 0;
  }

  /** Writes what does not change into the structures of all slots. */
  #lay(messages: Buffer, vectors: Buffer, payload: Buffer, stride: number, octets: number): void {
    const address = (bytes: Buffer) => this.#libc.addressOf(bytes);
    for (let slot = 0; slot <= laterSlot; slot++) {
      const vector = slot * iovec.octets;
      vectors.writeBigUInt64LE(address(payload) + BigInt(slot * stride), vector + iovec.base);
      vectors.writeBigUInt64LE(BigInt(octets), vector + iovec.length);
      const message = slot * mmsghdr.octets;
      messages.writeBigUInt64LE(address(this.#names) + BigInt(slot * this.#nameOctets), message + mmsghdr.name);
      messages.writeUInt32LE(this.#nameOctets, message + mmsghdr.nameLength);
      messages.writeBigUInt64LE(address(vectors) + BigInt(vector), message + mmsghdr.iov);
      messages.writeBigUInt64LE(1n, message + mmsghdr.iovCount);
      if (!this.#hasDestination) continue;
      const control = BigInt(slot * this.#controlOctets);
      messages.writeBigUInt64LE(address(this.#controls) + control, message + mmsghdr.control);
      messages.writeBigUInt64LE(BigInt(this.#controlOctets), message + mmsghdr.controlLength);
    }
  }
}

/** The client whose request is in a slot. Its address becomes text when it is asked for, which is rare. */
class SlotPeer implements Peer {
  readonly transport = 'udp';
  readonly #names: Buffer;
  readonly #at: number;
  readonly octets: Uint8Array;

  constructor(names: Buffer, at: number, family: DatagramSocket['family']) {
    this.#names = names;
    this.#at = at;
    const [start, octets] = family === AF_INET ? [sockaddr.address, 4] : [sockaddr6.address, 16];
    this.octets = names.subarray(at + start, at + start + octets);
  }

  get address(): string {
    return hostOf(this.#names, this.#at);
  }
}

function partOf(parts: Buffer, slot: number, octets: number): Buffer {
  return parts.subarray(slot * octets, (slot + 1) * octets);
}

/** Parts of one piece of memory: for each slot so many octets, multiples of four. */
function carved(octetsOfSlot: readonly number[]): Buffer[] {
  const memory = Buffer.alloc((slotCount + 1) * octetsOfSlot.reduce((sum, octets) => sum + octets, 0));
  let at = 0;
  return octetsOfSlot.map((octets) => {
    const start = at;
    at += (slotCount + 1) * octets;
    return memory.subarray(start, at);
  });
}

/** An array of messages from each of its places on. */
function placesOf(messages: Buffer): readonly Buffer[] {
  return Array.from({ length: slotCount + 1 }, (_, slot) => messages.subarray(slot * mmsghdr.octets));
}

function words(bytes: Buffer): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
