// Requests that the handler of a DNS socket leaves to others, by opcode or type: an update of the registry, a transfer.

import { Opcode, type Query, RRClass } from '../message/message.ts';
import type { Peer } from './peer.ts';

/** Answers a request that is no plain question. What it is given is its own to keep. */
export type RequestHandler = (query: Query, bytes: Buffer, peer: Peer) => AsyncIterable<Buffer>;

/** Requests that others answer: by opcode (UPDATE, NOTIFY), or questions by type (AXFR, IXFR). */
export interface Requests {
  readonly opcodes?: ReadonlyMap<number, RequestHandler>;
  readonly types?: ReadonlyMap<number, RequestHandler>;
}

/** Who answers a request; undefined: the handler itself. */
export function handlerOf(
  { opcode, qtype, qclass, edns }: Query,
  { opcodes, types }: Requests,
): RequestHandler | undefined {
  // RFC 6891 §6.1.3, RFC 7873 §5.2.2: these are answered alike for every request.
  if (edns !== undefined && (edns.version !== 0 || edns.isCookieBad)) return undefined;
  if (opcode !== Opcode.QUERY) return opcodes?.get(opcode);
  return qclass === RRClass.IN ? types?.get(qtype) : undefined;
}
