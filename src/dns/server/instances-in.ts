// Which instances an encoded answer leads its reader to, and for how long: those behind the records that were written.
// Records of ANSWER and ADDITIONAL count alike, since resolvers and clients use both; AUTHORITY names no instance. A PTR
// (browsing, addresses) has no instances behind it: who follows it asks again.

import type { Encoded } from '../message/encode.ts';
import type { Answer, InstanceSource } from '../message/message.ts';

/** The instances behind the records of one RRset, hence of one app: never none. `ttl`: seconds. */
export interface AnsweredInstances {
  readonly behind: readonly InstanceSource[];
  readonly ttl: number;
}

/** What of each RRset was written. */
export function instancesIn(answer: Answer, { written }: Encoded): readonly AnsweredInstances[] {
  const mentions: AnsweredInstances[] = [];
  let at = 0;
  for (const rrsets of [answer.answer, answer.glue, answer.additional]) {
    for (const { behind, ttl } of rrsets) {
      const records = written[at++] ?? 0;
      if (behind === undefined || records === 0) continue;
      mentions.push({ behind: records === behind.length ? behind : behind.slice(0, records), ttl });
    }
  }
  return mentions;
}
