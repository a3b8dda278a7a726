// Signed requests (TSIG, RFC 8945). rollcall holds no keys, so every signature is by one that it does not know: the
// answer is NOTAUTH with an unsigned TSIG with BADKEY (§5.2.1), from which a client sees that it was understood.

import { RRClass } from './message.ts';
import { labelOctetsMax } from './name.ts';

const badKey = 17;
/** Type, class, TTL and length. */
const fixedOctets = 10;
/** Time signed and fudge, which are given back as they came. */
const timeOctets = 8;

/**
 * The TSIG record of the reply. `at`: where the request's begins. Undefined for one that is damaged or compressed
 * (§4.2 allows neither); the reply then goes without.
 */
export function badKeyRecord(request: Buffer, at: number): Buffer | undefined {
  const ownerEnd = endOfName(request, at);
  const algorithmAt = ownerEnd + fixedOctets;
  const timeAt = ownerEnd < 0 ? -1 : endOfName(request, algorithmAt);
  if (timeAt < 0 || timeAt + timeOctets > algorithmAt + request.readUInt16BE(algorithmAt - 2)) return undefined;
  const tail = Buffer.alloc(8);
  // No MAC; the request's ID; the error; no other data.
  request.copy(tail, 2, 0, 2);
  tail.writeUInt16BE(badKey, 4);
  const record = Buffer.concat([request.subarray(at, timeAt + timeOctets), tail]);
  const fixed = ownerEnd - at;
  // Class ANY and TTL 0 (§4.2), whatever the request had.
  record.writeUInt16BE(RRClass.ANY, fixed + 2);
  record.writeUInt32BE(0, fixed + 4);
  record.writeUInt16BE(record.length - (algorithmAt - at), fixed + 8);
  return record;
}

/** `reply` with the record after all others, as it must be (§5.1). */
export function withTsig(reply: Buffer, record: Buffer): Buffer {
  const whole = Buffer.concat([reply, record]);
  whole.writeUInt16BE(whole.readUInt16BE(10) + 1, 10);
  return whole;
}

/** The offset after an uncompressed name, -1 where it is none. */
function endOfName(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const length = bytes[at];
    if (length === undefined || length > labelOctetsMax) return -1;
    at += 1 + length;
    if (length === 0) return at;
  }
}
