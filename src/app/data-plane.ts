// DNS of this process: the zones that registered names live in, and the plane that answers. In this thread the zones are
// for what cannot be registered; queries meet the same ones in the plane.

import { name } from '../dns/message/name.ts';
import { Draws } from '../dns/message/rotation.ts';
import { openPlane, type Plane } from '../dns/plane/plane.ts';
import { LiveZones } from '../dns/services/live-zones.ts';
import type { ListenFailure } from '../dns/transport/listen.ts';
import type { Zone } from '../dns/zone/zone.ts';
import type { ZoneTable } from '../dns/zone/zone-table.ts';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { Registry } from '../registry/registry.ts';
import { planeSettings } from './plane-settings.ts';
import type { ProcessClock } from './process-clock.ts';

/** The registry's names are laid under the zones of the files, or under zones made for them. */
export function layZones(
  config: Config,
  registry: Registry,
  zones: ZoneTable,
  fileZones: Iterable<Zone>,
): LiveZones {
  const live = new LiveZones({
    origin: name(config.origin),
    view: registry,
    zones,
    draws: new Draws(Math.random()),
    negativeTtlSeconds: config.negativeTtlSeconds,
    hosts: config.dns.map(({ host }) => host),
  });
  for (const zone of fileZones) live.serve(zone);
  live.serveMissing();
  return live;
}

export interface DataPlaneDeps {
  readonly registry: Registry;
  readonly clock: ProcessClock;
  readonly threads: number;
  readonly zones: ZoneTable;
  readonly live: LiveZones;
  readonly fileZones: Iterable<Zone>;
  readonly logger: Logger;
}

/** Listens from here on and answers SERVFAIL until `ready`. */
export function openDataPlane(config: Config, deps: DataPlaneDeps): Promise<Plane | ListenFailure> {
  const { registry, clock, threads, zones, live, fileZones, logger } = deps;
  return openPlane({
    ...planeSettings(config),
    threads,
    view: registry,
    allInstances: function* () {
      for (const app of registry.apps()) yield* app.instances();
    },
    zones,
    live,
    fileZones,
    clock: clock.clock,
    clockMemory: clock.memory,
    onFault: (error, question) => logger.error({ err: error, question }, 'Cannot answer a DNS question'),
    onThreadEnd: (error) => logger.error({ err: error }, 'A DNS thread has ended; another one takes its place'),
    // Uncaught: the process stops as with any fault in the program.
    onLost: (error) => {
      setImmediate(() => {
        throw error;
      });
    },
  });
}
