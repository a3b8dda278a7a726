// The rule for odd requests: as one of the others, and not silent where one of them answers, since a client that
// hears nothing asks again.

import { readReply } from '../../kit/dns/reply.ts';
import { oddityException } from './exceptions.ts';

const silence = 'silence';

export function oddityFaults(
  name: string,
  ours: Buffer | undefined,
  theirs: readonly (Buffer | undefined)[],
): string[] {
  const own = shapeOf(ours);
  const others = theirs.map(shapeOf);
  const answers = others.filter((other) => other !== silence);
  const allowed = answers.length > 0 ? answers : [silence];
  const unreadable = unreadableReason(ours);
  if (unreadable !== undefined) return [`${name}: ${unreadable}`];
  if (allowed.includes(own) || oddityException(name) !== undefined) return [];
  return [`${name}: ${own}; theirs: ${others.join(', ')}`];
}

/** The bits of the header that a client goes by, and whether there is an answer. */
function shapeOf(reply: Buffer | undefined): string {
  if (reply === undefined) return silence;
  const rcode = (extendedRcode(reply) << 4) | ((reply[3] as number) & 0x0f);
  const [high, low] = [reply[2] as number, reply[3] as number];
  const opcode = (high >> 3) & 0x0f;
  const bits = `opcode ${opcode} ${(high & 0x07).toString(2)} ${(low >> 4).toString(2)}`;
  return `rcode ${rcode} ${bits}${reply.readUInt16BE(6) > 0 ? ' answered' : ''}`;
}

/** Of replies without records but an OPT: the others compress as they like, so no more is read here. */
function extendedRcode(reply: Buffer): number {
  const opt = reply.indexOf(Buffer.of(0, 0, 41));
  const isAlone = reply.readUInt16BE(6) + reply.readUInt16BE(8) === 0 && reply.readUInt16BE(10) === 1;
  return isAlone && opt >= 0 ? (reply[opt + 5] as number) : 0;
}

/** rollcall's replies are read by a reader that forgives nothing. */
function unreadableReason(reply: Buffer | undefined): string | undefined {
  if (reply === undefined) return undefined;
  try {
    readReply(reply);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
