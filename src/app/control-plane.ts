// Everything that changes the registry or reports its changes: control and its fronts over HTTP, health, metrics, the
// logs, and the table of subscribers that connects them to the change stream.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { type Control, createControl } from '../control/control.ts';
import { DecisionLog } from '../control/decision-log.ts';
import { LongPolls } from '../control/long-poll.ts';
import { leastTtlOf } from '../dns/message/least-ttl.ts';
import type { Plane } from '../dns/plane/plane.ts';
import type { LiveZones } from '../dns/services/live-zones.ts';
import { HealthChecks } from '../health/health.ts';
import { ChangeLog } from '../history/change-log.ts';
import { LogRecorder } from '../history/log-recorder.ts';
import { CatalogNodes } from '../http/adapters/consul/catalog-nodes.ts';
import { CreatedServices } from '../http/adapters/nacos/created-services.ts';
import { createHttpServer } from '../http/server.ts';
import { Watchers } from '../http/watch/watchers.ts';
import { HttpCounts } from '../metrics/http-counts.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import type { Change } from '../model/change.ts';
import { Life } from '../model/life.ts';
import type { NacosGrpcCounts } from '../model/nacos-grpc-counts.ts';
import type { InstanceKey } from '../model/names.ts';
import type { Override } from '../model/status.ts';
import type { Registry } from '../registry/registry.ts';
import { version } from '../runtime/version.ts';
import type { Persistence } from '../store/persistence.ts';
import type { ClusterLink } from './cluster-link.ts';
import type { CredentialFile } from './credential-file.ts';
import { EventsOfNodes, ownEvents } from './events-of-nodes.ts';
import { fdBudget } from './fd-budget.ts';
import type { LeaseTimer } from './lease-timer.ts';
import type { ProcessClock } from './process-clock.ts';
import { countQueries, forgetQueries, type QueryCounting } from './query-counting.ts';
import { GuardLog, logEviction } from './registry-log.ts';
import { type Subscriber, subscribers } from './subscribers.ts';
import { certificateFacts, type Tls } from './tls.ts';
import type { ZoneFileList } from './zone-file-list.ts';

/** Apps that clients of fronts which push are subscribed to, each once a front: a waiter takes 300 octets. */
const pushedAppsMax = 100_000;

export interface ControlPlaneDeps {
  readonly registry: Registry;
  readonly clock: ProcessClock;
  readonly plane: Plane;
  readonly persistence: Persistence;
  readonly leaseTimer: Pick<LeaseTimer, 'arm'>;
  readonly cluster: ClusterLink | undefined;
  readonly liveZones: Pick<LiveZones, 'hiddenNames'>;
  readonly zoneFiles: Pick<ZoneFileList, 'list'>;
  readonly logger: Logger;
  /** All instances are back, and DNS answers. */
  readonly isReady: () => boolean;
  readonly isRecovered: () => boolean;
  /** Undefined: plain HTTP. */
  readonly tls: Tls | undefined;
  readonly credentials: CredentialFile;
  /** For what is no data of the registry; undefined: nothing is kept. */
  readonly folder: string | undefined;
  /** Of the gRPC server for clients of Nacos; undefined: there is none. */
  readonly nacosGrpc: () => NacosGrpcCounts | undefined;
}

export interface ControlPlane {
  /** Not listening yet. */
  readonly http: FastifyInstance;
  readonly control: Control;
  readonly health: HealthChecks;
  readonly metrics: Metrics;
  readonly subscribers: readonly Subscriber[];
  /** Undefined: it is not kept who asks for what. */
  readonly counting: QueryCounting | undefined;
  /** Of both fronts of Nacos. */
  readonly nacosServices: CreatedServices;
}

