// bytes -> bytes: a ladder of guards, cheapest first, each of which may leave; then the cache; then the answer.
// No await, no throw: a fault of ours is SERVFAIL to the client and one call of `onFault`. Knows no socket and no
// thread, so that any transport can carry it.

import { decodeQuery, isResponse, opcodeOf } from '../message/decode.ts';
import { encodeAnswer } from '../message/encode.ts';
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
} from '../message/message.ts';
import { nameToText } from '../message/name.ts';
import { type Identity, OptWriter, reasonOctets } from '../message/opt.ts';
import { replyWith, replyWithout, replyWithRecord } from '../message/reply.ts';
import { badKeyRecord, withTsig } from '../message/tsig.ts';
import { udpLimitOf, udpPayloadLimitOf } from '../message/udp-payload-limit.ts';
import type { ZoneTable } from '../zone/zone-table.ts';
import { answerQuestion } from './answer.ts';
import { AnswerCache, cachedAnswer, questionKey } from './answer-cache.ts';
import { chaosRecord } from './chaos.ts';
import type { DnsCounters, Transport } from './counters.ts';
import { errorOfAnswer, errorOfFault, errorOfRefusal } from './extended-error.ts';
import { FastPath, type WriteCached } from './fast-path.ts';
import { instancesIn } from './instances-in.ts';
import type { OutstandingAnswers } from './outstanding-answers.ts';

/** Who asks, and how. */
export interface Peer {
  readonly transport: Transport;
  /** IP address as text. */
  readonly address: string;
}

export interface Handler {
  /** A request's octets to a reply's; undefined: say nothing. Never throws, never waits. */
  (bytes: Buffer, peer: Peer): Buffer | undefined;
  /** The same for datagrams, where the answer is at hand: see cached-replies.ts. */
  readonly fromCache?: WriteCached;
}

export interface HandlerDeps {
  readonly zones: ZoneTable;
  readonly counters: DnsCounters;
  readonly cacheOctetsMax: number;
  /** Hears which instances were handed out; of this handler alone. */
  readonly handouts: OutstandingAnswers;
  readonly identity: Identity;
  /** The clock of the leases. */
  monotonicMs(): number;
  /** The time of day: cookies carry it. */
  wallMs(): number;
  /** False until the registry has its state: SERVFAIL then, because NXDOMAIN would be remembered. */
  isReady(): boolean;
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

/** NOTIFY and UPDATE are for zones that somebody else masters or changes: ours have neither. */
const rcodeOfOpcode = new Map<number, number>([
  [Opcode.NOTIFY, Rcode.REFUSED],
  [Opcode.UPDATE, Rcode.REFUSED],
]);

export function createHandler(deps: HandlerDeps): Handler {
  const { zones, counters, identity, handouts } = deps;
  const opt = new OptWriter(identity, () => deps.wallMs());
  const cache = new AnswerCache(deps.cacheOctetsMax, (entry) => {
    recent.forget(entry);
    handouts.close(entry.cell);
  });
  const recent = new FastPath(cache.entriesMax, { counters, opt, monotonicMs: () => deps.monotonicMs() });

  return Object.assign(handle, { fromCache: recent.write });

  function handle(bytes: Buffer, peer: Peer): Buffer | undefined {
    if (bytes.length < headerOctets || isResponse(bytes)) {
      counters.dropped++;
      return undefined;
    }
    const query = decodeQuery(bytes);
    if ('malformed' in query) {
      const opcode = opcodeOf(bytes);
      const isKnown = opcode === Opcode.QUERY || rcodeOfOpcode.has(opcode);
      return bare(bytes, peer, isKnown ? Rcode.FORMERR : Rcode.NOTIMP, query.questionEnd, query.edns);
    }
    if ('cookieOnly' in query) {
      const { edns } = query;
      const rcode = edns.version === 0 ? Rcode.NOERROR : Rcode.BADVERS;
      return bare(bytes, peer, opcodeOf(bytes) === Opcode.QUERY ? rcode : Rcode.NOTIMP, headerOctets, edns);
    }
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
      deps.onFault(error, `${nameToText(qname)} ${qtype}`);
      return bare(bytes, peer, Rcode.SERVFAIL, questionEnd, edns, qtype, errorOfFault);
    }
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

  function answered(bytes: Buffer, peer: Peer, { qname, qtype, questionEnd, edns }: Query): Buffer {
    const limit = limitOf(peer.transport, edns) - opt.octets(edns);
    const nowMs = deps.monotonicMs();
    const key = questionKey(qname, qtype);
    let entry = cache.get(key, limit, nowMs);
    if (entry !== undefined) {
      counters.cacheHits++;
      entry.cell.lastServedMs = nowMs;
      recent.remember(entry, bytes, questionEnd);
    } else {
      counters.cacheMisses++;
      const answer = answerQuestion(qname, qtype, zones, nowMs);
      const question = bytes.subarray(headerOctets, questionEnd);
      let encoded = encodeAnswer(qname, question, answer, limit);
      const error = errorOfAnswer(answer, encoded.isTruncated);
      if (encoded.isTruncated && edns !== undefined && error !== undefined) {
        // Room to say that it was cut, for a record or two.
        encoded = encodeAnswer(qname, question, answer, limit - reasonOctets(error));
      }
      const cell = handouts.open(instancesIn(answer, encoded), nowMs);
      entry = cachedAnswer(answer, encoded, error, cell);
      const isKept = answer.isKept && cache.set(key, limit, entry);
      if (isKept) recent.remember(entry, bytes, questionEnd);
      else if (answer.isTransient) recent.rememberPassing(entry, bytes, questionEnd, nowMs);
      if (!isKept) handouts.close(cell);
    }
    counters.countQuery(peer.transport, qtype, entry.rcode);
    if (entry.isTruncated) counters.truncated++;
    return replyWith(
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
    const room = peer.transport === 'udp' ? udpPayloadLimitOf(edns?.udpOctets ?? 0, rcode, bytes.length) : tcpOctetsMax;
    return opt.record(edns, peer, rcode, error, octets, room);
  }
}

function limitOf(transport: Transport, edns: Edns | undefined): number {
  return transport === 'tcp' ? tcpOctetsMax : udpLimitOf(edns?.udpOctets ?? 0);
}
