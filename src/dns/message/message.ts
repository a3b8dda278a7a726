// A DNS message as plain data: what is asked (Query) and what is answered (Answer). Octets are read by decode.ts and
// written by encode.ts; answer.ts decides.

import dns2 from 'dns2';
import type { LeasedInstance } from '../../model/view.ts';
import type { Name } from './name.ts';

const { TYPE, RCODE, CLASS } = dns2.Packet;

/** Record types that the code names (IANA DNS parameters); any other is served as an opaque number (RFC 3597). */
export const RRType = {
  A: TYPE.A,
  NS: TYPE.NS,
  CNAME: TYPE.CNAME,
  SOA: TYPE.SOA,
  PTR: TYPE.PTR,
  MX: TYPE.MX,
  TXT: TYPE.TXT,
  AAAA: TYPE.AAAA,
  SRV: TYPE.SRV,
  DNAME: 39,
  OPT: TYPE.EDNS,
  DS: 43,
  SVCB: 64,
  HTTPS: 65,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: TYPE.AXFR,
  MAILB: TYPE.MAILB,
  MAILA: TYPE.MAILA,
  ANY: TYPE.ANY,
} as const;

export const Rcode = {
  NOERROR: RCODE.NOERROR,
  FORMERR: RCODE.FORMERR,
  SERVFAIL: RCODE.SERVFAIL,
  NXDOMAIN: RCODE.NXDOMAIN,
  NOTIMP: RCODE.NOTIMP,
  REFUSED: RCODE.REFUSED,
  YXDOMAIN: RCODE.YXDOMAIN,
  NOTAUTH: RCODE.NOTAUTH,
  BADVERS: RCODE.BADVERS,
} as const;

const rcodeNames = Object.entries(RCODE).reduce<string[]>((names, [text, rcode]) => {
  // 16 is BADVERS in a reply to an OPT and BADSIG in a TSIG; the first is the one that we give.
  names[rcode] ??= text;
  return names;
}, []);

/** `NXDOMAIN` for 3; `RCODE12` for a number without a name. */
export function rcodeName(rcode: number): string {
  return rcodeNames[rcode] ?? `RCODE${rcode}`;
}

export const RRClass = { IN: CLASS.IN, CH: CLASS.CH, ANY: CLASS.ANY } as const;

export const Opcode = { QUERY: 0, NOTIFY: 4, UPDATE: 5 } as const;

/** How a request came. Over all but `udp` the client has proved its address; the last two are encrypted. */
export type Transport = 'udp' | 'tcp' | 'tls' | 'https';
/** By the number that counters have for each. */
export const transports: readonly Transport[] = ['udp', 'tcp', 'tls', 'https'];

export const headerOctets = 12;
/** RFC 1035 §4.2.1: what a client without EDNS can take over UDP. */
export const plainUdpOctets = 512;
/** RFC 9715 §3 and DNS flag day 2020: never fragmented on any common path. */
export const udpOctetsMax = 1232;
/** RFC 1035 §4.2.2: the two-octet length of a TCP frame. */
export const tcpOctetsMax = 65_535;
/** RFC 2181 §8: a TTL with the top bit set is zero. */
export const ttlSecondsMax = 2_147_483_647;

/** A client's OPT record (RFC 6891 §6.1). */
export interface Edns {
  readonly udpOctets: number;
  readonly version: number;
  /** DNSSEC OK: copied into the reply, without effect (RFC 3225 §3). */
  readonly dnssecOk: boolean;
  /** The client wants to know which server this is (RFC 5001 §2.1). */
  readonly wantsNsid: boolean;
  /** The client's cookie, with the server's after it if it has one (RFC 7873 §4). */
  readonly cookie: Uint8Array | undefined;
  /** The client wants a padded reply (RFC 7830), which only an encrypted transport gives it. */
  readonly wantsPadding: boolean;
  /** There was one, but of a length that no cookie has: FORMERR (RFC 7873 §5.2.2). */
  readonly isCookieBad: boolean;
}

/** Codes of EDNS options that are read or written here. */
export const EdnsOption = { NSID: 3, COOKIE: 10, PADDING: 12, EDE: 15 } as const;

/** RFC 8914 §4: why an answer is what it is, to people and to resolvers' logs. */
export interface ExtendedError {
  readonly code: number;
  readonly text: string;
}

