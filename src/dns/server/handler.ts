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
import { answerQuestion } from './answer.ts';
import { AnswerCache, type CachedAnswer, cachedAnswer } from './answer-cache.ts';
import { chaosRecord } from './chaos.ts';
import type { DnsCounters } from './counters.ts';
import { errorOfAnswer, errorOfDenial, errorOfFault, errorOfRefusal } from './extended-error.ts';
import { type Answering, FastPath, type WriteCached } from './fast-path.ts';
import type { Denied, Gate } from './gate.ts';
import { instancesIn } from './instances-in.ts';
import { LimitedReplies, type LimitedRequest } from './limited-replies.ts';
import type { OutstandingAnswers } from './outstanding-answers.ts';
import { type HandlerReply, LaterReply, type Peer } from './peer.ts';
import { questionHash } from './question.ts';
import { handlerOf, type RequestHandler, type Requests } from './requests.ts';
import type { ResponseLimit } from './response-limit.ts';

export interface Handler {
  /** A request's octets to a reply's. Never throws, never waits; a `LaterReply` never throws before its first message. */
  (bytes: Buffer, peer: Peer): HandlerReply;
  /** The same for datagrams, where the answer is at hand: see fast-path.ts. */
  readonly fromCache?: WriteCached;
  /** Who may ask at all; undefined: all. A stream transport asks it before it takes a connection. */
  readonly gate?: Gate | undefined;
}

export interface HandlerDeps extends Answering {
  readonly cacheOctetsMax: number;
  /** Notes which instances were served; of this handler alone. */
  readonly outstanding: OutstandingAnswers;
  readonly identity: Identity;
  /** The time of day: cookies carry it. */
  wallMs(): number;
  /** Undefined: all may ask. */
  readonly gate?: Gate | undefined;
  /** What those get who may not ask about a zone. */
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
  const handler = new RequestHandling(deps);
  const handle = (bytes: Buffer, peer: Peer): HandlerReply => handler.reply(bytes, peer);
  return Object.assign(handle, { fromCache: handler.fromCache, gate: deps.gate });
}

class RequestHandling {
  readonly #deps: HandlerDeps;
  readonly #gate: Gate | undefined;
  readonly #counters: DnsCounters;
  readonly #unprovenOctetsMax: number;
  readonly #opt: OptWriter;
  readonly #encoder = new AnswerEncoder();
  readonly #writer = new ReplyWriter();
  readonly #cache: AnswerCache;
  readonly #recent: FastPath;
  /** Undefined: no rate is limited. */
  readonly #limited: LimitedReplies | undefined;
  readonly fromCache: WriteCached;

