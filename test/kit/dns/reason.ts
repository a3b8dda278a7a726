// The extended error of a reply (RFC 8914 §2): an info-code and words.

import type { Reply } from './reply.ts';

export interface Reason {
  readonly code: number;
  readonly text: string;
}

const extendedError = 15;

/** Undefined where the reply has none, or no OPT at all. */
export function reasonOf({ opt }: Reply): Reason | undefined {
  const data = opt?.data.get(extendedError);
  if (data === undefined) return undefined;
  return { code: data.readUInt16BE(0), text: data.toString('latin1', 2) };
}