/** A request that can be answered: one question, decoded. */
export interface Query {
  /** Folded. */
  readonly qname: Name;
  readonly qtype: number;
  readonly qclass: number;
  readonly opcode: number;
  /** Offset after the question in the request's bytes: the reply echoes them (RFC 1035 §4.1.2). */
  readonly questionEnd: number;
  readonly edns: Edns | undefined;
  /** Offset of a TSIG record; undefined where there was none. */
  readonly tsigAt: number | undefined;
}

/**
 * One record's data: octets, and the names in it. The encoder compresses a name only in the types of RFC 1035
 * (RFC 3597 §4); never in SRV (RFC 2782).
 */
export type Rdata = readonly (Uint8Array | Name)[];

/** Which record may come first: see rotation.ts. */
export interface Rotation {
  /** The leading records that take turns. */
  readonly span: number;
  /** Indexes below `span`, in the order in which they come first. */
  readonly firsts: Uint8Array;
  /** The order of the records stays for a while: see turnsFrom in rotation.ts. */
  readonly isLasting?: boolean;
}

/** The instance that a record leads to; several where the record is the same for them. */
export type InstanceSource = LeasedInstance | readonly LeasedInstance[];

/** Records of one owner and type, all of one TTL in seconds (RFC 2181 §5.2), never empty. */
export interface RRset {
  readonly owner: Name;
  readonly type: number;
  readonly ttl: number;
  readonly rdatas: readonly Rdata[];
  readonly rotation?: Rotation;
  /** The instance that each record leads to, all of one app; absent for records that lead to none. */
  readonly instances?: readonly InstanceSource[];
  /** They may lead to any other instance of that app as well. */
  readonly leadsToAll?: boolean;
}

/** Text for people; where putting it into words takes longer than the answer, a function that does so when it is wanted. */
export type Reason = string | (() => string);

export function reasonText(reason: Reason): string {
  return typeof reason === 'string' ? reason : reason();
}

/**
 * Whether an answer may be kept. `transient`: not in the cache, because names without number have such answers
 * (NXDOMAIN), but it may be served again where it evicts only its like. `none`: it is right for this moment alone, or
 * for a name of a wildcard.
 */
export type Caching = 'keep' | 'transient' | 'none';

/** How long an answer is right. */
export interface Lifetime {
  readonly caching: Caching;
  /** Monotonic milliseconds until which the TTLs in it are right. */
  readonly validUntilMs: number;
  /** What it was made from: it is right for as long as none of them has another revision. */
  readonly sources: readonly AnswerSource[];
}

/**
 * How records differ from what a client would expect of the name. `partial`: there are more than these; `fallback`: the
 * name prefers others, which are not there; `invalid`: the zone has no data that can be served; `stale`: some may be out of date, for this reason, which comes before
 * anything else.
 */
export type Caveat =
  | { readonly kind: 'partial' | 'fallback' | 'invalid' }
  | { readonly kind: 'stale'; readonly reason: string }
  /** Some are run by another node that was not heard lately. */
  | { readonly kind: 'unproven'; readonly reason: string }
  /** A zone file answers in place of registered instances. */
  | { readonly kind: 'hidden'; readonly reason: string };

/** A decided answer. `reason` is for people: /resolve shows it. */
export interface Answer {
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly answer: readonly RRset[];
  readonly authority: readonly RRset[];
  readonly additional: readonly RRset[];
  /** Additional records without which a referral is useless: left out, they set TC (RFC 9471 §3). */
  readonly glue: readonly RRset[];
  readonly reason: Reason;
  readonly caveat?: Caveat | undefined;
  readonly lifetime: Lifetime;
  /** The SOA in AUTHORITY always has this serial, however old the rest of the answer is. */
  readonly serial?: Serial | undefined;
}

/** The serial of a zone whose data moves. */
export interface Serial {
  readonly serial: number;
}

/** Data that answers are made from, with a revision that moves when it changes. */
export interface AnswerSource {
  readonly revision: number;
}

/** The first name in a record's data: the target of a CNAME, DNAME, NS, PTR, MX or SRV. */
export function targetOf(rdata: Rdata): Name | undefined {
  return rdata.find((part): part is Name => typeof part === 'string');
}

/** Records of an RRset that were written: so many from the first on, or the indexes of those that fitted. */
export type Written = number | readonly number[];
