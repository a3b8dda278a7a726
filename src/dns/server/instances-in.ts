// The instances that an encoded answer leads to, and for how long: those of the records that were written. Records of
// ANSWER and ADDITIONAL count alike, since resolvers and clients use both; AUTHORITY names no instance. A PTR (browsing,
// addresses) leads to no instance: a client that follows it asks again.

import type { Encoded } from '../message/encode.ts';
import type { Answer, InstanceSource, Written } from '../message/message.ts';

/** The instances of the records of one RRset, hence of one app: never none. `ttl`: seconds. */
export interface AnsweredInstances {
  readonly instances: readonly InstanceSource[];
  readonly ttl: number;
  /** All others of the app count as well. */
  readonly isAll?: boolean;
}

/** What of each RRset was written. */
export function instancesIn(answer: Answer, { written }: Encoded): readonly AnsweredInstances[] {
  const found: AnsweredInstances[] = [];
  let at = 0;
  for (const rrsets of [answer.answer, answer.glue, answer.additional]) {
    for (const { instances, ttl, leadsToAll } of rrsets) {
      const records = written[at++] ?? 0;
      if (instances === undefined || records === 0) continue;
      found.push({ instances: pick(instances, records), ttl, isAll: leadsToAll === true });
    }
  }
  return found;
}

function pick(instances: readonly InstanceSource[], records: Written): readonly InstanceSource[] {
  if (typeof records !== 'number') return records.map((record) => instances[record] as InstanceSource);
  return records === instances.length ? instances : instances.slice(0, records);
}
