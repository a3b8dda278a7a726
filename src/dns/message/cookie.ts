// DNS cookies (RFC 7873), with the server cookie that all servers of a set make alike (RFC 9018 §4): version 1, three
// reserved octets, the time, and a hash over these, the client's cookie and its address. A client that shows a good
// one has proved that it receives at its address. No client is refused for want of one: they cost an attacker
// that guesses, and protect a legitimate client from forged answers.

import { parseIpv4, parseIpv6 } from '../../model/ip.ts';
import { sipHash24 } from './siphash.ts';

export const clientCookieOctets = 8;
const serverCookieOctets = 16;
/** RFC 9018 §4.1: of the way in which a server cookie is made. */
const version = 1;
/** RFC 9018 §4.3: good for an hour, five minutes of clock difference forgiven, renewed after half an hour. */
const goodSeconds = 3600;
const aheadSeconds = 300;
const renewSeconds = 1800;

/** RFC 7873 §4: eight octets of the client's, alone or with 8 to 32 of a server's. */
export function isCookieLength(octets: number): boolean {
  return octets === clientCookieOctets || (octets >= 16 && octets <= 40);
}

/**
 * The cookie to send back, 24 octets: the client's with the server's it showed, if that is good and young, else with a
 * new one. `secret`: sixteen octets. `address`: the client's, as text.
 */
export function answerCookie(sent: Uint8Array, address: string, secret: Uint8Array, wallSeconds: number): Uint8Array {
  const isYoung =
    sent.length === clientCookieOctets + serverCookieOctets && ageOf(sent, address, secret, wallSeconds) < renewSeconds;
  return isYoung ? sent : cookieWith(sent.subarray(0, clientCookieOctets), wallSeconds >>> 0, address, secret);
}

/** A client that shows this receives at `address`: it has a cookie of ours that is good (RFC 7873 §6). */
export function isProof(shown: Uint8Array, address: string, secret: Uint8Array, wallSeconds: number): boolean {
  return (
    shown.length === clientCookieOctets + serverCookieOctets &&
    ageOf(shown, address, secret, wallSeconds) !== Number.POSITIVE_INFINITY
  );
}

/** Seconds since the server cookie was made; infinite for one that is not ours or not good any more. */
function ageOf(sent: Uint8Array, address: string, secret: Uint8Array, wallSeconds: number): number {
  const made = new DataView(sent.buffer, sent.byteOffset).getUint32(clientCookieOctets + 4);
  // Serial number arithmetic (RFC 1982): the time wraps in 2106.
  const age = ((wallSeconds >>> 0) - made) | 0;
  if (age > goodSeconds || age < -aheadSeconds) return Number.POSITIVE_INFINITY;
  // Another server of the set may use the reserved octets: they are hashed as they came (RFC 9018 §4.2).
  const expected = signed(sent.subarray(0, clientCookieOctets + 8), address, secret);
  return sent[clientCookieOctets] === version && expected.every((octet, index) => octet === sent[index])
    ? age
    : Number.POSITIVE_INFINITY;
}

function cookieWith(clientCookie: Uint8Array, seconds: number, address: string, secret: Uint8Array): Uint8Array {
  const unsigned = new Uint8Array(clientCookieOctets + 8);
  unsigned.set(clientCookie);
  unsigned[clientCookieOctets] = version;
  new DataView(unsigned.buffer).setUint32(clientCookieOctets + 4, seconds);
  return signed(unsigned, address, secret);
}

/** `unsigned` (the client's cookie, version, reserved octets, time) with the hash over it and the address after it. */
function signed(unsigned: Uint8Array, address: string, secret: Uint8Array): Uint8Array {
  // A link-local IPv6 address comes with the interface: `fe80::1%eth0`.
  const host = parseIpv4(address) ?? parseIpv6(address.replace(/%.*$/, '')) ?? new Uint8Array(0);
  return Buffer.concat([unsigned, sipHash24(secret, Buffer.concat([unsigned, host]))]);
}
