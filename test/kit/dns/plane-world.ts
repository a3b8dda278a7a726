// A data plane beside a registry on a clock that tests move: what is written on one side is asked on the other, over
// sockets, by clients enough to meet every thread.

import { name } from '../../../src/dns/message/name.ts';
import { DnsThread } from '../../../src/dns/plane/dns-thread.ts';
import type { Plane, PlaneOptions } from '../../../src/dns/plane/plane.ts';
import { openPlane } from '../../../src/dns/plane/threaded-plane.ts';
import { ClockSharing } from '../../../src/runtime/shared-clock.ts';
import { Harness } from '../registry/harness.ts';
import { type DnsClient, tcpClient, udpClient } from './dns-client.ts';
import { zoneOf } from './static-records.ts';

export interface PlaneWorld {
  readonly harness: Harness;
  readonly plane: Plane;
  /** Live threads, as they were started. */
  readonly started: DnsThread[];
  readonly ends: unknown[];
  readonly lost: Error[];
  /** Lets time pass, for all threads. */
  elapse(ms: number): void;
  /** What every client gets, each answer once: with two threads some clients meet each. */
  everywhere(qname: string, type?: 'A' | 'SOA'): Promise<string[]>;
}

export const fileZone = (address: string) =>
  zoneOf('a.', ['a. 60 SOA ns.a. h.a. 7 2 3 4 5', 'a. 60 NS ns.a.', `www.a. 60 A ${address}`]);

/** Leaves nothing behind once `leftovers` have been called, the latest first. Where it cannot listen: the failure. */
export async function openWorld(
  leftovers: (() => unknown)[],
  threads: number,
  more: Partial<PlaneOptions> = {},
  zones = [fileZone('10.9.0.1')],
): Promise<PlaneWorld> {
  const started: DnsThread[] = [];
  const [ends, lost]: [unknown[], Error[]] = [[], []];
  const harness: Harness = new Harness({ onNearExpiry: (stored) => plane.updateLease(stored) });
  const sharing = new ClockSharing(harness.clock.monotonicMs());
  for (const zone of zones) harness.serveZone(zone);
  const plane = (await openPlane({
    threads,
    listens: [{ host: '127.0.0.1', port: 0 }],
    origin: name('svc.'),
    negativeTtlSeconds: 5,
    hosts: [],
    view: harness.registry,
    allInstances: function* () {
      for (const app of harness.registry.apps()) yield* app.instances();
    },
    zones: harness.zones,
    // The harness's own.
    live: { changed: () => {}, consulNodeChanged: () => {} },
    fileZones: zones,
    clock: harness.clock,
    clockMemory: sharing.memory,
    cacheOctetsMax: 1024 * 1024,
    tcp: { idleMs: 10_000, connectionsMax: 100, connectionsPerClientMax: 100 },
    transport: 'batched',
    identity: { serverId: '', serverVersion: '', cookieSecret: new Uint8Array(16), cookies: 'on' },
    onFault: (error) => lost.push(error as Error),
    onThreadEnd: (error) => ends.push(error),
    onLost: (error) => lost.push(error),
    startThread: (start, onFault) => {
      const thread = new DnsThread(start, onFault);
      started.push(thread);
      return thread;
    },
    ...more,
  })) as Plane;
  if ('failed' in plane) return plane as never;
  leftovers.push(() => plane.close());
  harness.registry.onChange((change) => plane.apply(change));

  const clients: DnsClient[] = [];
  async function everywhere(qname: string, type: 'A' | 'SOA' = 'A'): Promise<string[]> {
    if (clients.length === 0) {
      const port = plane.listens[0]?.port ?? 0;
      for (let i = 0; i < 12; i++) clients.push(await udpClient(port), await tcpClient(port));
      leftovers.push(() => {
        for (const client of clients.splice(0)) client.close();
      });
    }
    const replies = await Promise.all(clients.map((client) => client.ask(qname, type)));
    const texts = replies.map(({ rcode, answer }) =>
      [rcode, ...answer.map(({ data, ttl }) => `${data} ${ttl}`)].join(' '),
    );
    return [...new Set(texts)];
  }
  const elapse = (ms: number): void => {
    harness.elapse(ms);
    sharing.moved(ms);
    sharing.read(harness.clock.monotonicMs());
  };
  return { harness, plane, started, ends, lost, elapse, everywhere };
}
