// The composition root: read it top to bottom. Builds every part, hands each what it needs of another as a function,
// adds the listeners of the change stream in the order in which they are to hear, and starts and stops everything.
// Nothing is kept in a module: two apps can run in one process, as the tests do.

import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import manifest from '../package.json' with { type: 'json' };
import type { Config } from './config.ts';
import { explain } from './dns/explain.ts';
import { LiveZones } from './dns/live/live-zones.ts';
import { name, nameToText } from './dns/name.ts';
import { defaultThreads, openPlane } from './dns/plane/plane.ts';
import { Draws } from './dns/rotation.ts';
import { soaSerial, type Zone } from './dns/zone.ts';
import { formatFault } from './dns/zone-file/fault.ts';
import { loadZones } from './dns/zone-file/load.ts';
import { ZoneTable } from './dns/zone-table.ts';
import type { ZoneNews } from './dns/zone-watch/zone-news.ts';
import { ZoneWatch } from './dns/zone-watch/zone-watch.ts';
import { type Listen, listenHttp } from './http/listen.ts';
import { LongPolls } from './http/long-poll.ts';
import { createHttpServer } from './http/server.ts';
import { LeaseTimer } from './lease-timer.ts';
import { listenProblem } from './listen-problem.ts';
import { createMetrics } from './metrics/metrics.ts';
import type { Change } from './registry/change.ts';
import type { Clock } from './registry/clock.ts';
import { Registry } from './registry/registry.ts';
import type { LeasedInstance } from './registry/view.ts';
import { openRevisionMark } from './store/revision-file.ts';
import { systemClock } from './system-clock.ts';

export interface App {
  readonly http: readonly Listen[];
  readonly dns: readonly Listen[];
  /** Readiness off, what is in flight answered, all sockets closed. */
  stop(): Promise<void>;
}

