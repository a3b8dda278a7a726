// bytes -> bytes: gate -> fast path -> by opcode; for questions a ladder of guards, cheapest first, then the cache, then
// the answer. No await and no throw on that path: a bug is SERVFAIL to the client and one call of `onFault`. Requests
// that have to wait (see Requests) get a LaterReply. Knows no socket and no thread, so that any transport can carry it.

import { decodeQuery, isResponse, opcodeOf } from '../message/decode.ts';
import { AnswerEncoder } from '../message/encode.ts';
import {
  type Edns,
  type ExtendedError,
  headerOctets,
  Opcode,
  type Query,
  Rcode,
  RRClass,
  RRType,
  tcpOctetsMax,
  udpOctetsMax,
} from '../message/message.ts';
import { nameToText } from '../message/name.ts';
import { type Identity, OptWriter, reasonOctets } from '../message/opt.ts';
import { ReplyWriter, replyWithout, replyWithRecord } from '../message/reply.ts';
import { badKeyRecord, withTsig } from '../message/tsig.ts';
import { udpLimitOf, udpPayloadLimitOf } from '../message/udp-payload-limit.ts';
import type { ZoneTable } from '../zone/zone-table.ts';
import { answerQuestion } from './answer.ts';
import { AnswerCache, cachedAnswer, questionKey } from './answer-cache.ts';
import { chaosRecord } from './chaos.ts';
import type { DnsCounters } from './counters.ts';
import { errorOfAnswer, errorOfDenial, errorOfFault, errorOfRefusal } from './extended-error.ts';
import { FastPath, type WriteCached } from './fast-path.ts';
import type { Denied, Gate } from './gate.ts';
import { instancesIn } from './instances-in.ts';
import type { OutstandingAnswers } from './outstanding-answers.ts';
import { LaterReply, type Peer, type Reply } from './peer.ts';
import type { ResponseLimit } from './response-limit.ts';
import { truncateInPlace } from './truncated-reply.ts';
import type { ZoneAccess } from './zone-access.ts';

export interface Handler {
  /** A request's octets to a reply's. Never throws, never waits; a `LaterReply` never throws before its first message. */
  (bytes: Buffer, peer: Peer): Reply;
  /** The same for datagrams, where the answer is at hand: see fast-path.ts. */
  readonly fromCache?: WriteCached;
  /** Who may ask at all; undefined: all. A stream transport asks it before it takes a connection. */
  readonly gate?: Gate | undefined;
}

/** Answers a request that is no plain question. What it is given is its own to keep. */
export type RequestHandler = (query: Query, bytes: Buffer, peer: Peer) => AsyncIterable<Buffer>;

/** Requests that others answer: by opcode (UPDATE, NOTIFY), or questions by type (AXFR, IXFR). */
export interface Requests {
  readonly opcodes?: ReadonlyMap<number, RequestHandler>;
  readonly types?: ReadonlyMap<number, RequestHandler>;
}

export interface HandlerDeps {
  readonly zones: ZoneTable;
  readonly counters: DnsCounters;
  readonly cacheOctetsMax: number;
  /** Notes which instances were served; of this handler alone. */
  readonly outstanding: OutstandingAnswers;
  readonly identity: Identity;
  /** The clock of the leases. */
  monotonicMs(): number;
  /** The time of day: cookies carry it. */
  wallMs(): number;
  /** False until the registry has its state: SERVFAIL then, because NXDOMAIN would be remembered. */
  isReady(): boolean;
  /** Undefined: all may ask. */
  readonly gate?: Gate | undefined;
  /** Undefined: all zones are open. `zoneDenied`: what others get. */
  readonly zoneAccess?: ZoneAccess | undefined;
  readonly zoneDenied?: Denied | undefined;
  /** Undefined: no rate is limited. */
  readonly responseLimit?: ResponseLimit | undefined;
  /** What one datagram may hold to a client that has not proved its address. */
  readonly unprovenOctetsMax?: number | undefined;
  readonly requests?: Requests | undefined;
  /** A bug was met while answering; called once a query, so the receiver limits itself. */
  onFault(error: unknown, question: string): void;
}

/** Types that ask for something other than records of a name. */
const rcodeOfMetaType = new Map<number, number>([
  [RRType.OPT, Rcode.FORMERR],
  [RRType.TKEY, Rcode.FORMERR],
  [RRType.TSIG, Rcode.FORMERR],
  [RRType.AXFR, Rcode.REFUSED],
  [RRType.IXFR, Rcode.REFUSED],
]);

