// The composition root: read it top to bottom. Builds every part, hands each what it needs of another as a function,
// adds the listeners of the change stream in the order in which they are to hear, and starts and stops everything.
// Nothing is kept in a module: two apps can run in one process, as the tests do.

import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { DrainWaits } from '../control/drain-waits.ts';
import { LongPolls } from '../control/long-poll.ts';
import { name } from '../dns/message/name.ts';
import { Draws } from '../dns/message/rotation.ts';
import { defaultThreads, openPlane } from '../dns/plane/plane.ts';
import { why } from '../dns/server/explain.ts';
import { LiveZones } from '../dns/services/live-zones.ts';
import { ZoneTable } from '../dns/zone/zone-table.ts';
import { formatFault } from '../dns/zone-file/fault.ts';
import { loadZones } from '../dns/zone-file/load.ts';
import { ZoneWatch, zoneWatchTimes } from '../dns/zone-file/watch/zone-watch.ts';
import { zonesDigestOf } from '../dns/zone-file/zone-source.ts';
import { Health } from '../health/health.ts';
import { ChangeLog } from '../history/change-log.ts';
import { LogRecorder } from '../history/log-recorder.ts';
import { type Listen, listenHttp } from '../http/server/listen.ts';
import { TlsCounts } from '../http/server/secure-connections.ts';
import { createHttpServer } from '../http/server/server.ts';
import { Watchers } from '../http/watch/watchers.ts';
import { createMetrics } from '../metrics/metrics.ts';
import type { Change } from '../model/change.ts';
import type { InstanceRecord } from '../model/instance-record.ts';
import { Registry } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import { type Pause, PauseAwareClock, tickMs } from '../runtime/pause-aware-clock.ts';
import { ClockSharing } from '../runtime/shared-clock.ts';
import { systemClock } from '../runtime/system-clock.ts';
import { version } from '../runtime/version.ts';
import { openPersistence } from '../store/persistence.ts';
import { certificateFacts, certificateSummary, openCertificate } from './certificate-news.ts';
import { logEviction } from './eviction-log.ts';
import { fdBudget } from './fd-budget.ts';
import { GuardLog } from './guard-log.ts';
import { LeaseTimer } from './lease-timer.ts';
import { limits } from './limits.ts';
import { listenProblem } from './listen-problem.ts';
import { planeSettings } from './plane-settings.ts';
import { recovering } from './recovery.ts';
import { newsText } from './zone-news-text.ts';

export interface App {
  readonly http: readonly Listen[];
  readonly dns: readonly Listen[];
  /** Takes out the zones of deleted files now; returns how many. */
  releaseDeletedZones(): number;
  /** Reads the files of the certificate now; does nothing without TLS. */
  reloadCertificate(): void;
  /** Resolves when every DNS thread has applied what there is. */
  applied(): Promise<void>;
  /** Readiness off, what is in flight answered, all sockets closed. */
  stop(): Promise<void>;
}

/**
 * A problem is a sentence for a person. `stopping` ends a start that is under way: a large registry takes seconds. What
 * the last life has left is read meanwhile; if it turns out to be damaged, all begins anew with a suspect (`isSuspect`).
 */
