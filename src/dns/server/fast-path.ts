// The fast path from a datagram to its reply: plain queries (one question; no OPT, or one without options) are answered
// from the octets of an earlier answer, written straight to where they are sent from. Nothing is decoded and nothing is
// allocated. What it writes is what the handler would have answered, to the octet; everything else is left to the handler.
// Without an earlier answer, what is certain at a glance is written from the request alone (direct-replies.ts): that a name
// is not there, and the addresses of small apps when they are asked for the first time. The other answers to names
// without number (NXDOMAIN and REFUSED with a reason, which takes an OPT) have a small table of their own, in which they
// evict only each other; and since their reasons may be about the moment, they stay a second.
// A client that asks for a new name each time fills nothing: an answer is kept when its question comes for the second time.

import type { AnswerEncoder } from '../message/encode.ts';
import { type Edns, headerOctets, Rcode, udpOctetsMax } from '../message/message.ts';
import { noOpt, type OptWriter } from '../message/opt.ts';
import type { ReplyWriter } from '../message/reply.ts';
import { udpLimitOf, udpPayloadLimitOf } from '../message/udp-payload-limit.ts';
import type { ZoneTable } from '../zone/zone-table.ts';
import { type CachedAnswer, isCurrent } from './answer-cache.ts';
import type { DnsCounters } from './counters.ts';
import { DirectReplies } from './direct-replies.ts';
import type { Peer } from './peer.ts';
import { hasOpt, plainQuestionOctets } from './plain-query.ts';
import type { QueryTable } from './queries/query-table.ts';
import { questionHash } from './question.ts';
import { RecentAnswers } from './recent-answers.ts';
import { RecentHashes } from './recent-hashes.ts';
import type { ZoneAccess } from './zone-access.ts';

/**
 * The reply to the request from `at` up to `end`, written to `replyAt` in `reply`, where a UDP reply must have room.
 * Returns its octets; 0: nothing at hand, ask the handler; less: no reply is due. `peer`: for who may ask, and how often.
 */
export type WriteCached = (
  request: Buffer,
  at: number,
  end: number,
  reply: Buffer,
  replyAt: number,
  peer: Peer,
) => number;

/** What questions are answered from, on whichever path. */
export interface Answering {
  readonly zones: ZoneTable;
  readonly counters: DnsCounters;
  /** Undefined: all zones are open. */
  readonly zoneAccess?: ZoneAccess | undefined;
  /** Undefined: who asks for what is not kept. */
  readonly queries?: QueryTable | undefined;
  /** The clock of the leases. */
  monotonicMs(): number;
  /** False until the registry has its state: SERVFAIL then, because NXDOMAIN would be remembered. */
  isReady(): boolean;
}

export interface FastPathDeps {
  readonly answering: Answering;
  readonly opt: OptWriter;
  readonly writer: ReplyWriter;
  readonly encoder: AnswerEncoder;
  /** Puts an answer into the cache; false: it is not kept. */
  keep(entry: CachedAnswer): boolean;
  /** What one datagram may hold: a client of this path has proved nothing. */
  readonly octetsMax: number;
}

/** A power of two: more names than search lists and misled programs query again and again, in a dozen megabytes at most. */
const transientMax = 16_384;
const transientOctetsMax = 512;
const transientMs = 1000;
/** Questions that are remembered until they come again: a megabyte, of which what is never asked takes nothing. */
const askedMax = 262_144;

const plainEdns: Edns = {
  udpOctets: udpOctetsMax,
  version: 0,
  dnssecOk: false,
  wantsNsid: false,
  wantsPadding: false,
  cookie: undefined,
  isCookieBad: false,
};
/** Only a cookie would be made for an address. */
const anyPeer = { address: '', transport: 'udp' } as const;

export class FastPath {
  readonly #deps: FastPathDeps;
  readonly #answering: Answering;
  /** Undefined where names of some zones are not for all. */
  readonly #direct: DirectReplies | undefined;
  readonly #cached: RecentAnswers;
  readonly #transient = new RecentAnswers(transientMax);
  /** Questions whose answers were not kept; they are when they come again. */
  readonly #asked = new RecentHashes(askedMax);

  #plainOpt: Buffer | undefined;

  /** `cachedMax`: answers that the cache can hold. */
  constructor(cachedMax: number, deps: FastPathDeps) {
    this.#cached = new RecentAnswers(cachedMax);
    const { answering, encoder } = deps;
    const { zones, zoneAccess } = answering;
    this.#deps = deps;
    this.#answering = answering;
    const isReady = () => answering.isReady();
    if (zoneAccess === undefined) this.#direct = new DirectReplies({ zones, encoder, isReady });
  }

  /**
   * An answer that the cache holds, to the question that ends at `questionEnd` in `request`; to be forgotten when the
   * cache holds it no more.
   */
  remember(entry: CachedAnswer, request: Buffer, questionEnd: number): void {
    if (fits(entry)) this.#cached.add(entry, request, headerOctets, questionEnd - headerOctets);
  }

  forget(entry: CachedAnswer): void {
    if (fits(entry)) this.#cached.delete(entry);
  }

