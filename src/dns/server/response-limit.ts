// Response rate limiting on replies: whose network is counted, as which kind of answer, and what a reply over the rate
// becomes. The rates themselves are in response-rates.ts.
// Only UDP is limited, and only clients whose address is not proven: over TCP and TLS a client has shown that it receives
// where it claims to be, and so it has with a DNS cookie of ours (RFC 7873 §6). Exempt networks are not counted at all.
// A reply over the rate is dropped, or goes out as a header and the question with TC: no longer than the request.

import { hashPrime, hashStart } from '../../runtime/text-hash.ts';
import { Rcode } from '../message/message.ts';
import type { DnsCounters } from './counters.ts';
import { Networks } from './networks.ts';
import { octetsOf, type Peer } from './peer.ts';
import { AnswerKind, type ResponseRateOptions, ResponseRates } from './response-rates.ts';

/** As configured: plain values, so that threads can be given them. */
export interface ResponseRateRules extends ResponseRateOptions {
  /** Leading bits of an address that make one client network. */
  readonly ipv4Prefix: number;
  readonly ipv6Prefix: number;
  /** Networks that are never limited. */
  readonly exempt: readonly string[];
}

export type Limited = 'send' | 'truncate' | 'drop';

/** Undefined where no rate is configured. */
export function responseLimitOf(
  rules: ResponseRateRules | undefined,
  counters: DnsCounters,
): ResponseLimit | undefined {
  return rules === undefined ? undefined : new ResponseLimit(rules, counters);
}

export class ResponseLimit {
  readonly #rates: ResponseRates;
  readonly #exempt: Networks;
  readonly #ipv4Prefix: number;
  readonly #ipv6Prefix: number;
  readonly #counters: DnsCounters;

  constructor(rules: ResponseRateRules, counters: DnsCounters) {
    this.#rates = new ResponseRates(rules);
    this.#exempt = new Networks(rules.exempt);
    this.#ipv4Prefix = rules.ipv4Prefix;
    this.#ipv6Prefix = rules.ipv6Prefix;
    this.#counters = counters;
  }

  /** Counts a reply of this kind to a client that has proved nothing. Hot; allocates nothing. */
  judge(kind: AnswerKind, peer: Peer, nowMs: number): Limited {
    const octets = octetsOf(peer);
    if (this.#exempt.has(octets)) return 'send';
    return this.#counted(this.#rates.judge(this.#networkOf(octets), kind, nowMs));
  }

  /** The same before the reply is made: it is counted only where it is over the rate. */
  judgeEarly(kind: AnswerKind, peer: Peer, nowMs: number): Limited {
    const octets = octetsOf(peer);
    if (this.#exempt.has(octets)) return 'send';
    return this.#counted(this.#rates.judgeEarly(this.#networkOf(octets), kind, nowMs));
  }

  #networkOf(octets: Uint8Array): number {
    return networkHash(octets, octets.length === 4 ? this.#ipv4Prefix : this.#ipv6Prefix);
  }

  #counted(limited: Limited): Limited {
    if (limited === 'truncate') this.#counters.rateTruncated++;
    else if (limited === 'drop') this.#counters.rateDropped++;
    return limited;
  }
}

/** Of the reply that begins at `at`. */
export function kindOf(reply: Uint8Array, at: number): AnswerKind {
  const rcode = (reply[at + 3] as number) & 0x0f;
  if (rcode === Rcode.NXDOMAIN) return AnswerKind.nxdomain;
  if (rcode !== Rcode.NOERROR) return AnswerKind.error;
  return ((reply[at + 6] as number) | (reply[at + 7] as number)) === 0 ? AnswerKind.nodata : AnswerKind.positive;
}

/** Of the first `prefix` bits; families have numbers of their own. */
function networkHash(octets: Uint8Array, prefix: number): number {
  const whole = prefix >> 3;
  let hash = hashStart ^ octets.length;
  for (let at = 0; at < whole; at++) hash = Math.imul(hash ^ (octets[at] as number), hashPrime);
  const bits = prefix & 7;
  return bits === 0 ? hash : Math.imul(hash ^ ((octets[whole] as number) & (0xff00 >> bits)), hashPrime);
}
