// The records of instances that were drawn, where several may be behind one host name: the same record is there once, with
// the weight of all of them (RFC 2181 §5). Records below an instance's own name are never another's.

import { RRType } from '../../message/message.ts';
import { join, type RecordCandidate, withWeight } from './service-candidates.ts';

export class JoinedRecords {
  readonly #type: number;
  readonly #nowMs: number;
  readonly #known = new Map<string, RecordCandidate>();

  constructor(type: number, nowMs: number) {
    this.#type = type;
    this.#nowMs = nowMs;
  }

  /** The record to be added; undefined: it was there, and is this one's as well. `one` is not changed. */
  add(one: RecordCandidate): RecordCandidate | undefined {
    const { endpoint } = one;
    if (endpoint === undefined || endpoint.hosts.length > 0) return one;
    const key = this.#keyOf(one);
    const known = this.#known.get(key);
    if (known === undefined) {
      const own = { ...one };
      this.#known.set(key, own);
      return own;
    }
    for (const leased of [one.instances].flat()) join(known, leased, this.#nowMs);
    if (this.#type === RRType.SRV) known.rdata = withWeight(known.rdata, known.weight);
    return undefined;
  }

  /** Without the weight that an SRV record has in its data. */
  #keyOf({ rdata }: RecordCandidate): string {
    const plain = this.#type === RRType.SRV ? withWeight(rdata, 0) : rdata;
    return plain.map((part) => (typeof part === 'string' ? part : Buffer.from(part).toString('latin1'))).join(' ');
  }
}
