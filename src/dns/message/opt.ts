// The OPT record of a reply (RFC 6891 §6.1) and the options that rollcall puts into it: a cookie for a cookie (RFC 7873),
// its name where that is asked for (NSID, RFC 5001), the reason of an answer that needs one (RFC 8914), and padding where
// that is asked for over an encrypted transport (RFC 7830). What a client sends beyond these is ignored and not echoed.
// Cookies are for clients across a network. A forwarder on this machine that passes the cookies of its clients on (dnsmasq
// does) would mix ours with those of other servers, and c-ares then drops the replies: so `auto` gives none to loopback.

import { answerCookie, isProof } from './cookie.ts';
import { type Edns, EdnsOption, type ExtendedError, RRType, type Transport, udpOctetsMax } from './message.ts';

/** Which clients get a cookie for theirs. */
export type CookiePolicy = 'auto' | 'on' | 'off';

/** Who this server is, as configured. */
export interface Identity {
  /** For NSID, and for `id.server` in class CH; empty: not given. */
  readonly serverId: string;
  /** For `version.bind` in class CH; empty: not given. */
  readonly serverVersion: string;
  /** Sixteen octets, the same on all servers behind one address (RFC 9018 §5). */
  readonly cookieSecret: Uint8Array;
  readonly cookies: CookiePolicy;
}

/** Of an OPT record without options. */
export const optOctets = 11;
const optionHeaderOctets = 4;
const cookieOctets = 24;
/** RFC 8467 §4.1: what the length of a padded reply is a multiple of. */
const paddedBlockOctets = 468;

/** The client as the OPT depends on it. */
export interface OptPeer {
  readonly address: string;
  readonly transport: Transport;
}

export class OptWriter {
  readonly #identity: Identity;
  readonly #nsid: Buffer;
  readonly #wallMs: () => number;

  constructor(identity: Identity, wallMs: () => number) {
    this.#identity = identity;
    this.#nsid = Buffer.from(identity.serverId, 'utf8');
    this.#wallMs = wallMs;
  }

  /** Octets that a reply must leave for its OPT. */
  octets(edns: Edns | undefined, peer: OptPeer): number {
    if (edns === undefined) return 0;
    const cookie = this.#givesCookie(edns, peer) ? optionHeaderOctets + cookieOctets : 0;
    const padding = isPadded(edns, peer) ? optionHeaderOctets : 0;
    return optOctets + cookie + padding + (this.#hasNsid(edns) ? optionHeaderOctets + this.#nsid.length : 0);
  }

  /**
   * The OPT of a reply of `octets` without it, to go after it; empty where the request had none. `room`: octets that
   * the whole may have: our name and the reason go in only where they fit, a cookie always (RFC 7873 §5.2). The upper
   * bits of an extended rcode are in the OPT (RFC 6891 §6.1.3).
   */
  record(
    edns: Edns | undefined,
    peer: OptPeer,
    rcode: number,
    error: ExtendedError | undefined,
    octets: number,
    room: number,
  ): Buffer {
    if (edns === undefined) return noOpt;
    const options: Buffer[] = [];
    let left = room - octets - optOctets;
    const add = (one: Buffer) => {
      left -= one.length;
      options.push(one);
    };
    if (this.#givesCookie(edns, peer)) {
      const { cookieSecret } = this.#identity;
      add(option(EdnsOption.COOKIE, answerCookie(edns.cookie, peer.address, cookieSecret, this.#wallMs() / 1000)));
    }
    if (this.#hasNsid(edns) && optionHeaderOctets + this.#nsid.length <= left) add(option(EdnsOption.NSID, this.#nsid));
    const reason = error === undefined ? undefined : reasonOption(error);
    const hasPadding = isPadded(edns, peer);
    if (reason !== undefined && reason.length <= left - (hasPadding ? optionHeaderOctets : 0)) add(reason);
    if (hasPadding) add(option(EdnsOption.PADDING, paddingFor(room - left + optionHeaderOctets, left)));
    if (options.length === 0 && rcode < 16) return edns.dnssecOk ? plainWithDo : plain;
    return optRecord(rcode >> 4, edns.dnssecOk, options);
  }

  /** Does the client show a cookie of ours, which it got at its address? */
  isProven(edns: Edns | undefined, { address }: OptPeer): boolean {
    const { cookies, cookieSecret } = this.#identity;
    if (edns?.cookie === undefined || cookies === 'off') return false;
    return isProof(edns.cookie, address, cookieSecret, this.#wallMs() / 1000);
  }

  #givesCookie(edns: Edns, { address }: { readonly address: string }): edns is Edns & { readonly cookie: Uint8Array } {
    if (edns.cookie === undefined || this.#identity.cookies === 'off') return false;
    return this.#identity.cookies === 'on' || !isLoopback(address);
  }

  /** RFC 5001 §2.2: asked for, and there is one. */
  #hasNsid(edns: Edns): boolean {
    return edns.wantsNsid && this.#nsid.length > 0;
  }
}

/** RFC 7830 §4, RFC 8467 §4.1: for who pads its own requests, and where it hides something. */
function isPadded(edns: Edns, { transport }: OptPeer): boolean {
  return edns.wantsPadding && (transport === 'tls' || transport === 'https');
}

/** Zeroes that bring a reply of `octets`, the option's header among them, to a whole block; `left`: what may be. */
function paddingFor(octets: number, left: number): Uint8Array {
  const missing = (paddedBlockOctets - (octets % paddedBlockOctets)) % paddedBlockOctets;
  return new Uint8Array(Math.max(0, Math.min(missing, left - optionHeaderOctets)));
}

/** RFC 1122 §3.2.1.3, RFC 4291 §2.5.3. */
function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** Version 0, our size, no flag but DO (RFC 3225 §3: copied). */
function optRecord(extendedRcode: number, dnssecOk: boolean, options: readonly Buffer[]): Buffer {
  const fixed = Buffer.alloc(optOctets);
  fixed.writeUInt16BE(RRType.OPT, 1);
  fixed.writeUInt16BE(udpOctetsMax, 3);
  fixed[5] = extendedRcode;
  fixed[7] = dnssecOk ? 0x80 : 0;
  fixed.writeUInt16BE(
    options.reduce((sum, { length }) => sum + length, 0),
    9,
  );
  return Buffer.concat([fixed, ...options]);
}

export const noOpt = Buffer.alloc(0);
/** What nearly all replies get. */
const plain = optRecord(0, false, []);
const plainWithDo = optRecord(0, true, []);

function option(code: number, data: Uint8Array): Buffer {
  const octets = Buffer.alloc(optionHeaderOctets + data.length);
  octets.writeUInt16BE(code, 0);
  octets.writeUInt16BE(data.length, 2);
  octets.set(data, optionHeaderOctets);
  return octets;
}

/** Octets that an error takes in an OPT. */
export function reasonOctets({ text }: ExtendedError): number {
  return optionHeaderOctets + 2 + Buffer.byteLength(text);
}

function reasonOption({ code, text }: ExtendedError): Buffer {
  const data = Buffer.alloc(2 + Buffer.byteLength(text));
  data.writeUInt16BE(code);
  data.write(text, 2);
  return option(EdnsOption.EDE, data);
}
