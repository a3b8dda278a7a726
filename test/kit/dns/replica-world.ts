// A registry and one DNS thread's copy of it that receives each change at once, without the thread: for what is read off
// the rows of instances. The harness's own handlers are the truth beside it.

import { name } from '../../../src/dns/message/name.ts';
import { Draws } from '../../../src/dns/message/rotation.ts';
import { Replica } from '../../../src/dns/plane/replica.ts';
import { DnsCounters } from '../../../src/dns/server/counters.ts';
import { why } from '../../../src/dns/server/explain.ts';
import { createHandler, type Handler } from '../../../src/dns/server/handler.ts';
import { OutstandingAnswers } from '../../../src/dns/server/outstanding-answers.ts';
import { LiveZones } from '../../../src/dns/services/live-zones.ts';
import { ZoneTable } from '../../../src/dns/zone/zone-table.ts';
import { Harness } from '../registry/harness.ts';
import { FedRows } from './fed-rows.ts';
import { originLines, zoneOf } from './static-records.ts';

export interface ReplicaWorldOptions {
  /** Further records of the origin's zone, of both. */
  readonly lines?: readonly string[];
  readonly cacheOctetsMax?: number;
}

export class ReplicaWorld {
  readonly harness: Harness;
  readonly counters = new DnsCounters();
  readonly outstanding: OutstandingAnswers;
  readonly handler: Handler;

  constructor({ lines = [], cacheOctetsMax = 1024 * 1024 }: ReplicaWorldOptions = {}) {
    const fed = new FedRows();
    const harness = new Harness({ lines, onNearExpiry: (stored) => fed.feed.updateLease(stored) });
    this.harness = harness;
    const zones = new ZoneTable();
    const monotonicMs = () => harness.clock.monotonicMs();
    const wallMs = () => harness.clock.wallMs();
    const replica: Replica = new Replica(harness.registry.revision, fed.rows, {
      changed: (change) => {
        live.changed(change);
        this.outstanding.changed(change, monotonicMs());
      },
      shortened: (instance) => live.shortened(instance),
    });
    const live: LiveZones = new LiveZones({
      origin: name('svc.'),
      view: replica,
      zones,
      draws: new Draws(0.25),
      negativeTtlSeconds: 5,
      wallMs,
      hosts: [],
      why: (asked, nowMs) => why(asked, zones, nowMs),
    });
    this.outstanding = new OutstandingAnswers(Number.NEGATIVE_INFINITY, (instance) => replica.answeredOf(instance));
    live.serve(zoneOf('svc.', [...originLines, ...lines]));
    live.serveMissing();
    fed.sink = replica;
    harness.registry.onChange((change) => fed.feed.apply(change));
    this.handler = createHandler({
      zones,
      counters: this.counters,
      outstanding: this.outstanding,
      cacheOctetsMax,
      identity: { serverId: '', serverVersion: '', cookieSecret: new Uint8Array(16), cookies: 'on' },
      monotonicMs,
      wallMs,
      isReady: () => true,
      onFault: (error) => {
        throw error;
      },
    });
  }

  /** The reply that is at hand, to a query by UDP; undefined: the handler has to be asked. */
  atHand(bytes: Uint8Array): Buffer | undefined {
    const request = Buffer.concat([Buffer.alloc(3, 0xee), bytes, Buffer.alloc(5, 0xee)]);
    const reply = Buffer.alloc(2000, 0xdd);
    const peer = { transport: 'udp', address: '127.0.0.1' } as const;
    const octets = this.handler.fromCache?.(request, 3, 3 + bytes.length, reply, 7, peer) ?? 0;
    if (!reply.subarray(7 + octets).every((octet) => octet === 0xdd)) throw new Error('it wrote past its reply');
    return octets === 0 ? undefined : reply.subarray(7, 7 + octets);
  }
}
