// Registry, zones, handler and clock in one object: register on one side, ask on the other, in the octets that a
// resolver would send and see. No sockets, no timers.

import { type Transport, udpOctetsMax } from '../../../src/dns/message/message.ts';
import { type Name, name } from '../../../src/dns/message/name.ts';
import type { Identity } from '../../../src/dns/message/opt.ts';
import { Draws } from '../../../src/dns/message/rotation.ts';
import { DnsCounters } from '../../../src/dns/server/counters.ts';
import { why } from '../../../src/dns/server/explain.ts';
import { type GuardRules, guardsOf } from '../../../src/dns/server/guards.ts';
import { createHandler, type Handler } from '../../../src/dns/server/handler.ts';
import { OutstandingAnswers } from '../../../src/dns/server/outstanding-answers.ts';
import { LaterReply } from '../../../src/dns/server/peer.ts';
import type { QueryTable } from '../../../src/dns/server/queries/query-table.ts';
import type { Requests } from '../../../src/dns/server/requests.ts';
import type { ConsulDomain } from '../../../src/dns/services/consul-zone.ts';
import { LiveZones } from '../../../src/dns/services/live-zones.ts';
import type { Zone } from '../../../src/dns/zone/zone.ts';
import { ZoneTable } from '../../../src/dns/zone/zone-table.ts';
import type { ConsulNode } from '../../../src/model/consul-node.ts';
import type { HiddenName } from '../../../src/model/dns-names.ts';
import { parseRegistration } from '../../../src/model/instance.ts';
import { type InstanceKey, parseInstanceKey } from '../../../src/model/names.ts';
import type { RegisterOutcome, RegistryOptions } from '../../../src/registry/registry.ts';
import { type PacketKnobs, packet, type TypeName, typeNumbers } from '../dns/packet.ts';
import { type Reply, readReply } from '../dns/reply.ts';
import { originLines, zoneOf } from '../dns/static-records.ts';
import { FakeClock } from '../process/clock.ts';
import { CommandedRegistry, type RegisterOptions } from './commanded-registry.ts';

export interface HarnessOptions extends Partial<Omit<RegistryOptions, 'clock'>>, GuardRules {
  /** Further records of the origin's zone, as static-records.ts reads them. */
  readonly lines?: readonly string[];
  /** Further zones: apex -> lines. */
  readonly zones?: Readonly<Record<string, readonly string[]>>;
  readonly cacheOctetsMax?: number;
  isReady?(): boolean;
  readonly identity?: Partial<Identity>;
  readonly requests?: Requests;
  /** Consul's names. */
  readonly consul?: ConsulDomain;
  /** Counts who asks for what, in `handler` alone. */
  readonly queries?: QueryTable;
}

export interface QueryKnobs extends PacketKnobs {
  readonly tcp?: boolean;
}

/** Every ended lease is evicted at its deadline, however many: for tests of something else than the guard. */
export const unguarded = { guardPercent: 0, evictionPercentPerMinute: 100 } as const;

export const defaults = { leaseSeconds: 90, dnsTtl: 5 };

/** An address that nothing listens at. */
export const someAddress = 'http://10.0.0.1:8080';

/** The reply of a handler that has it at hand. */
export function atOnce(reply: ReturnType<Handler>): Buffer | undefined {
  if (reply instanceof LaterReply) throw new Error('the reply is still to come');
  return reply;
}

export class Harness {
  readonly clock = new FakeClock();
  readonly counters = new DnsCounters();
  readonly zones = new ZoneTable();
  readonly faults: unknown[] = [];
  /** Of `handler`. */
  readonly outstanding = new OutstandingAnswers(Number.NEGATIVE_INFINITY);
  readonly #liveZones: LiveZones;
  #nodeChanges = 0;
  readonly registry: CommandedRegistry;
  readonly handler: Handler;
  /** The same answers without a cache. */
  readonly uncached: Handler;

  constructor(options: HarnessOptions = {}) {
    const {
      lines = [],
      zones = {},
      cacheOctetsMax = 1024 * 1024,
      isReady = () => true,
      identity = {},
      access,
      responseRates,
      unprovenOctetsMax,
      requests,
      consul,
      queries,
      ...rest
    } = options;
    this.registry = new CommandedRegistry({
      clock: this.clock,
      origin: 'svc.',
      defaults,
      instancesMax: 100_000,
      instancesPerAppMax: 10_000,
      initialRevision: 100,
      isReserved: (text, addrs) => this.#liveZones.reservedReason(text, addrs),
      targetProblem: (instance, before) => this.#liveZones.targetProblem(instance, before),
      ...rest,
    });
    const liveZones = new LiveZones({
      origin: name('svc.'),
      view: this.registry,
      zones: this.zones,
      draws: new Draws(0.5),
      negativeTtlSeconds: 5,
      wallMs: () => this.clock.wallMs(),
      hosts: consul === undefined ? [] : ['10.0.0.53', '2001:db8::53'],
      consul,
      why: (qname, nowMs) => why(qname, this.zones, nowMs),
    });
    this.#liveZones = liveZones;
    liveZones.serve(zoneOf('svc.', [...originLines, ...lines]));
    for (const [apex, text] of Object.entries(zones)) liveZones.serve(zoneOf(apex, text));
    liveZones.serveMissing();
    this.registry.onChange((change) => liveZones.changed(change));
    this.registry.onChange((change) => this.outstanding.changed(change, this.clock.monotonicMs()));
    const { clock, faults, counters } = this;
    const deps = {
      zones: this.zones,
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => clock.wallMs(),
      identity: {
        serverId: '',
        serverVersion: '',
        cookieSecret: new Uint8Array(16),
        cookies: 'on' as const,
        ...identity,
      },
      isReady,
      ...guardsOf({ access, responseRates, unprovenOctetsMax }, counters),
      requests,
      onFault: (error: unknown) => faults.push(error),
    };
    this.handler = createHandler({ ...deps, counters, cacheOctetsMax, outstanding: this.outstanding, queries });
    const others = { counters: new DnsCounters(), outstanding: new OutstandingAnswers(Number.NEGATIVE_INFINITY) };
    this.uncached = createHandler({ ...deps, ...others, cacheOctetsMax: 1 });
  }