  /** An answer that the cache does not hold. */
  rememberTransient(entry: CachedAnswer, request: Buffer, questionEnd: number, nowMs: number): void {
    if (!fits(entry) || entry.octets.length > transientOctetsMax) return;
    if (!this.#asked.hasOrAdd(entry.hash)) return;
    entry.validUntilMs = Math.min(entry.validUntilMs, nowMs + transientMs);
    this.#transient.add(entry, request, headerOctets, questionEnd - headerOctets);
  }

  readonly write: WriteCached = (request, at, end, reply, replyAt, peer) => {
    const octets = plainQuestionOctets(request, at, end);
    if (octets === 0) return 0;
    const questionAt = at + headerOctets;
    const optAt = questionAt + octets;
    const isWithOpt = hasOpt(request, at);

    const hash = questionHash(request, questionAt, octets);
    const nowMs = this.#answering.monotonicMs();
    const entry =
      current(this.#cached.find(request, questionAt, octets, hash), nowMs) ??
      current(this.#transient.find(request, questionAt, octets, hash), nowMs);
    const size = isWithOpt ? ((request[optAt + 3] as number) << 8) | (request[optAt + 4] as number) : 0;
    if (entry === undefined)
      return this.#writeDirect(request, at, octets, hash, isWithOpt, size, reply, replyAt, peer, nowMs);
    const opt = isWithOpt ? this.#optOf(entry) : noOpt;
    const { octetsMax, writer } = this.#deps;
    if (entry.octets.length + opt.length > udpPayloadLimitOf(size, entry.rcode, end - at, octetsMax)) return 0;
    const { zoneAccess, counters, queries } = this.#answering;
    if (entry.zones !== 0 && zoneAccess?.isDenied(entry.zones, peer) === true) return 0;

    counters.cacheHits++;
    const qtype = ((request[optAt - 4] as number) << 8) | (request[optAt - 3] as number);
    counters.countQuery('udp', qtype, entry.rcode);
    queries?.count(entry, hash, request, questionAt, octets, entry.rcode, 'udp', peer, nowMs);
    entry.record.lastServedMs = nowMs;
    const length = writer.write(reply, replyAt, request, at, octets, entry, opt);
    // DNSSEC OK is copied (RFC 3225 §3).
    if (isWithOpt) reply[replyAt + entry.octets.length + 7] = (request[optAt + 7] as number) & 0x80;
    return length;
  };

  /** `size`: what the OPT says that the client takes. */
  #writeDirect(
    request: Buffer,
    at: number,
    octets: number,
    hash: number,
    isWithOpt: boolean,
    size: number,
    reply: Buffer,
    replyAt: number,
    peer: Peer,
    nowMs: number,
  ): number {
    const direct = this.#direct;
    if (direct === undefined) return 0;
    const opt = isWithOpt ? this.#opt : noOpt;
    direct.begin(request, at, octets, reply, replyAt);
    const room = udpLimitOf(size, this.#deps.octetsMax) - opt.length;
    const length = direct.write(room, nowMs, isWithOpt ? 'address' : 'either');
    if (length === 0) return 0;
    const { counters, queries } = this.#answering;
    const questionAt = at + headerOctets;
    const typeAt = questionAt + octets - 4;
    const rcode = (reply[replyAt + 3] as number) & 0x0f;
    if (rcode === Rcode.NOERROR && this.#asked.hasOrAdd(hash)) {
      const entry = direct.entry(length, hash, nowMs);
      if (this.#deps.keep(entry)) this.#cached.add(entry, request, questionAt, octets);
    }
    counters.cacheMisses++;
    counters.countQuery('udp', ((request[typeAt] as number) << 8) | (request[typeAt + 1] as number), rcode);
    queries?.count(undefined, hash, request, questionAt, octets, rcode, 'udp', peer, nowMs);
    if (!isWithOpt) return length;
    reply.set(opt, replyAt + length);
    // DNSSEC OK is copied (RFC 3225 §3); and one record in ADDITIONAL.
    reply[replyAt + length + 7] = (request[questionAt + octets + 7] as number) & 0x80;
    reply[replyAt + 11] = 1;
    return length + opt.length;
  }

  /** Without a reason. */
  get #opt(): Buffer {
    this.#plainOpt ??= this.#deps.opt.record(plainEdns, anyPeer, Rcode.NOERROR, undefined, 0, udpOctetsMax);
    return this.#plainOpt;
  }

  #optOf(entry: CachedAnswer): Buffer {
    entry.plainOpt ??= this.#deps.opt.record(plainEdns, anyPeer, entry.rcode, entry.error, 0, udpOctetsMax);
    return entry.plainOpt;
  }
}

function current(entry: CachedAnswer | undefined, nowMs: number): CachedAnswer | undefined {
  return entry !== undefined && isCurrent(entry, nowMs) ? entry : undefined;
}

/** Right for every client that it reaches whole, and no longer than a datagram. */
function fits({ isWhole, octets }: CachedAnswer): boolean {
  return isWhole && octets.length <= udpOctetsMax;
}