export async function startApp(
  config: Config,
  logger: Logger,
  clock: Clock = systemClock,
): Promise<App | { problem: string }> {
  let state: 'starting' | 'ready' | 'stopping' = 'starting';
  const origin = name(config.origin);
  const threads = config.dnsThreads ?? defaultThreads(availableParallelism());

  // Zones from files. A fault stops the start: better no server than one with half its names.
  const zones = new ZoneTable();
  const loaded = loadZones(config.zones);
  if (loaded.faults.length > 0)
    return { problem: `Cannot load the zones:\n${loaded.faults.map(formatFault).join('\n')}` };

  // The registry: what it must not take is what a zone file has.
  const mark = openRevisionMark(config.data, {
    wallMs: () => clock.wallMs(),
    onFault: (message) => logger.warn(message),
  });
  if ('problem' in mark) return mark;
  const registry = new Registry({
    clock,
    origin: config.origin,
    defaults: { leaseSeconds: config.leaseSeconds, dnsTtl: config.dnsTtlSeconds },
    instancesMax: config.instancesMax,
    instancesPerAppMax: config.instancesPerAppMax,
    initialRevision: mark.initial,
    isReserved: (text) => liveZones.reservedReason(text),
    // A plane in this thread reads the deadlines themselves.
    ...(threads === 0 ? {} : { onLapsing: (stored) => lapsing(stored) }),
  });

  // The DNS side reads: the registry's names are laid under the zones of the files, or under zones made for them. Here
  // this is for those who explain and for what cannot be registered; queries meet the same in the data plane.
  const hosts = config.dns.map(({ host }) => host);
  const liveZones = new LiveZones({
    origin,
    view: registry,
    zones,
    draws: new Draws(Math.random()),
    negativeTtlSeconds: config.negativeTtlSeconds,
    hosts,
  });
  for (const zone of loaded.zones.values()) liveZones.serve(zone);
  liveZones.serveMissing();

  // The data plane listens from here on and says SERVFAIL until all is in place.
  const plane = await openPlane({
    threads,
    listens: config.dns,
    origin,
    view: registry,
    everybody: function* () {
      for (const app of registry.apps()) yield* app.instances();
    },
    zones,
    fileZones: loaded.zones.values(),
    negativeTtlSeconds: config.negativeTtlSeconds,
    hosts,
    clock,
    cacheOctetsMax: config.answerCacheMiB * 1024 * 1024,
    tcp: {
      idleMs: config.tcpIdleSeconds * 1000,
      connectionsMax: config.tcpConnectionsMax,
      connectionsPerClientMax: config.tcpConnectionsPerClientMax,
    },
    identity: {
      serverId: config.serverId,
      serverVersion: config.serverVersion,
      cookieSecret: config.cookieSecret === undefined ? randomBytes(16) : Buffer.from(config.cookieSecret, 'hex'),
    },
    onFault: (error, question) => logger.error({ err: error, question }, 'Cannot answer a DNS question'),
    onThreadEnd: (error) => logger.error({ err: error }, 'A DNS thread has ended; another one takes its place'),
    // Nobody catches it: the process stops as with any fault in the program.
    onLost: (error) => {
      setImmediate(() => {
        throw error;
      });
    },
  });
  if ('failed' in plane) return listenProblem('DNS', plane);

  // Listeners of the change stream, in this order, before a write is answered. Cached DNS answers need none: they carry
  // the revisions that they were made from.
  const longPolls = new LongPolls({ waitingMax: config.longPollsMax });
  const leaseTimer = new LeaseTimer(registry, clock);
  const metrics = createMetrics({
    registry,
    dns: plane.counters,
    plane,
    longPolls: () => longPolls.waiting,
    version: manifest.version,
  });
  const lapsing = (stored: LeasedInstance): void => {
    plane.mark(stored);
    leaseTimer.arm();
  };
  registry.onChange((change) => mark.passed(change.revision));
  registry.onChange((change) => liveZones.changed(change));
  registry.onChange((change) => plane.apply(change));
  registry.onChange(() => leaseTimer.arm());
  // Who waits for a change and then asks DNS shall find it there.
  registry.onChange((change) => void plane.applied().then(() => longPolls.notify(change)));
  registry.onChange((change) => metrics.changed(change));
  registry.onChange((change) => logEviction(change, logger));

  // The HTTP side writes and reads.
  const http = createHttpServer({
    registry,
    clock,
    origin: config.origin,
    defaults: { leaseSeconds: config.leaseSeconds, dnsTtl: config.dnsTtlSeconds },
    logger,
    tokens: config.tokens,
    isOpen: config.insecure,
    longPolls,
    counters: metrics.http,
    durable: () => plane.applied(),
    resolve: (text, type) => explain(text, type, zones, clock.monotonicMs()),
    isReady: () => state === 'ready',
    metricsText: () => metrics.text(),
    version: manifest.version,
    limits: { connectionsMax: config.httpConnectionsMax },
  });

  // DNS first: whoever finds the API open may count on being found.
  plane.ready();
  await plane.applied();
  const httpListens = await listenHttp(http, config.http);
  if ('failed' in httpListens) {
    await plane.close();
    return listenProblem('HTTP', httpListens);
  }
  const zoneWatch = new ZoneWatch(config.zones, loaded.loads, (news) => {
    if (news.kind === 'loaded') {
      // The serial of a zone with live names is the registry's revision: its file moves it as a registration does.
      if (liveZones.isLive(news.zone.apex)) mark.passed(registry.touch());
      liveZones.serve(news.zone);
      plane.serveZone(news.zone);
    }
    logZoneNews(news, zones, logger);
  });
  state = 'ready';
  logger.info(
    {
      http: httpListens,
      dns: plane.listens,
      threads,
      transport: plane.transport,
      origin: config.origin,
      zones: zones.size,
      revision: registry.revision,
    },
    'rollcall is ready',
  );

  return {
    http: httpListens,
    dns: plane.listens,
    async stop() {
      state = 'stopping';
      leaseTimer.stop();
      await zoneWatch.close();
      // DNS answers until the API is closed, so that nobody is turned away while others still read and write.
      await http.close();
      await plane.close();
      mark.close(registry.revision);
      metrics.stop();
      logger.info({ revision: registry.revision }, 'rollcall has stopped');
    },
  };
}

function logZoneNews(news: ZoneNews, zones: ZoneTable, logger: Logger): void {
  const { kind, path: file } = news;
  if (kind === 'loaded') {
    const { apex, live, soa, records } = zones.get(news.zone.apex) as Zone;
    const serial = live?.serial ?? soaSerial(soa);
    logger.info(
      { zone: nameToText(apex), serial, records: records.recordCount, file, mended: news.isMended },
      news.isNew ? 'loaded a new zone' : 'reloaded a zone',
    );
  } else if (kind === 'mended') logger.info({ file }, 'a zone file is good again, and says what is served');
  else if (kind === 'deleted') logger.warn({ file }, 'a zone file is gone: its zone is served until the next start');
  else if (kind === 'unwatched') logger.warn({ folder: file, reason: news.reason }, 'cannot watch a folder of zones');
  else {
    const message = `cannot load a zone: ${news.isServed ? 'the last good version is served' : 'it is not served'}`;
    logger.warn({ file, faults: news.faults.map(formatFault) }, message);
  }
}

function logEviction(change: Change, logger: Logger): void {
  if (change.kind !== 'evicted') return;
  const { env, appid, instance, leaseSeconds } = change.before;
  logger.info(
    { decision: 'evicted', env, appid, instance, leaseSeconds, revision: change.revision },
    'evicted an instance: its lease ended',
  );
}
