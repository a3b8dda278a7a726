// A fixed ring of datagrams: one system call fills its slots with requests, another sends the replies from where they
// were written. All memory is set aside at the start, and the structures that the kernel reads are written once: for a
// datagram only the length of its reply changes. A ring is for sockets of one family, with or without the address that
// was asked (control messages IP_PKTINFO and IPV6_PKTINFO, RFC 3542 §6), which goes back to the kernel as the address
// to answer from; sockets take turns with it, since what was received is answered before the next turn.

import { udpOctetsMax } from '../../message/message.ts';
import type { DnsCounters } from '../../server/counters.ts';
import type { Handler, Peer } from '../../server/handler.ts';
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
/** What is longer is cut, and no query is: 4096 is the most that servers ever offered to take. */
const requestOctets = 4096;
/** Slots a page apart would all share the same few places of the processor's cache. */
const requestStride = requestOctets + 192;
/** The largest reply, and the record of a refused signature behind it. */
const replyOctets = 2 * udpOctetsMax;
/** A full send queue of the kernel drains in microseconds; a network that is stuck must not hold the thread. */
const writableWaitMs = 5;

/** Where in the control message the address that was asked stands, and what was told of the interface. */
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
  readonly #peers: readonly Peer[];
  readonly #writable = Buffer.alloc(pollfd.octets);

  constructor(libc: LibC, { fd, family, isWildcard }: DatagramSocket, handler: Handler, counters: DnsCounters) {
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
      iovec.octets,
      iovec.octets,
    ];
    const parts = carved([...octets, requestStride, replyOctets]);
    [this.#names, this.#controls, this.#received, this.#sent] = parts as [Buffer, Buffer, Buffer, Buffer];
    const [receivedVectors, sentVectors, requests, replies] = parts.slice(4) as [Buffer, Buffer, Buffer, Buffer];
    this.#requests = requests;
    this.#replies = replies;
    this.#lay(this.#received, receivedVectors, this.#requests, requestStride, requestOctets);
    this.#lay(this.#sent, sentVectors, this.#replies, replyOctets, replyOctets);
    this.#receivedNumbers = words(this.#received);
    this.#sentVectors = words(sentVectors);
    this.#sentFrom = Array.from({ length: slotCount }, (_, slot) => this.#sent.subarray(slot * mmsghdr.octets));
    this.#peers = Array.from({ length: slotCount }, (_, slot) => new SlotPeer(this.#names, slot * this.#nameOctets));
  }

  /**
   * Receives what waits, a ring at most, and answers it. Returns how many datagrams that were: fewer than
   * `slotCount` means that nothing was left. Errors are counted.
   */
  exchange(): number {
    const count = this.#receive();
    let from = 0;
    for (let slot = 0; slot < count; slot++) {
      if (this.#answer(slot)) continue;
      // Silence splits what is sent.
      this.#send(from, slot);
      from = slot + 1;
    }
    this.#send(from, count);
    return count;
  }

  #receive(): number {
    for (;;) {
      const count = this.#libc.recvmmsg(this.#fd, this.#received, slotCount, MSG_DONTWAIT, null);
      if (count >= 0) return count;
      const errno = this.#libc.errno();
      if (errno === EAGAIN) return 0;
      // Anything else tells of an earlier reply, once: ask again, and what is wrong with the socket is seen by `poll`.
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
    if (octets === 0) return false;
    this.#sentVectors[(slot * iovec.octets + iovec.length) / 4] = octets;
    return true;
  }

  /** Octets of the reply to what stands from `start` up to `end`; 0: none. */
  #replyTo(start: number, end: number, slot: number): number {
    const cached = this.#fromCache?.(this.#requests, start, end, this.#replies, slot * replyOctets) ?? 0;
    if (cached > 0) return cached;
    const reply = this.#handler(this.#requests.subarray(start, end), this.#peers[slot] as Peer);
    if (reply === undefined) return 0;
    if (reply.length > replyOctets) throw new Error(`a reply of ${reply.length} octets is for TCP`);
    this.#replies.set(reply, slot * replyOctets);
    return reply.length;
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

  /** Sends the replies in the slots from `from` up to `end`. What cannot be sent is counted and forgotten, as UDP allows. */
  #send(from: number, end: number): void {
    let hasWaited = false;
    for (let at = from; at < end; ) {
      const sent = this.#libc.sendmmsg(this.#fd, this.#sentFrom[at] as Buffer, end - at, MSG_DONTWAIT);
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
    for (let slot = 0; slot < slotCount; slot++) {
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

/** Who sent what is in a slot. Its address becomes text when somebody asks: few do. */
class SlotPeer implements Peer {
  readonly transport = 'udp';
  readonly #names: Buffer;
  readonly #at: number;

  constructor(names: Buffer, at: number) {
    this.#names = names;
    this.#at = at;
  }

  get address(): string {
    return hostOf(this.#names, this.#at);
  }
}

/** Parts of one piece of memory: for each slot as many octets as told. All are multiples of four. */
function carved(octetsOfSlot: readonly number[]): Buffer[] {
  const memory = Buffer.alloc(slotCount * octetsOfSlot.reduce((sum, octets) => sum + octets, 0));
  let at = 0;
  return octetsOfSlot.map((octets) => {
    const start = at;
    at += slotCount * octets;
    return memory.subarray(start, at);
  });
}

function words(bytes: Buffer): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