/** NOTIFY is for secondaries and UPDATE for zones that take updates: ours are neither, unless `requests` has them. */
const rcodeOfOpcode = new Map<number, number>([
  [Opcode.NOTIFY, Rcode.REFUSED],
  [Opcode.UPDATE, Rcode.REFUSED],
]);

export function createHandler(deps: HandlerDeps): Handler {
  const { zones, counters, identity, outstanding, gate, requests, responseLimit, zoneAccess } = deps;
  const unprovenOctetsMax = Math.min(deps.unprovenOctetsMax ?? udpOctetsMax, udpOctetsMax);
  const opt = new OptWriter(identity, () => deps.wallMs());
  const encoder = new AnswerEncoder();
  const writer = new ReplyWriter();
  const cache = new AnswerCache(deps.cacheOctetsMax, (entry) => {
    recent.forget(entry);
    outstanding.close(entry.record);
  });
  const monotonicMs = () => deps.monotonicMs();
  const fast = { counters, opt, writer, zoneAccess, octetsMax: unprovenOctetsMax, monotonicMs };
  const recent = new FastPath(cache.entriesMax, fast);
  // What is not configured is not on the way at all.
  const rated: WriteCached = responseLimit === undefined ? recent.write : limited(recent.write, responseLimit);
  const gated: WriteCached = (request, at, end, reply, replyAt, peer) =>
    gate?.verdict(peer) === 'admit' ? rated(request, at, end, reply, replyAt, peer) : 0;

  return Object.assign(handle, { fromCache: gate === undefined ? rated : gated, gate });

  function limited(write: WriteCached, limit: ResponseLimit): WriteCached {
    return (request, at, end, reply, replyAt, peer) => {
      const octets = write(request, at, end, reply, replyAt, peer);
      if (octets <= 0) return octets;
      const verdict = limit.judge(reply, replyAt, peer, deps.monotonicMs());
      if (verdict === 'send') return octets;
      return verdict === 'drop' ? -1 : truncateInPlace(request, at, end, reply, replyAt);
    };
  }

  function handle(bytes: Buffer, peer: Peer): Reply {
    if (bytes.length < headerOctets || isResponse(bytes)) {
      counters.dropped++;
      return undefined;
    }
    const verdict = gate?.verdict(peer) ?? 'admit';
    if (verdict !== 'admit') counters.denied++;
    if (verdict === 'drop') return undefined;
    const query = decodeQuery(bytes);
    const reply = replyTo(bytes, peer, query, verdict);
    if (responseLimit === undefined || reply === undefined || reply instanceof LaterReply) return reply;
    return withinRate(reply, bytes, peer, query, responseLimit);
  }

  function replyTo(
    bytes: Buffer,
    peer: Peer,
    query: ReturnType<typeof decodeQuery>,
    verdict: 'admit' | 'refuse',
  ): Reply {
    const questionEnd = 'cookieOnly' in query ? headerOctets : query.questionEnd;
    if (verdict === 'refuse')
      return bare(bytes, peer, Rcode.REFUSED, questionEnd, query.edns, undefined, errorOfDenial);
    if ('malformed' in query) {
      const opcode = opcodeOf(bytes);
      const isKnown = opcode === Opcode.QUERY || rcodeOfOpcode.has(opcode);
      return bare(bytes, peer, isKnown ? Rcode.FORMERR : Rcode.NOTIMP, questionEnd, query.edns);
    }
    if ('cookieOnly' in query) {
      const { edns } = query;
      const rcode = edns.version === 0 ? Rcode.NOERROR : Rcode.BADVERS;
      return bare(bytes, peer, opcodeOf(bytes) === Opcode.QUERY ? rcode : Rcode.NOTIMP, questionEnd, edns);
    }
    const zone = zoneAccess?.zoneOf(query.qname) ?? 0;
    if (zone !== 0 && zoneAccess?.isDenied(zone, peer) === true) return denied(bytes, peer, query);
    const handler = requests === undefined ? undefined : handlerOf(query, requests);
    return handler === undefined ? question(bytes, peer, query) : later(handler, bytes, peer, query);
  }

  /** A zone that the client's network may not ask about. */
  function denied(bytes: Buffer, peer: Peer, { qtype, questionEnd, edns }: Query): Buffer | undefined {
    counters.denied++;
    if (deps.zoneDenied === 'drop') return undefined;
    return bare(bytes, peer, Rcode.REFUSED, questionEnd, edns, qtype, errorOfDenial);
  }

  /** The reply, or what response rate limiting leaves of it. */
  function withinRate(
    reply: Buffer,
    bytes: Buffer,
    peer: Peer,
    query: { readonly questionEnd?: number; readonly edns: Edns | undefined },
    limit: ResponseLimit,
  ): Buffer | undefined {
    if (peer.transport !== 'udp' || opt.isProven(query.edns, peer)) return reply;
    const verdict = limit.judge(reply, 0, peer, deps.monotonicMs());
    if (verdict === 'send') return reply;
    return verdict === 'drop' ? undefined : cutToNothing(reply, bytes, peer, query);
  }

  /** Header and question with TC, and a cookie for the client's: with it, or over TCP, it is answered. */
  function cutToNothing(
    { 3: rcode = 0 }: Buffer,
    bytes: Buffer,
    peer: Peer,
    { questionEnd = headerOctets, edns }: { readonly questionEnd?: number; readonly edns: Edns | undefined },
  ): Buffer {
    const reply = replyWithout(
      bytes,
      questionEnd,
      rcode & 0x0f,
      optOf(bytes, peer, edns, Rcode.NOERROR, undefined, questionEnd),
    );
    reply[2] = (reply[2] as number) | 0x02;
    return reply;
  }

  function question(bytes: Buffer, peer: Peer, query: Query): Buffer | undefined {
    const { qname, qtype, questionEnd, edns } = query;
    const record = query.qclass === RRClass.CH ? chaosRecord(qname, qtype, identity) : undefined;
    const refusal = refusalOf(query, record !== undefined);
    if (refusal !== undefined) {
      const reply = bare(bytes, peer, refusal, questionEnd, edns, qtype);
      const tsig = refusal === Rcode.NOTAUTH ? badKeyRecord(bytes, query.tsigAt as number) : undefined;
      return tsig === undefined ? reply : withTsig(reply, tsig);
    }
    if (record !== undefined) {
      counters.countQuery(peer.transport, qtype, Rcode.NOERROR);
      return replyWithRecord(
        bytes,
        questionEnd,
        record,
        optOf(bytes, peer, edns, Rcode.NOERROR, undefined, questionEnd + record.length),
      );
    }
    try {
      return answered(bytes, peer, query);
    } catch (error) {
      return fault(error, bytes, peer, query);
    }
  }

  function fault(error: unknown, bytes: Buffer, peer: Peer, { qname, qtype, questionEnd, edns }: Query): Buffer {
    deps.onFault(error, `${nameToText(qname)} ${qtype}`);
    return bare(bytes, peer, Rcode.SERVFAIL, questionEnd, edns, qtype, errorOfFault);
  }

  function later(handler: RequestHandler, bytes: Buffer, peer: Peer, query: Query): LaterReply {
    const { transport, address } = peer;
    // Request and peer are the transport's again when this call returns.
    return new LaterReply(messagesOf(handler, Buffer.from(bytes), { transport, address }, query));
  }

  /** Where a message was sent already, a fault is thrown: the transport must end the stream, since it is not whole. */
  async function* messagesOf(
    handler: RequestHandler,
    bytes: Buffer,
    peer: Peer,
    query: Query,
  ): AsyncGenerator<Buffer, void, undefined> {
    let sent = 0;
    try {
      for await (const message of handler(query, bytes, peer)) {
        const whole = fitted(message, bytes, peer, query);
        const reply = responseLimit === undefined ? whole : withinRate(whole, bytes, peer, query, responseLimit);
        if (reply === undefined) return;
        if (sent++ === 0) counters.countQuery(peer.transport, query.qtype, (reply[3] as number) & 0x0f);
        yield reply;
      }
    } catch (error) {
      const reply = fault(error, bytes, peer, query);
      if (sent > 0) throw error;
      yield reply;
    }
  }

  /** What is too long for a datagram is cut to nothing, with TC. */
  function fitted(message: Buffer, bytes: Buffer, peer: Peer, query: Query): Buffer {
    if (message.length <= limitOf(peer, query.edns)) return message;
    counters.truncated++;
    return cutToNothing(message, bytes, peer, query);
  }

  function refusalOf(query: Query, isChaos: boolean): number | undefined {
    if (query.opcode !== Opcode.QUERY) return rcodeOfOpcode.get(query.opcode) ?? Rcode.NOTIMP;
    if (query.edns !== undefined && query.edns.version !== 0) return Rcode.BADVERS;
    if (query.edns?.isCookieBad === true) return Rcode.FORMERR;
    if (query.qclass !== RRClass.IN && !isChaos) return Rcode.REFUSED;
    // RFC 8945 §5.2: signed with a key that we do not have, as we have none.
    if (query.tsigAt !== undefined) return Rcode.NOTAUTH;
    return rcodeOfMetaType.get(query.qtype) ?? (deps.isReady() || isChaos ? undefined : Rcode.SERVFAIL);
  }

  function answered(bytes: Buffer, peer: Peer, query: Query): Buffer | undefined {
    const { qname, qtype, questionEnd, edns } = query;
    const limit = limitOf(peer, edns) - opt.octets(edns, peer);
    const nowMs = deps.monotonicMs();
    const key = questionKey(qname, qtype);
    let entry = cache.get(key, limit, nowMs);
    if (entry !== undefined) {
      counters.cacheHits++;
      entry.record.lastServedMs = nowMs;
      recent.remember(entry, bytes, questionEnd);
    } else {
      counters.cacheMisses++;
      const answer = answerQuestion(qname, qtype, zones, nowMs);
      const question = bytes.subarray(headerOctets, questionEnd);
      let encoded = encoder.encode(qname, question, answer, limit);
      const error = errorOfAnswer(answer, encoded.isTruncated);
      if (encoded.isTruncated && edns !== undefined && error !== undefined) {
        // Room to say that it was cut, for a record or two.
        encoded = encoder.encode(qname, question, answer, limit - reasonOctets(error));
      }
      const record = outstanding.open(instancesIn(answer, encoded), nowMs);
      entry = cachedAnswer(answer, encoded, error, record, zoneAccess?.zonesOf(qname, answer) ?? 0);
      const { caching } = answer.lifetime;
      const isKept = caching === 'keep' && cache.set(key, limit, entry);
      if (isKept) recent.remember(entry, bytes, questionEnd);
      else if (caching === 'transient') recent.rememberTransient(entry, bytes, questionEnd, nowMs);
      if (!isKept) outstanding.close(record);
    }
    if (entry.zones !== 0 && zoneAccess?.isDenied(entry.zones, peer) === true) return denied(bytes, peer, query);
    counters.countQuery(peer.transport, qtype, entry.rcode);
    if (entry.isTruncated) counters.truncated++;
    return writer.reply(
      bytes,
      questionEnd,
      entry,
      optOf(bytes, peer, edns, entry.rcode, entry.error, entry.octets.length),
    );
  }

  /** A reply without records. */
  function bare(
    bytes: Buffer,
    peer: Peer,
    rcode: number,
    questionEnd: number,
    edns?: Edns,
    qtype?: number,
    error = errorOfRefusal(rcode),
  ): Buffer {
    counters.countQuery(peer.transport, qtype, rcode);
    return replyWithout(bytes, questionEnd, rcode, optOf(bytes, peer, edns, rcode, error, questionEnd));
  }

  function optOf(
    bytes: Buffer,
    peer: Peer,
    edns: Edns | undefined,
    rcode: number,
    error: ExtendedError | undefined,
    octets: number,
  ): Buffer {
    const room =
      peer.transport === 'udp'
        ? udpPayloadLimitOf(edns?.udpOctets ?? 0, rcode, bytes.length, udpOctetsFor(peer, edns))
        : tcpOctetsMax;
    return opt.record(edns, peer, rcode, error, octets, room);
  }

  function limitOf(peer: Peer, edns: Edns | undefined): number {
    return peer.transport === 'udp' ? udpLimitOf(edns?.udpOctets ?? 0, udpOctetsFor(peer, edns)) : tcpOctetsMax;
  }

  /** What one datagram may hold to this client. */
  function udpOctetsFor(peer: Peer, edns: Edns | undefined): number {
    return unprovenOctetsMax === udpOctetsMax || opt.isProven(edns, peer) ? udpOctetsMax : unprovenOctetsMax;
  }
}

function handlerOf({ opcode, qtype, qclass, edns }: Query, { opcodes, types }: Requests): RequestHandler | undefined {
  // RFC 6891 §6.1.3, RFC 7873 §5.2.2: these are answered alike for every request.
  if (edns !== undefined && (edns.version !== 0 || edns.isCookieBad)) return undefined;
  if (opcode !== Opcode.QUERY) return opcodes?.get(opcode);
  return qclass === RRClass.IN ? types?.get(qtype) : undefined;
}
