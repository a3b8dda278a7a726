// One request to one reply, as a value: for fronts that are no DNS transport (DoH, a thread that asks another), and for
// opcodes that are answered elsewhere.

import type { Handler } from './handler.ts';
import { LaterReply, type Peer } from './peer.ts';
import type { RequestHandler, Requests } from './requests.ts';

/** Undefined: no reply is due. Of a reply with many messages this is the first; a transfer needs a stream. */
export async function answerMessage(handler: Handler, bytes: Uint8Array, peer: Peer): Promise<Buffer | undefined> {
  const reply = handler(Buffer.from(bytes), peer);
  return reply instanceof LaterReply ? firstMessage(reply) : reply;
}

/** The rest of them are not asked for. */
export async function firstMessage({ messages }: LaterReply): Promise<Buffer | undefined> {
  try {
    for await (const message of messages) return message;
  } catch {
    // The handler has noted the fault.
  }
  return undefined;
}

/** Undefined for none. */
export function requestsOf(
  opcodes: readonly number[],
  answer: (bytes: Buffer, peer: Peer) => AsyncIterable<Buffer>,
): Requests | undefined {
  if (opcodes.length === 0) return undefined;
  const handler: RequestHandler = (_, bytes, peer) => answer(bytes, peer);
  return { opcodes: new Map(opcodes.map((opcode) => [opcode, handler])) };
}