  /** A zone file that comes, or comes again, while everything runs. */
  serveZone(zone: Zone): void {
    this.#liveZones.serve(zone);
  }

  /** The names of `app.env/id` that a zone file hides. */
  hiddenNames(path: string): readonly HiddenName[] {
    const { env, appid, instance } = keyOf(path);
    const app = this.registry.at(env, appid);
    const leased = typeof app === 'object' ? app.byLabel(instance) : undefined;
    if (leased === undefined) throw new Error(`${path} is not registered`);
    return this.#liveZones.hiddenNames(leased.instance);
  }

  /** The instances that the zone's file hides, by app. */
  hiddenBy(apex: Name): ReadonlyMap<string, number> {
    return this.#liveZones.hiddenBy(apex);
  }

  /** `orders.prod/orders-1`: appid, env and instance. */
  register(
    place: string,
    body: Readonly<Record<string, unknown>> = {},
    options: RegisterOptions = {},
  ): RegisterOutcome {
    const registration = parseRegistration({ addrs: [someAddress], ...body }, defaults);
    if (Array.isArray(registration)) throw new Error(`not a registration: ${JSON.stringify(registration)}`);
    return this.registry.register(keyOf(place), registration, options);
  }

  /** A node of Consul's catalog, as it comes: with a change of an instance. */
  consulNode(node: ConsulNode): void {
    this.#liveZones.consulNodeChanged(node);
    this.register('nodes.other/n', { weight: (this.#nodeChanges++ % 1000) + 1 });
  }

  cancel(place: string): void {
    const { kind } = this.registry.cancel(keyOf(place));
    if (kind !== 'cancelled') throw new Error(`${place} is ${kind}`);
  }

  patch(place: string, patch: unknown): void {
    const outcome = this.registry.patch(keyOf(place), patch);
    if (outcome.kind !== 'patched') throw new Error(`${place}: ${JSON.stringify(outcome)}`);
  }

  renew(place: string): void {
    const { kind } = this.registry.renew(keyOf(place));
    if (kind !== 'renewed') throw new Error(`${place} is ${kind}`);
  }

  /** Lets time pass and evicts who is due, as the app's timer does. */
  elapse(ms: number): void {
    this.clock.advance(ms);
    this.registry.evictExpired(Number.POSITIVE_INFINITY);
  }

  /** The reply's octets, or silence; as a transport has them, from what is at hand where it can be. */
  send(
    bytes: Uint8Array,
    transport: Transport = 'udp',
    handler = this.handler,
    address = '127.0.0.1',
  ): Buffer | undefined {
    const peer = { transport, address };
    if (transport === 'udp') {
      const reply = Buffer.alloc(udpOctetsMax);
      const octets = handler.fromCache?.(Buffer.from(bytes), 0, bytes.length, reply, 0, peer) ?? 0;
      if (octets !== 0) return octets < 0 ? undefined : reply.subarray(0, octets);
    }
    return atOnce(handler(Buffer.from(bytes), peer));
  }

  /** Asks as a plain resolver does and reads the reply; a silent or unreadable reply is an error. */
  query(qname: NonNullable<PacketKnobs['name']>, type: TypeName | number = 'A', knobs: QueryKnobs = {}): Reply {
    const { tcp = false, ...rest } = knobs;
    const bytes = packet({ name: qname, type: typeof type === 'number' ? type : typeNumbers[type], ...rest });
    const reply = this.send(bytes, tcp ? 'tcp' : 'udp');
    if (reply === undefined) throw new Error('no reply');
    return readReply(reply);
  }

  /** The data of the answer section, sorted: what a client would know. */
  data(qname: NonNullable<PacketKnobs['name']>, type: TypeName = 'A', knobs: QueryKnobs = { tcp: true }): string[] {
    return this.query(qname, type, knobs)
      .answer.map(({ data }) => data)
      .sort();
  }
}

/** Metadata of about so many octets in TXT, in pairs that fit its strings. */
export function longMetadata(octets: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: Math.ceil(octets / 200) }, (_, i) => [`k${i}`, 'x'.repeat(195)]));
}

export function keyOf(place: string): InstanceKey {
  const [, appid = '', env = '', instance = ''] = /^(.*)\.([^./]*)\/(.*)$/s.exec(place) ?? [];
  const key = parseInstanceKey(env, appid, instance);
  if (Array.isArray(key)) throw new Error(`not a place: ${place}: ${JSON.stringify(key)}`);
  return key;
}

/** rcode, AA and the negative TTL, in a line: `NXDOMAIN AA SOA 5`, `NOERROR AA 10.0.0.1`. */
export function gist({ rcode, aa, tc, answer, authority }: Reply): string {
  const sections = [...answer.map(({ data }) => data), ...authority.map(({ type, ttl }) => `${type} ${ttl}`)];
  return [rcode, aa ? 'AA' : '', tc ? 'TC' : '', ...sections].filter((word) => word !== '').join(' ');
}
