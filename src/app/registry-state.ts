// The state of this node: the zones of the files, what the last run has left on the disk, and the registry with the zones
// that its names live in. Opened before anything listens.

import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { Draws } from '../dns/message/rotation.ts';
import { why } from '../dns/server/explain.ts';
import { LiveZones } from '../dns/services/live-zones.ts';
import type { Zone } from '../dns/zone/zone.ts';
import { ZoneTable } from '../dns/zone/zone-table.ts';
import type { LoadedZones } from '../dns/zone-file/load.ts';
import { zonesDigestOf } from '../dns/zone-file/zone-source.ts';
import type { InstanceRecord } from '../model/instance-record.ts';
import type { RegistryOptions } from '../registry/options.ts';
import { Registry } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import { openPersistence, type Persistence } from '../store/persistence.ts';
import type { TakeWorker } from './early-workers.ts';
import { planeSettings } from './plane-settings.ts';

export interface DataOptions {
  readonly clock: Clock;
  readonly loaded: LoadedZones;
  /** It was found to be damaged by an earlier opening. */
  readonly isSuspect: boolean;
  readonly stopping: AbortSignal;
  readonly takeWorker: TakeWorker | undefined;
  readonly logger: Logger;
}

/** Opens the data folder; a problem is a sentence for a person. */
export function openData(
  config: Config,
  { clock, loaded, isSuspect, stopping, takeWorker, logger }: DataOptions,
): Promise<Persistence | { readonly problem: string } | 'stopped'> {
  return openPersistence(
    {
      folder: config.data,
      fsync: config.fsync,
      eventsKeepMs: config.eventsKeepSeconds * 1000,
      eventsMax: config.eventsMax,
      isSuspect,
      zonesDigest: zonesDigestOf(loaded.loads.flatMap(({ sources }) => sources)),
    },
    { monotonicMs: () => clock.monotonicMs(), wallMs: () => clock.wallMs(), stopping, takeWorker, logger },
  );
}

/** Zones of files, and those of broken files, which are served as SERVFAIL. */
export function fileZonesOf({ zones, broken }: LoadedZones): readonly Zone[] {
  return [...zones.values(), ...broken];
}

export interface RegistryState {
  readonly registry: Registry;
  readonly zones: ZoneTable;
  /** The registry's names, laid under the zones of the files or under zones made for them. */
  readonly liveZones: LiveZones;
}

export interface RegistryStateOptions {
  readonly clock: Clock;
  readonly loaded: LoadedZones;
  readonly initialRevision: number;
  /** Undefined: a plane in this thread reads the leases itself. */
  readonly onNearExpiry: ((stored: InstanceRecord) => void) | undefined;
  /** A hold of an instance that is not registered has ended. */
  readonly onHoldReleased: RegistryOptions['onHoldReleased'];
  /** In a cluster. */
  readonly cluster: Pick<RegistryOptions, 'nearExpiryNoticeMs' | 'remoteReason' | 'elsewhere'>;
}

/** The registry without instances, and its zones. What it must not take is what a zone file has. */
export function createRegistry(
  config: Config,
  { clock, loaded, initialRevision, onNearExpiry, onHoldReleased, cluster }: RegistryStateOptions,
): RegistryState {
  const zones = new ZoneTable();
  const registry: Registry = new Registry({
    clock,
    origin: config.origin,
    defaults: { leaseSeconds: config.leaseSeconds, dnsTtl: config.dnsTtlSeconds },
    instancesMax: config.instancesMax,
    instancesPerAppMax: config.instancesPerAppMax,
    appsMax: config.appsMax,
    initialRevision,
    guard: config,
    ...cluster,
    random: Math.random,
    isReserved: (text, addrs) => liveZones.reservedReason(text, addrs),
    targetProblem: (instance, before) => liveZones.targetProblem(instance, before),
    ...(onHoldReleased === undefined ? {} : { onHoldReleased }),
    ...(onNearExpiry === undefined ? {} : { onNearExpiry }),
  });
  const liveZones = new LiveZones({
    ...planeSettings(config),
    view: registry,
    zones,
    draws: new Draws(Math.random()),
    wallMs: () => clock.wallMs(),
    why: (name, nowMs) => why(name, zones, nowMs),
  });
  for (const zone of fileZonesOf(loaded)) liveZones.serve(zone);
  liveZones.serveMissing();
  return { registry, zones, liveZones };
}
