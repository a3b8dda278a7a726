// Which instances an encoded answer leads its reader to, and for how long: those behind the records that were written.
// Records of ANSWER and ADDITIONAL count alike, since resolvers and clients use both; AUTHORITY names no instance. A PTR
// (browsing, addresses) has no instances behind it: who follows it asks again.

import type { LeasedInstance } from '../registry/view.ts';
import type { Answer } from './message.ts';
import type { Encoded } from './wire/encode.ts';

/** Each instance with the longest TTL (seconds) of a record that it is behind. */
export function instancesIn(answer: Answer, { written }: Encoded): ReadonlyMap<LeasedInstance, number> {
  const instances = new Map<LeasedInstance, number>();
  let at = 0;
  for (const rrsets of [answer.answer, answer.glue, answer.additional]) {
    for (const { behind, ttl } of rrsets) {
      const records = written[at++] ?? 0;
      if (behind === undefined) continue;
      for (let record = 0; record < records; record++) {
        for (const leased of behind[record] ?? []) {
          const known = instances.get(leased);
          if (known === undefined || known < ttl) instances.set(leased, ttl);
        }
      }
    }
  }
  return instances;
}
