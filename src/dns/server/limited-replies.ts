// Response rate limiting on both ways to a reply: the fast path, which has the octets of plain queries, and the handler,
// which has all others decoded. Each is asked twice: before anything is looked up, for questions whose replies were limited
// within the last second (limited-questions.ts), and with the reply, when its kind is known.
// What a limited reply would have served is not counted as served: the client does not get it.

import { type Edns, headerOctets, Opcode, type Query } from '../message/message.ts';
import type { OptWriter } from '../message/opt.ts';
import type { Answering, WriteCached } from './fast-path.ts';
import { type LimitedAnswer, LimitedQuestions, limitedAnswer } from './limited-questions.ts';
import type { Peer } from './peer.ts';
import { plainQuestionOctets } from './plain-query.ts';
import { questionHash } from './question.ts';
import { kindOf, type Limited, type ResponseLimit } from './response-limit.ts';
import { writeTruncated } from './truncated-reply.ts';

/** A decoded request, as far as it could be. */
export type LimitedRequest = Query | { readonly questionEnd?: number; readonly edns: Edns | undefined };

export interface LimitedRepliesDeps {
  readonly answering: Answering;
  readonly limit: ResponseLimit;
  readonly opt: OptWriter;
}

export class LimitedReplies {
  readonly #answering: Answering;
  readonly #limit: ResponseLimit;
  readonly #opt: OptWriter;
  /** Undefined where zones are not for all: what one client may know of a name is not for the next one. */
  readonly #questions: LimitedQuestions | undefined;

  constructor({ answering, limit, opt }: LimitedRepliesDeps) {
    this.#answering = answering;
    this.#limit = limit;
    this.#opt = opt;
    if (answering.zoneAccess === undefined) this.#questions = new LimitedQuestions();
  }

  /** The fast path, limited. */
  around(write: WriteCached): WriteCached {
    return (request, at, end, reply, replyAt, peer) => {
      const early = this.#writeEarly(request, at, end, reply, replyAt, peer);
      if (early !== 0) return early;
      const octets = write(request, at, end, reply, replyAt, peer);
      if (octets <= 0) return octets;
      const nowMs = this.#answering.monotonicMs();
      const verdict = this.#limit.judge(kindOf(reply, replyAt), peer, nowMs);
      if (verdict === 'send') return octets;
      const answer = limitedAnswer(reply, replyAt);
      const questionOctets = plainQuestionOctets(request, at, end);
      this.#questions?.add(questionHash(request, at + headerOctets, questionOctets), answer, nowMs);
      return verdict === 'drop' ? -1 : writeTruncated(request, at, questionOctets, reply, replyAt, answer);
    };
  }

  /** 0: not known to be over the rate; less: no reply is due. */
  #writeEarly(request: Buffer, at: number, end: number, reply: Buffer, replyAt: number, peer: Peer): number {
    const nowMs = this.#answering.monotonicMs();
    if (this.#questions === undefined || this.#questions.isEmpty(nowMs)) return 0;
    const octets = plainQuestionOctets(request, at, end);
    if (octets === 0) return 0;
    const questionAt = at + headerOctets;
    const hash = questionHash(request, questionAt, octets);
    const known = this.#questions.find(hash, nowMs);
    if (known === undefined) return 0;
    const verdict = this.#limit.judgeEarly(known.kind, peer, nowMs);
    if (verdict === 'send') return 0;
    this.#count(request, questionAt, octets, hash, known, peer, nowMs);
    return verdict === 'drop' ? -1 : writeTruncated(request, at, octets, reply, replyAt, known);
  }

  /** For the handler, before it answers a query. Undefined: not known to be over the rate. */
  beforeAnswer(bytes: Buffer, peer: Peer, query: LimitedRequest): 'drop' | { readonly truncated: number } | undefined {
    const nowMs = this.#answering.monotonicMs();
    if (this.#questions === undefined || this.#questions.isEmpty(nowMs)) return undefined;
    const hash = this.#hashOf(bytes, peer, query);
    const known = hash === undefined ? undefined : this.#questions.find(hash, nowMs);
    if (hash === undefined || known === undefined || this.#isProven(peer, query)) return undefined;
    const verdict = this.#limit.judgeEarly(known.kind, peer, nowMs);
    if (verdict === 'send') return undefined;
    this.#count(bytes, headerOctets, (query.questionEnd as number) - headerOctets, hash, known, peer, nowMs);
    return verdict === 'drop' ? 'drop' : { truncated: known.rcode };
  }

  /** For the handler, with its reply. */
  ofReply(reply: Buffer, bytes: Buffer, peer: Peer, query: LimitedRequest): Limited {
    if (this.#isProven(peer, query)) return 'send';
    const nowMs = this.#answering.monotonicMs();
    const verdict = this.#limit.judge(kindOf(reply, 0), peer, nowMs);
    if (verdict === 'send') return verdict;
    const hash = this.#hashOf(bytes, peer, query);
    if (hash !== undefined) this.#questions?.add(hash, limitedAnswer(reply, 0), nowMs);
    return verdict;
  }

  /** Over TCP an address is proven, and so it is by a cookie of ours (RFC 7873 §6). */
  #isProven(peer: Peer, { edns }: LimitedRequest): boolean {
    return peer.transport !== 'udp' || this.#opt.isProven(edns, peer);
  }

  /** Undefined: what the answer is does not depend on the question alone. */
  #hashOf(bytes: Buffer, { transport }: Peer, query: LimitedRequest): number | undefined {
    if (transport !== 'udp' || !('qname' in query) || query.opcode !== Opcode.QUERY) return undefined;
    const { edns, tsigAt, questionEnd } = query;
    if (tsigAt !== undefined || (edns !== undefined && (edns.version !== 0 || edns.isCookieBad))) return undefined;
    return questionHash(bytes, headerOctets, questionEnd - headerOctets);
  }

  #count(
    request: Buffer,
    questionAt: number,
    octets: number,
    hash: number,
    { rcode }: LimitedAnswer,
    peer: Peer,
    nowMs: number,
  ): void {
    const { counters, queries } = this.#answering;
    const typeAt = questionAt + octets - 4;
    counters.countQuery('udp', ((request[typeAt] as number) << 8) | (request[typeAt + 1] as number), rcode);
    queries?.count(undefined, hash, request, questionAt, octets, rcode, 'udp', peer, nowMs);
  }
}