export async function startApp(
  config: Config,
  logger: Logger,
  stopping: AbortSignal,
  ownClock: Clock = systemClock,
  isSuspect = false,
): Promise<App | { problem: string } | 'stopped'> {
  let state: 'starting' | 'ready' | 'stopping' = 'starting';
  const origin = name(config.origin);
  const threads = config.dnsThreads ?? defaultThreads(availableParallelism());

  // Time that does not pass while we are paused ourselves. Every part gets this clock, none the one behind it.
  const pauses = { count: 0, ms: 0 };
  const sharing = new ClockSharing(ownClock.monotonicMs());
  const onPause = ({ kind, pausedMs }: Pause): void => {
    pauses.count++;
    pauses.ms += pausedMs;
    logger.warn({ pause: kind, pausedMs: Math.round(pausedMs) }, 'this process was paused: no lease ran meanwhile');
  };
  const clock = new PauseAwareClock(ownClock, onPause, sharing);
  const ticking = setInterval(() => clock.tick(), tickMs).unref();

  // Zones from files. A broken one is served as SERVFAIL; that of the origin, or no folder, stops the start.
  const zones = new ZoneTable();
  const loaded = loadZones(config.zones, { mayBeMissing: !config.areZonesGiven });
  if (loaded.isUnreadable || loaded.broken.some(({ apex }) => apex === origin))
    return { problem: `Cannot load the zones:\n${loaded.faults.map(formatFault).join('\n')}` };

  const certificate = openCertificate(config, logger);
  if (certificate !== undefined && 'problem' in certificate) return certificate;

  // What the last life has left.
  const kept = await openPersistence(
    {
      folder: config.data,
      fsync: config.fsync,
      eventsKeepMs: config.eventsKeepSeconds * 1000,
      eventsMax: config.eventsMax,
      isSuspect,
      zonesDigest: zonesDigestOf(loaded.loads.flatMap(({ sources }) => sources)),
    },
    { monotonicMs: () => clock.monotonicMs(), wallMs: () => clock.wallMs(), stopping, logger },
  );
  if (kept === 'stopped' || 'problem' in kept) return kept;

  // The registry: what it must not take is what a zone file has.
  const defaults = { leaseSeconds: config.leaseSeconds, dnsTtl: config.dnsTtlSeconds };
  const registry = new Registry({
    clock,
    origin: config.origin,
    defaults,
    instancesMax: config.instancesMax,
    instancesPerAppMax: config.instancesPerAppMax,
    appsMax: config.appsMax,
    initialRevision: kept.initialRevision,
    guard: config,
    random: Math.random,
    isReserved: (text) => liveZones.reservedReason(text),
    // A plane in this thread reads the leases themselves.
    ...(threads === 0 ? {} : { onNearExpiry: (stored) => lapsing(stored) }),
  });

  // The DNS side reads: the registry's names are laid under the zones of the files, or under zones made for them. Here
  // this is for what cannot be registered; queries meet the same in the data plane.
  const liveZones = new LiveZones({
    origin,
    view: registry,
    zones,
    draws: new Draws(Math.random()),
    negativeTtlSeconds: config.negativeTtlSeconds,
    hosts: config.dns.map(({ host }) => host),
    why: (name, nowMs) => why(name, zones, nowMs),
  });
  const fileZones = [...loaded.zones.values(), ...loaded.broken];
  for (const zone of fileZones) liveZones.serve(zone);
  liveZones.serveMissing();

  // The data plane listens from here on and says SERVFAIL until the registry is back.
  const plane = await openPlane({
    ...planeSettings(config),
    threads,
    view: registry,
    allInstances: function* () {
      for (const app of registry.apps()) yield* app.instances();
    },
    zones,
    live: liveZones,
    fileZones,
    clock,
    clockMemory: sharing.memory,
    onFault: (error, question) => logger.error({ err: error, question }, 'Cannot answer a DNS question'),
    onThreadEnd: (error) => logger.error({ err: error }, 'A DNS thread has ended; another one takes its place'),
    // Nobody catches it: the process stops as with any fault in the program.
    onLost: (error) => {
      setImmediate(() => {
        throw error;
      });
    },
  });
  if ('failed' in plane) {
    await kept.close(registry.revision);
    return listenProblem('DNS', plane);
  }

  // Listeners of the change stream, in this order, before a write is answered. Cached DNS answers need none: they carry
  // the revisions that they were made from.
  const changeLog = new ChangeLog(registry, { max: config.changeLogMax });
  const recorder = kept.recorder ?? new LogRecorder(changeLog, clock.wallMs(), nextTurn);
  const longPolls = new LongPolls({ waitingMax: config.longPollsMax });
  const shown = threads === 0 ? undefined : () => (plane.isApplied ? undefined : plane.applied());
  const watchers = new Watchers({
    registry,
    shown,
    log: changeLog,
    clock,
    max: config.watchersMax,
    onCut: (reason, { query, position }) => logger.debug({ reason, query: query.key, position }, 'cut a slow watcher'),
  });
  const drainWaits = new DrainWaits({
    registry,
    clock,
    longPolls,
    handedOut: (instance) => plane.cachedUntil(instance),
    onRefused: () => metrics.http.refused('long-polls'),
  });
  const leaseTimer = new LeaseTimer(registry, clock);
  const room = fdBudget(config);
  const tell = (level: 'info' | 'warn', fields: object, message: string) => logger[level](fields, message);
  const health = new Health({ ...config, registry, clock, defaults, tell, said: kept.said });
  const tlsCounts = new TlsCounts();
  const metrics = createMetrics({
    tls: certificate === undefined ? undefined : certificateFacts(certificate, tlsCounts),
    registry,
    pauses,
    dns: plane.counters,
    plane,
    longPolls: () => longPolls.waiting,
    watch: watchers,
    drainsWaiting: () => drainWaits.waiting,
    checks: health.counts,
    store: () => ({ ...kept.counts, isFailing: kept.trouble !== undefined }),
    isReady: () => state === 'ready',
    zoneCount: () => plane.zoneCount,
    limits: limits(config, room.limits.connectionsMax),
    version,
  });
  const lapsing = (stored: InstanceRecord): void => {
    plane.updateLease(stored);
    leaseTimer.arm();
  };
  registry.onChange((change) => kept.changed(change));
  registry.onChange((change) => changeLog.append(change));
  registry.onChange((change) => plane.apply(change));
  registry.onChange(() => leaseTimer.arm());
  registry.onChange((change) => longPolls.notify(change));
  registry.onChange((change) => watchers.changed(change));
  registry.onChange((change) => metrics.changed(change));
  registry.onChange((change) => health.changed(change));
  registry.onChange((change) => logEviction(change, logger));
  const guardLog = new GuardLog(logger);
  registry.guard.onNews((news) => guardLog.tell(news));

  // The HTTP side writes and reads.
  const http = createHttpServer({
    ...config,
    registry,
    clock,
    defaults,
    logger,
    isOpen: config.insecure,
    tls: certificate === undefined ? undefined : { certificate, clientAuth: config.tlsClientAuth, counts: tlsCounts },
    longPolls,
    watchers,
    drainWaits,
    counters: metrics.http,
    recorder,
    durable: () => kept.durable(),
    shown,
    availability: { isRestored: () => state !== 'starting', storeTrouble: () => kept.trouble },
    resolve: (text, type) => plane.explain(text, type),
    isReady: () => state === 'ready',
    metricsText: () => metrics.text(),
    version,
    limits: room.limits,
    clientRate: { perSecond: config.requestsPerClientPerSecond, burst: config.requestsPerClientBurst },
  });

  // Both planes open before the registry is back, to say so: SERVFAIL and 503. DNS first: whoever finds the API open may
  // count on being found.
  const httpListens = await listenHttp(http, config.http);
  if ('failed' in httpListens) {
    await plane.close();
    await kept.close(registry.revision);
    return listenProblem('HTTP', httpListens);
  }
  if (room.shortage !== undefined) logger.info(room.shortage, 'takes fewer HTTP connections than configured');
  const close = async () => {
    // DNS answers until the API is closed, so that nobody is turned away while others still read and write.
    await http.close();
    await plane.close();
    clearInterval(ticking);
    certificate?.close();
    await kept.close(registry.revision);
    metrics.stop();
    logger.info({ revision: registry.revision }, 'rollcall has stopped');
  };
  const told = (change: Change): void => {
    plane.apply(change);
    metrics.changed(change);
    health.changed(change);
  };
  const restored = await kept.restore(recovering(registry, liveZones, told));
  if (stopping.aborted) return close().then(() => 'stopped' as const);
  if (restored === 'damaged') {
    await close();
    if (!isSuspect) return startApp(config, logger, stopping, ownClock, true);
    return { problem: `Cannot use the data in ${config.data}: it reads otherwise each time; is the disk at fault?` };
  }
  leaseTimer.arm();
  await health.start();
  const zoneWatch = new ZoneWatch(
    config.zones,
    loaded.loads,
    (news) => {
      if (news.kind === 'loaded') {
        // The serial of a zone with live names is the registry's revision: its file moves it as a registration does.
        if (liveZones.isLive(news.zone.apex)) kept.touched(registry.touch());
        liveZones.serve(news.zone);
        plane.serveZone(news.zone);
      } else if (news.kind === 'released') {
        // Names of other zones come back with it, those of live zones too.
        kept.touched(registry.touch());
        liveZones.drop(news.apex);
        plane.dropZone(news.apex);
      }
      metrics.zoneFileChanged(news);
      const { level, facts, message } = newsText(news, zones);
      logger[level](facts, message);
    },
    { ...zoneWatchTimes, graceMs: config.zoneGraceSeconds * 1000 },
  );
  certificate?.watch();
  plane.ready();
  await plane.applied();
  state = 'ready';
  const { listens: dns, transport, unavailable } = plane;
  const tls = certificate === undefined ? {} : { tls: certificateSummary(certificate.current) };
  const served = {
    http: httpListens,
    ...tls,
    dns,
    threads,
    transport,
    unavailable,
    origin: config.origin,
    zones: zones.size,
  };
  logger.info({ ...served, restored, revision: registry.revision }, 'rollcall is ready');

  return {
    http: httpListens,
    dns,
    reloadCertificate: () => certificate?.reload(),
    releaseDeletedZones: () => zoneWatch.releaseDeleted(),
    applied: () => plane.applied(),
    async stop() {
      state = 'stopping';
      leaseTimer.stop();
      await zoneWatch.close();
      await health.close();
      await close();
    },
  };
}