export function createControlPlane(config: Config, deps: ControlPlaneDeps): ControlPlane {
  const { registry, plane, persistence, leaseTimer, logger, cluster } = deps;
  const { clock } = deps.clock;
  const life = new Life(persistence.life);
  const changeLog = new ChangeLog(registry, { max: config.changeLogMax });
  const longPolls = new LongPolls({ waitingMax: config.longPollsMax });
  const pushes = new LongPolls({ waitingMax: pushedAppsMax });
  const visible = plane.threads === 0 ? () => undefined : () => (plane.isApplied ? undefined : plane.applied());
  const counts = new HttpCounts();
  const counting = countingOf(config, deps);
  const own = persistence.recorder ?? new LogRecorder(changeLog, clock.wallMs(), nextTurn);
  const control = createControl({
    registry,
    clock,
    log: new DecisionLog(logger, counts),
    longPolls,
    pushes,
    disconnected: disconnecting(deps),
    recorder: cluster === undefined ? own : new EventsOfNodes(own, cluster.askEvents),
    changes: changeLog,
    availability: availabilityOf(deps),
    durable: () => persistence.durable(),
    visible,
    answersHeld: (instance) => cluster?.answersHeld(instance) ?? plane.answersHeld(instance),
    keepHold: (key, override) => cluster?.keepHold(key, override) ?? keepHere(deps, key, override),
    ...inCluster(cluster),
    queries: counting?.lists,
    random: Math.random,
  });
  const watchers = new Watchers({
    view: registry,
    visible,
    log: changeLog,
    life,
    clock,
    max: config.watchersMax,
    onCut: (reason, { query, position }) => logger.debug({ reason, query: query.key, position }, 'cut a slow watcher'),
  });
  const health = createHealth(config, deps, control);
  const metrics = meter(config, deps, { counts, watchers, health, control });
  const guardLog = new GuardLog(logger);
  registry.guard.onEvent((event) => guardLog.log(event));
  const evictionLog = (change: Parameters<typeof logEviction>[0]) => logEviction(change, logger);
  cluster?.connect({ life, changeLog, health, ownEvents: (question) => ownEvents(own, question) });
  const checked = cluster?.checks ?? health;
  const parts = {
    ...{ persistence, changeLog, plane, leaseTimer, longPolls, pushes, watchers, metrics, evictionLog },
    quotas: control.quotas,
    health: checked,
    consulNodes: catalogNodes(config, plane),
    mirror: cluster === undefined ? undefined : (change: Change) => cluster.mirror(change),
  };
  const nacosServices = new CreatedServices();
  const http = createFronts(config, deps, { control, watchers, life, metrics, nacosServices });
  return { http, control, health, metrics, subscribers: subscribers(parts), counting, nacosServices };
}

/** Undefined: no names of Consul's are served. */
function catalogNodes({ consulDomain, adapterEnv }: Config, plane: Plane): CatalogNodes | undefined {
  return consulDomain === '' ? undefined : new CatalogNodes(adapterEnv, (node) => plane.consulNodeChanged(node));
}

/** An instance whose connection has closed has a deadline from then on. */
function countingOf({ queryStatistics, origin }: Config, deps: ControlPlaneDeps): QueryCounting | undefined {
  const { registry: view, plane, folder, logger } = deps;
  if (queryStatistics !== 'off') return countQueries({ plane, clock: deps.clock.clock, view, origin, folder, logger });
  forgetQueries(folder, logger);
  return undefined;
}

function disconnecting({ registry, leaseTimer }: ControlPlaneDeps): Control['disconnected'] {
  return (key) => {
    registry.disconnected(key);
    leaseTimer.arm();
  };
}

function availabilityOf({ isRecovered, persistence, cluster }: ControlPlaneDeps): Control['availability'] {
  return {
    isRecovered,
    storeTrouble: () => persistence.trouble,
    ...(cluster === undefined
      ? {}
      : { clusterTrouble: () => cluster.trouble, clusterWarnings: () => cluster.warnings }),
  };
}

/** On disk first: then it is there after a restart, too. */
async function keepHere(
  { registry, persistence }: ControlPlaneDeps,
  key: InstanceKey,
  override: Override,
): Promise<string | undefined> {
  try {
    await persistence.holdKept(key, override);
  } catch (error) {
    return (error as Error).message;
  }
  registry.recoverHolds([{ key, override }]);
  return undefined;
}

/** What other nodes have a word in. */
function inCluster(cluster: ClusterLink | undefined) {
  if (cluster === undefined) return {};
  const elsewhere = (keys: readonly InstanceKey[]) => cluster.elsewhere(keys);
  return { committer: cluster, renewing: cluster, cluster: cluster.view, elsewhere };
}