  constructor(deps: HandlerDeps) {
    const { gate, outstanding, responseLimit } = deps;
    this.#deps = deps;
    this.#gate = gate;
    this.#counters = deps.counters;
    this.#unprovenOctetsMax = Math.min(deps.unprovenOctetsMax ?? udpOctetsMax, udpOctetsMax);
    this.#opt = new OptWriter(deps.identity, () => deps.wallMs());
    this.#cache = new AnswerCache(deps.cacheOctetsMax, (entry) => {
      this.#recent.forget(entry);
      outstanding.close(entry.record);
    });
    const [opt, writer, encoder, octetsMax] = [this.#opt, this.#writer, this.#encoder, this.#unprovenOctetsMax];
    const keep = (entry: CachedAnswer) => this.#cache.set(entry);
    const recent = new FastPath(this.#cache.entriesMax, { answering: deps, opt, writer, encoder, keep, octetsMax });
    this.#recent = recent;
    // What is not configured is not on the way at all.
    this.#limited = responseLimit && new LimitedReplies({ answering: deps, limit: responseLimit, opt: this.#opt });
    const rated = this.#limited?.around(recent.write) ?? recent.write;
    this.fromCache =
      gate === undefined
        ? rated
        : (request, at, end, reply, replyAt, peer) =>
            gate.verdict(peer) === 'admit' ? rated(request, at, end, reply, replyAt, peer) : 0;
  }

  reply(bytes: Buffer, peer: Peer): HandlerReply {
    if (bytes.length < headerOctets || isResponse(bytes)) {
      this.#counters.dropped++;
      return undefined;
    }
    const verdict = this.#gate?.verdict(peer) ?? 'admit';
    if (verdict !== 'admit') this.#counters.denied++;
    if (verdict === 'drop') return undefined;
    const query = decodeQuery(bytes);
    const limited = verdict === 'admit' ? this.#limited?.beforeAnswer(bytes, peer, query) : undefined;
    if (limited !== undefined)
      return limited === 'drop' ? undefined : this.#cutToNothing(limited.truncated, bytes, peer, query);
    const reply = this.#replyTo(bytes, peer, query, verdict);
    if (reply === undefined || reply instanceof LaterReply) return reply;
    return this.#withinRate(reply, bytes, peer, query);
  }

  #replyTo(
    bytes: Buffer,
    peer: Peer,
    query: ReturnType<typeof decodeQuery>,
    verdict: 'admit' | 'refuse',
  ): HandlerReply {
    const questionEnd = 'cookieOnly' in query ? headerOctets : query.questionEnd;
    if (verdict === 'refuse')
      return this.#bare(bytes, peer, Rcode.REFUSED, questionEnd, query.edns, undefined, errorOfDenial);
    if ('malformed' in query) {
      const opcode = opcodeOf(bytes);
      const isKnown = opcode === Opcode.QUERY || rcodeOfOpcode.has(opcode);
      return this.#bare(bytes, peer, isKnown ? Rcode.FORMERR : Rcode.NOTIMP, questionEnd, query.edns);
    }
    if ('cookieOnly' in query) {
      const { edns } = query;
      const rcode = edns.version === 0 ? Rcode.NOERROR : Rcode.BADVERS;
      return this.#bare(bytes, peer, opcodeOf(bytes) === Opcode.QUERY ? rcode : Rcode.NOTIMP, questionEnd, edns);
    }
    const zone = this.#deps.zoneAccess?.zoneOf(query.qname) ?? 0;
    if (zone !== 0 && this.#deps.zoneAccess?.isDenied(zone, peer) === true) return this.#denied(bytes, peer, query);
    const handler = this.#deps.requests === undefined ? undefined : handlerOf(query, this.#deps.requests);
    return handler === undefined ? this.#question(bytes, peer, query) : this.#later(handler, bytes, peer, query);
  }

  /** A zone that the client's network may not ask about. */
  #denied(bytes: Buffer, peer: Peer, { qtype, questionEnd, edns }: Query): Buffer | undefined {
    this.#counters.denied++;
    if (this.#deps.zoneDenied === 'drop') return undefined;
    return this.#bare(bytes, peer, Rcode.REFUSED, questionEnd, edns, qtype, errorOfDenial);
  }

  /** The reply, or what response rate limiting leaves of it. */
  #withinRate(reply: Buffer, bytes: Buffer, peer: Peer, query: LimitedRequest): Buffer | undefined {
    const limited = this.#limited?.ofReply(reply, bytes, peer, query) ?? 'send';
    if (limited === 'send') return reply;
    return limited === 'drop' ? undefined : this.#cutToNothing(rcodeOf(reply), bytes, peer, query);
  }

  /** Header and question with TC, and a cookie for the client's: with it, or over TCP, it is answered. */
  #cutToNothing(
    rcode: number,
    bytes: Buffer,
    peer: Peer,
    { questionEnd = headerOctets, edns }: LimitedRequest,
  ): Buffer {
    const reply = replyWithout(
      bytes,
      questionEnd,
      rcode,
      this.#optOf(bytes, peer, edns, Rcode.NOERROR, undefined, questionEnd),
    );
    reply[2] = (reply[2] as number) | 0x02;
    return reply;
  }

  #question(bytes: Buffer, peer: Peer, query: Query): Buffer | undefined {
    const { qname, qtype, questionEnd, edns } = query;
    const record = query.qclass === RRClass.CH ? chaosRecord(qname, qtype, this.#deps.identity) : undefined;
    const refusal = this.#refusalOf(query, record !== undefined);
    if (refusal !== undefined) {
      const reply = this.#bare(bytes, peer, refusal, questionEnd, edns, qtype);
      const tsig = refusal === Rcode.NOTAUTH ? badKeyRecord(bytes, query.tsigAt as number) : undefined;
      return tsig === undefined ? reply : withTsig(reply, tsig);
    }
    if (record !== undefined) {
      this.#counters.countQuery(peer.transport, qtype, Rcode.NOERROR);
      return replyWithRecord(
        bytes,
        questionEnd,
        record,
        this.#optOf(bytes, peer, edns, Rcode.NOERROR, undefined, questionEnd + record.length),
      );
    }
    try {
      return this.#answered(bytes, peer, query);
    } catch (error) {
      return this.#fault(error, bytes, peer, query);
    }
  }

  #fault(error: unknown, bytes: Buffer, peer: Peer, { qname, qtype, questionEnd, edns }: Query): Buffer {
    this.#deps.onFault(error, `${nameToText(qname)} ${qtype}`);
    return this.#bare(bytes, peer, Rcode.SERVFAIL, questionEnd, edns, qtype, errorOfFault);
  }

  #later(handler: RequestHandler, bytes: Buffer, peer: Peer, query: Query): LaterReply {
    const { transport, address } = peer;
    // Request and peer are the transport's again when this call returns.
    return new LaterReply(this.#messagesOf(handler, Buffer.from(bytes), { transport, address }, query));
  }

  /** Where a message was sent already, a fault is thrown: the transport must end the stream, since it is not whole. */
  async *#messagesOf(
    handler: RequestHandler,
    bytes: Buffer,
    peer: Peer,
    query: Query,
  ): AsyncGenerator<Buffer, void, undefined> {
    let sent = 0;
    try {
      for await (const message of handler(query, bytes, peer)) {
        const whole = this.#fitted(message, bytes, peer, query);
        const reply = this.#withinRate(whole, bytes, peer, query);
        if (reply === undefined) return;
        if (sent++ === 0) this.#counters.countQuery(peer.transport, query.qtype, (reply[3] as number) & 0x0f);
        yield reply;
      }
    } catch (error) {
      const reply = this.#fault(error, bytes, peer, query);
      if (sent > 0) throw error;
      yield reply;
    }
  }

  /** What is too long for a datagram is cut to nothing, with TC. */
  #fitted(message: Buffer, bytes: Buffer, peer: Peer, query: Query): Buffer {
    if (message.length <= this.#limitOf(peer, query.edns)) return message;
    this.#counters.truncated++;
    return this.#cutToNothing(rcodeOf(message), bytes, peer, query);
  }

  #refusalOf(query: Query, isChaos: boolean): number | undefined {
    if (query.opcode !== Opcode.QUERY) return rcodeOfOpcode.get(query.opcode) ?? Rcode.NOTIMP;
    if (query.edns !== undefined && query.edns.version !== 0) return Rcode.BADVERS;
    if (query.edns?.isCookieBad === true) return Rcode.FORMERR;
    if (query.qclass !== RRClass.IN && !isChaos) return Rcode.REFUSED;
    // RFC 8945 §5.2: signed with a key that we do not have, as we have none.
    if (query.tsigAt !== undefined) return Rcode.NOTAUTH;
    return rcodeOfMetaType.get(query.qtype) ?? (this.#deps.isReady() || isChaos ? undefined : Rcode.SERVFAIL);
  }

  #answered(bytes: Buffer, peer: Peer, query: Query): Buffer | undefined {
    const { qname, qtype, questionEnd, edns } = query;
    const limit = this.#limitOf(peer, edns) - this.#opt.octets(edns, peer);
    const nowMs = this.#deps.monotonicMs();
    const octets = questionEnd - headerOctets;
    const hash = questionHash(bytes, headerOctets, octets);
    let entry = this.#cache.get({ bytes, at: headerOctets, octets, hash }, limit, nowMs);
    if (entry !== undefined) {
      this.#counters.cacheHits++;
      entry.record.lastServedMs = nowMs;
      this.#recent.remember(entry, bytes, questionEnd);
    } else {
      this.#counters.cacheMisses++;
      const answer = answerQuestion(qname, qtype, this.#deps.zones, nowMs);
      const question = bytes.subarray(headerOctets, questionEnd);
      let encoded = this.#encoder.encode(qname, question, answer, limit);
      const error = errorOfAnswer(answer, encoded.isTruncated);
      if (encoded.isTruncated && edns !== undefined && error !== undefined) {
        // Room for the error that it was cut, at the price of a record or two.
        encoded = this.#encoder.encode(qname, question, answer, limit - reasonOctets(error));
      }
      const record = this.#deps.outstanding.open(instancesIn(answer, encoded), nowMs);
      const zones = this.#deps.zoneAccess?.zonesOf(qname, answer) ?? 0;
      entry = cachedAnswer(answer, encoded, error, record, zones, hash, limit);
      const { caching } = answer.lifetime;
      const isKept = caching === 'keep' && this.#cache.set(entry);
      if (isKept) this.#recent.remember(entry, bytes, questionEnd);
      else if (caching === 'transient') this.#recent.rememberTransient(entry, bytes, questionEnd, nowMs);
      if (!isKept) this.#deps.outstanding.close(record);
    }
    if (entry.zones !== 0 && this.#deps.zoneAccess?.isDenied(entry.zones, peer) === true)
      return this.#denied(bytes, peer, query);
    this.#count(bytes, peer, questionEnd, qtype, entry.rcode, entry);
    if (entry.isTruncated) this.#counters.truncated++;
    return this.#writer.reply(
      bytes,
      questionEnd,
      entry,
      this.#optOf(bytes, peer, edns, entry.rcode, entry.error, entry.octets.length),
    );
  }

  /** `qtype`: undefined where the question could not be read. `known`: the answer, where it may be served again. */
  #count(bytes: Buffer, peer: Peer, end: number, qtype: number | undefined, rcode: number, known?: CachedAnswer): void {
    const { transport } = peer;
    this.#counters.countQuery(transport, qtype, rcode);
    // SERVFAIL without an answer is our own trouble: it is not about the name, and perhaps not even the clock is right.
    if (qtype === undefined || (known === undefined && rcode === Rcode.SERVFAIL)) return;
    const { queries } = this.#deps;
    if (queries === undefined) return;
    const nowMs = this.#deps.monotonicMs();
    const octets = end - headerOctets;
    const hash = known?.hash ?? questionHash(bytes, headerOctets, octets);
    queries.count(known, hash, bytes, headerOctets, octets, rcode, transport, peer, nowMs);
  }

  /** A reply without records. */
  #bare(
    bytes: Buffer,
    peer: Peer,
    rcode: number,
    questionEnd: number,
    edns?: Edns,
    qtype?: number,
    error = errorOfRefusal(rcode),
  ): Buffer {
    this.#count(bytes, peer, questionEnd, qtype, rcode);
    return replyWithout(bytes, questionEnd, rcode, this.#optOf(bytes, peer, edns, rcode, error, questionEnd));
  }

  #optOf(
    bytes: Buffer,
    peer: Peer,
    edns: Edns | undefined,
    rcode: number,
    error: ExtendedError | undefined,
    octets: number,
  ): Buffer {
    const room =
      peer.transport === 'udp'
        ? udpPayloadLimitOf(edns?.udpOctets ?? 0, rcode, bytes.length, this.#udpOctetsFor(peer, edns))
        : tcpOctetsMax;
    return this.#opt.record(edns, peer, rcode, error, octets, room);
  }

  #limitOf(peer: Peer, edns: Edns | undefined): number {
    return peer.transport === 'udp' ? udpLimitOf(edns?.udpOctets ?? 0, this.#udpOctetsFor(peer, edns)) : tcpOctetsMax;
  }

  /** What one datagram may hold to this client. */
  #udpOctetsFor(peer: Peer, edns: Edns | undefined): number {
    return this.#unprovenOctetsMax === udpOctetsMax || this.#opt.isProven(edns, peer)
      ? udpOctetsMax
      : this.#unprovenOctetsMax;
  }
}

function rcodeOf({ 3: octet = 0 }: Buffer): number {
  return octet & 0x0f;
}
