// What the DNS side counts, in plain numbers: one addition a query. Labels are bounded: types that nobody registered
// here are counted as `other`, rcodes are sixteen, transports two. The metrics page copies them when it is scraped.

import { RRType, rcodeName } from './message.ts';

export type Transport = 'udp' | 'tcp';

const transports: readonly Transport[] = ['udp', 'tcp'];
const { A, AAAA, SRV, TXT, SOA, NS, PTR, MX, CNAME, HTTPS, SVCB, ANY } = RRType;
const types: readonly [string, number][] = Object.entries({
  A,
  AAAA,
  SRV,
  TXT,
  SOA,
  NS,
  PTR,
  MX,
  CNAME,
  HTTPS,
  SVCB,
  ANY,
});
const slotOfType = new Map(types.map(([, type], index) => [type, index]));
/** Queries without a question that could be read have no type. */
const otherSlot = types.length;
/** The sixteen of the header, and BADVERS. */
const rcodeSlots = 17;

export interface QueryCount {
  readonly transport: Transport;
  readonly type: string;
  readonly rcode: string;
  readonly count: number;
}

export class DnsCounters {
  readonly #queries = new Float64Array(transports.length * rcodeSlots * (types.length + 1));
  cacheHits = 0;
  cacheMisses = 0;
  truncated = 0;
  /** Packets that got no reply: too short, or replies themselves. */
  dropped = 0;
  /** Replies that could not be sent. */
  sendErrors = 0;
  tcpConnections = 0;
  tcpRefused = 0;

  /** `rcode` as in the header, or 16 for BADVERS. */
  countQuery(transport: Transport, type: number | undefined, rcode: number): void {
    const slot = (type === undefined ? undefined : slotOfType.get(type)) ?? otherSlot;
    const row = (transport === 'udp' ? 0 : 1) * rcodeSlots + Math.min(rcode, rcodeSlots - 1);
    const index = row * (types.length + 1) + slot;
    this.#queries[index] = (this.#queries[index] as number) + 1;
  }

  /** Every combination that occurred. */
  *queries(): Generator<QueryCount> {
    for (const [index, count] of this.#queries.entries()) {
      if (count === 0) continue;
      const slot = index % (types.length + 1);
      const row = Math.floor(index / (types.length + 1));
      yield {
        transport: transports[Math.floor(row / rcodeSlots)] as Transport,
        type: types[slot]?.[0] ?? 'other',
        rcode: rcodeName(row % rcodeSlots),
        count,
      };
    }
  }
}
