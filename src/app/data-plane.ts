// DNS of this process: opens the plane on the registry and its zones, and logs its faults.

import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { Plane } from '../dns/plane/plane.ts';
import { openPlane } from '../dns/plane/threaded-plane.ts';
import type { Zone } from '../dns/zone/zone.ts';
import type { ListenFailure } from '../model/listen.ts';
import type { CertificateSource } from '../runtime/certificate.ts';
import type { TakeWorker } from './early-workers.ts';
import { planeSettings } from './plane-settings.ts';
import type { ProcessClock } from './process-clock.ts';
import type { RegistryState } from './registry-state.ts';

export interface DataPlaneDeps {
  readonly state: RegistryState;
  readonly clock: ProcessClock;
  readonly threads: number;
  readonly takeWorker: TakeWorker | undefined;
  readonly fileZones: Iterable<Zone>;
  /** There is one where DNS over TLS is configured. */
  readonly certificate: CertificateSource | undefined;
  readonly logger: Logger;
}

/** Listens from here on and answers SERVFAIL until `ready`. */
export function openDataPlane(
  config: Config,
  { state: { registry, zones, liveZones }, clock, threads, takeWorker, fileZones, certificate, logger }: DataPlaneDeps,
): Promise<Plane | ListenFailure> {
  const { dnsTls: listens } = config;
  const pair = certificate?.current;
  return openPlane({
    ...planeSettings(config),
    threads,
    takeWorker,
    tls: pair === undefined || listens.length === 0 ? undefined : { listens, pair: { cert: pair.cert, key: pair.key } },
    view: registry,
    allInstances: () => registry.living(),
    zones,
    live: liveZones,
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
