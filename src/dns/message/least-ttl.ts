// How long a cache that knows nothing of DNS may keep a reply: the HTTP caches between a DoH client and us (RFC 8484 §5.1).

import { headerOctets, RRType } from './message.ts';

/**
 * The least TTL in seconds of all records but OPT, of AUTHORITY too, since a negative answer is as old as its SOA may get
 * (RFC 2308 §5); 0 where there are none. `reply`: one of ours, so that it is not checked.
 */
export function leastTtlOf(reply: Uint8Array): number {
  const view = new DataView(reply.buffer, reply.byteOffset, reply.byteLength);
  let at = headerOctets;
  for (let left = view.getUint16(4); left > 0; left--) at = endOfName(reply, at) + 4;
  let least = Number.POSITIVE_INFINITY;
  const records = view.getUint16(6) + view.getUint16(8) + view.getUint16(10);
  for (let left = records; left > 0; left--) {
    const fixed = endOfName(reply, at);
    const type = view.getUint16(fixed);
    if (type !== RRType.OPT && type !== RRType.TSIG) least = Math.min(least, view.getUint32(fixed + 4));
    at = fixed + 10 + view.getUint16(fixed + 8);
  }
  return Number.isFinite(least) ? least : 0;
}

function endOfName(reply: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    const length = reply[at] as number;
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    at += 1 + length;
  }
}