function createHealth(config: Config, deps: ControlPlaneDeps, control: Control): HealthChecks {
  const { registry, clock, persistence, logger, cluster } = deps;
  return new HealthChecks({
    ...config,
    submit: control.commands.submit,
    view: registry,
    clock: clock.clock,
    defaults: { leaseSeconds: config.leaseSeconds, dnsTtl: config.dnsTtlSeconds },
    fileEntries: persistence.fileEntries,
    otherFiles: cluster?.otherFiles,
    log: (level, fields, message) => logger[level](fields, message),
  });
}

interface Metered {
  readonly counts: HttpCounts;
  readonly watchers: Watchers;
  readonly health: HealthChecks;
  readonly control: Control;
}

function meter(config: Config, deps: ControlPlaneDeps, { counts, watchers, health, control }: Metered): Metrics {
  const { registry, clock, plane, persistence, isReady, tls, credentials, cluster } = deps;
  return createMetrics({
    registry,
    http: counts,
    tls: tls === undefined ? undefined : () => certificateFacts(tls),
    nacosGrpc: deps.nacosGrpc,
    isTokenFileFailing: () => credentials.isFailing,
    pauses: clock.pauses,
    dns: plane.counters,
    plane,
    longPolls: () => control.longPolls.waiting,
    watch: watchers,
    drainsWaiting: () => control.drainWaits.waiting,
    checks: health.counts,
    store: () => ({ ...persistence.counts, isFailing: persistence.trouble !== undefined }),
    isReady,
    zoneCount: () => plane.zoneCount,
    queries: control.queries,
    limits: limits(config, fdBudget(config).limits.connectionsMax),
    version,
    cluster: cluster === undefined ? undefined : () => cluster.view.status(),
  });
}

interface Fronts {
  readonly control: Control;
  readonly watchers: Watchers;
  readonly life: Life;
  readonly metrics: Metrics;
  readonly nacosServices: CreatedServices;
}

function createFronts(
  config: Config,
  { clock, plane, liveZones, zoneFiles, logger, isReady, tls, credentials }: ControlPlaneDeps,
  { control, watchers, life, metrics, nacosServices }: Fronts,
): FastifyInstance {
  return createHttpServer({
    control,
    watchers,
    life,
    clock: clock.clock,
    origin: config.origin,
    defaults: { leaseSeconds: config.leaseSeconds, dnsTtl: config.dnsTtlSeconds },
    logger,
    tokens: [],
    credentials: credentials.current.credentials.length === 0 ? undefined : credentials,
    anonymousRights: config.anonymousRights,
    isOpen: config.insecure,
    tls,
    publicUrl: config.publicUrl,
    trustedProxies: config.trustedProxies,
    adapters: { names: config.adapters, env: config.adapterEnv, nacosServices },
    hiddenNames: (instance) => liveZones.hiddenNames(instance),
    zoneFiles: () => zoneFiles.list(),
    resolve: (text, type) => plane.explain(text, type),
    dnsQueries: {
      answer: (bytes, address) => plane.answer(bytes, { transport: 'https', address }),
      ttlSecondsOf: leastTtlOf,
      isSame: config.dnsAllow.length + config.dnsAllowZones.length === 0,
    },
    isReady,
    metricsText: () => metrics.text(),
    version,
    dnsPort: plane.listens[0]?.port,
    limits: fdBudget(config).limits,
    clientRate: { perSecond: config.requestsPerClientPerSecond, burst: config.requestsPerClientBurst },
  });
}

/** `connections` is what is left of the setting by the descriptors that the process may open. */
function limits(
  config: Pick<Config, 'instancesMax' | 'appsMax' | 'watchersMax' | 'longPollsMax' | 'tcpConnectionsMax'>,
  connections: number,
): Readonly<Record<string, number>> {
  return {
    instances: config.instancesMax,
    apps: config.appsMax,
    watchers: config.watchersMax,
    'long-polls': config.longPollsMax,
    connections,
    'dns-connections': config.tcpConnectionsMax,
  };
}
