// The composition root: read it top to bottom. Opens every part in order, hands each what it needs of another as a function,
// and closes in the opposite order what has been opened, at the end or where the start fails.
// Nothing is kept in a module: two apps can run in one process, as the tests do.

import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { name } from '../dns/message/name.ts';
import { defaultThreads } from '../dns/plane/dns-worker.ts';
import type { Plane } from '../dns/plane/plane.ts';
import { formatFault } from '../dns/zone-file/fault.ts';
import { type LoadedZones, loadZones } from '../dns/zone-file/load.ts';
import type { ZoneEvent } from '../dns/zone-file/watch/zone-event.ts';
import { ZoneWatch, zoneWatchTimes } from '../dns/zone-file/watch/zone-watch.ts';
import { listenHttp } from '../http/server/listen.ts';
import type { InstanceRecord } from '../model/instance-record.ts';
import type { Listen, ListenFailure } from '../model/listen.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Persistence } from '../store/persistence.ts';
import type { ClusterLink, ClusterLinkDeps } from './cluster-link.ts';
import { type ControlPlane, type ControlPlaneDeps, createControlPlane } from './control-plane.ts';
import { CredentialFile } from './credential-file.ts';
import { openDataPlane } from './data-plane.ts';
import type { EarlyWorkers } from './early-workers.ts';
import { fdBudget } from './fd-budget.ts';
import { LeaseTimer } from './lease-timer.ts';
import { type OpenNacosGrpc, openNacosGrpc } from './nacos-grpc.ts';
import { OriginServers } from './origin-servers.ts';
import { startClock, systemClock } from './process-clock.ts';
import { recovering } from './recovery.ts';
import {
  createRegistry,
  fileZonesOf,
  openData,
  type RegistryState,
  type RegistryStateOptions,
} from './registry-state.ts';
import { recoveredBy } from './subscribers.ts';
import { certificateSummary, openTls, type Tls } from './tls.ts';
import { ZoneFileDigests } from './zone-file-digests.ts';
import { ZoneFileList } from './zone-file-list.ts';
import { zoneReload } from './zone-reload.ts';
import { warnerOfZones } from './zone-warnings.ts';

export interface RunningApp {
  readonly http: readonly Listen[];
  readonly dns: readonly Listen[];
  readonly dnsTls: readonly Listen[];
  /** Undefined: the adapter is off, or gRPC is. */
  readonly nacosGrpc: readonly Listen[] | undefined;
  /** Takes out the zones of deleted files now; returns how many. */
  releaseDeletedZones(): number;
  /** Reads the files of the certificate and of tokens now, where there are any. */
  reloadSecrets(): void;
  /** Resolves when every DNS thread has applied what there is. */
  applied(): Promise<void>;
  /** Readiness off, what is in flight answered, all sockets closed. */
  stop(): Promise<void>;
}

type Ended = { readonly problem: string } | 'stopped';

/** What is the same for a first and a second opening of the data. */
interface Start {
  readonly config: Config;
  readonly logger: Logger;
  /** Ends a start that is in progress: a large registry takes seconds. */
  readonly stopping: AbortSignal;
  readonly ownClock: Clock;
  /** Undefined: each is made when it is needed. */
  readonly workers: EarlyWorkers | undefined;
}

/** A problem is a sentence for a person. Data that turns out to be damaged is opened a second time, as a suspect. */
export async function startApp(
  config: Config,
  logger: Logger,
  stopping: AbortSignal,
  ownClock: Clock = systemClock,
  workers?: EarlyWorkers,
): Promise<RunningApp | Ended> {
  const start: Start = { config, logger, stopping, ownClock, workers };
  const first = await open(start, false);
  if (first !== 'damaged') return first;
  const second = await open(start, true);
  if (second !== 'damaged') return second;
  return { problem: `Cannot use the data in ${config.data}: it reads otherwise each time; is the disk at fault?` };
}

/** Whatever keeps the app from being ready closes what was opened before. */
async function open(start: Start, isSuspect: boolean): Promise<RunningApp | Ended | 'damaged'> {
  const opened = new AsyncDisposableStack();
  try {
    const app = await compose(start, isSuspect, opened);
    if (typeof app === 'string' || 'problem' in app) await opened.disposeAsync();
    return app;
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

/** A mark reaches the other nodes with the next hello, a second later, and counts for a TTL more. */
const clusterNoticeMs = 3000;

/** What the registry of a node reads of the other nodes of its cluster. */
function registryInCluster(cluster: () => ClusterLink | undefined): RegistryStateOptions['cluster'] {
  return {
    nearExpiryNoticeMs: clusterNoticeMs,
    remoteReason: (key) => cluster()?.reasonOf(key) ?? '',
    elsewhere: (app) => cluster()?.lossesElsewhere(app) ?? { serving: 0, losses: 0 },
  };
}

type Phase = 'starting' | 'ready' | 'stopping';

async function compose(
  { config: given, logger, stopping, ownClock, workers }: Start,
  isSuspect: boolean,
  opened: AsyncDisposableStack,
): Promise<RunningApp | Ended | 'damaged'> {
  const phase: { now: Phase } = { now: 'starting' };
  const clock = startClock(ownClock, logger);
  opened.defer(() => clock.stop());

  // Zones from files. A broken one is served as SERVFAIL; that of the origin, or no folder, stops the start.
  const loaded = loadZones(given.zones, { mayBeMissing: !given.areZonesGiven });
  if (loaded.isUnreadable || loaded.broken.some(({ apex }) => apex === name(given.origin)))
    return { problem: `Cannot load the zones:\n${loaded.faults.map(formatFault).join('\n')}` };

  const tls = openTls(given, logger);
  if (tls !== undefined && 'problem' in tls) return tls;
  opened.defer(() => tls?.certificate.close());

  // What the last run has left, and the registry that it goes into. What a cluster has is in etcd.
  const isCluster = given.clusterName !== '';
  const config = isCluster ? { ...given, data: undefined } : given;
  let cluster: ClusterLink | undefined;
  const opening = { clock: clock.clock, loaded, isSuspect, stopping, logger };
  const persistence = await openData(config, { ...opening, takeWorker: workers?.takeWriter });
  if (persistence === 'stopped' || 'problem' in persistence) return persistence;
  const threads = config.dnsThreads ?? defaultThreads(availableParallelism());
  const onNearExpiry = (stored: InstanceRecord): void => {
    plane.updateLease(stored);
    cluster?.marked(stored);
    leaseTimer.arm();
  };
  const state = createRegistry(config, {
    clock: clock.clock,
    loaded,
    // A cluster's numbers are its own.
    initialRevision: isCluster ? 0 : persistence.initialRevision,
    onNearExpiry: threads === 0 && !isCluster ? undefined : onNearExpiry,
    onHoldReleased: (key) => persistence.holdReleased(key),
    cluster: isCluster ? registryInCluster(() => cluster) : {},
  });
  const { registry, liveZones } = state;
  opened.defer(() => persistence.close(registry.revision));

  // Both planes open before the registry is recovered and answer SERVFAIL and 503 until then. DNS first: a client that finds the
  // API open may count on being found. DNS answers until the API is closed, for those that still read and write.
  // Later than the answers end: the others need not ask this node any more then.
  opened.defer(() => cluster?.leave());
  const planeParts = { state, clock, threads, logger, takeWorker: workers?.takeDns };
  const answering = { ...planeParts, fileZones: fileZonesOf(loaded), certificate: tls?.certificate };
  const listening = await openDataPlane(config, answering);
  if ('failed' in listening) return listenProblem('DNS', listening);
  const plane = listening;
  opened.defer(() => plane.close());
  opened.defer(() => cluster?.quiesce());
  tls?.certificate.on({ onReload: (pair) => plane.renewCertificate(pair), onProblem: () => {} });
  const zoneDigests = new ZoneFileDigests(loaded.loads);
  const linked = isCluster
    ? await linkCluster(given, { state, clock, ownClock, plane, logger, zoneDigests })
    : undefined;
  if (linked !== undefined && 'problem' in linked) return linked;
  cluster = linked;
  // In a cluster the ends of leases are decided by all nodes.
  const leaseTimer = cluster ?? new LeaseTimer(registry, clock.clock, plane);
  const phases = { isReady: () => phase.now === 'ready', isRecovered: () => phase.now !== 'starting' };
  const zoneFiles = new ZoneFileList(loaded.loads, state.zones, liveZones);
  const common = { registry, clock, plane, persistence, leaseTimer, liveZones, zoneFiles, logger, folder: given.data };
  const controlling = await openControlPlane(config, { ...common, ...phases, tls, cluster }, opened);
  if ('problem' in controlling) return controlling;
  const composed = { config, logger, stopping, phase, state, persistence, plane, leaseTimer, tls, cluster };
  return run({ ...composed, loaded, zoneFiles, zoneDigests, ...controlling }, opened);
}

/** The control plane, connected to the change stream and listening. */
async function openControlPlane(
  config: Config,
  parts: Omit<ControlPlaneDeps, 'credentials' | 'nacosGrpc'>,
  opened: AsyncDisposableStack,
): Promise<Pick<Composed, 'control' | 'http' | 'nacosGrpc' | 'credentials'> | { readonly problem: string }> {
  const credentials = new CredentialFile(config, parts.logger);
  opened.defer(() => credentials.close());
  let nacosGrpc: OpenNacosGrpc | undefined;
  const control = createControlPlane(config, { ...parts, credentials, nacosGrpc: () => nacosGrpc?.counts });
  opened.defer(() => control.metrics.stop());
  opened.defer(() => control.counting?.stop());
  for (const { live } of control.subscribers) parts.registry.onChange(live);
  const http = await listenHttp(control.http, config.http);
  if ('failed' in http) return listenProblem('HTTP', http);
  opened.defer(() => control.http.close());
  const grpc = await openNacosGrpc(config, { ...control, clock: parts.clock.clock, tls: parts.tls });
  if (grpc !== undefined && 'failed' in grpc) return listenProblem('gRPC of Nacos', grpc);
  nacosGrpc = grpc;
  if (grpc !== undefined) opened.defer(() => grpc.close());
  const { shortage } = fdBudget(config);
  if (shortage !== undefined) parts.logger.info(shortage, 'takes fewer HTTP connections than configured');
  return { control, http, nacosGrpc, credentials };
}

interface Composed extends Pick<Start, 'config' | 'logger' | 'stopping'> {
  readonly phase: { now: Phase };
  readonly loaded: LoadedZones;
  readonly zoneFiles: ZoneFileList;
  readonly zoneDigests: ZoneFileDigests;
  readonly state: RegistryState;
  readonly persistence: Persistence;
  readonly plane: Plane;
  readonly leaseTimer: Pick<LeaseTimer, 'arm' | 'stop'>;
  readonly cluster: ClusterLink | undefined;
  readonly control: ControlPlane;
  readonly http: readonly Listen[];
  readonly nacosGrpc: OpenNacosGrpc | undefined;
  readonly tls: Tls | undefined;
  readonly credentials: CredentialFile;
}

/** Loaded only where there is a cluster: gRPC takes its time. */
async function linkCluster(config: Config, deps: ClusterLinkDeps): Promise<ClusterLink | { readonly problem: string }> {
  const { ClusterLink } = await import('./cluster-link.ts');
  return ClusterLink.open(config, deps);
}

/** Recovers the registry, and lets time pass for it from then on: leases end, checks run, zone files are followed. */
async function run(composed: Composed, opened: AsyncDisposableStack): Promise<RunningApp | Ended | 'damaged'> {
  const { config, logger, phase, loaded, state, persistence, plane, leaseTimer, control, http } = composed;
  const { tls, credentials, cluster, zoneFiles } = composed;
  const { registry, zones, liveZones } = state;
  const { health, metrics, subscribers } = control;
  const recover = recovering(registry, liveZones, recoveredBy(subscribers));
  const recovered =
    cluster === undefined ? await persistence.restore(recover) : await cluster.join(recover, composed.stopping);
  if (typeof recovered === 'object') return recovered;
  if (composed.stopping.aborted) return 'stopped';
  if (recovered === 'damaged' || recovered === 'stopped') return recovered;
  registry.recoverHolds(await persistence.holds());

  leaseTimer.arm();
  opened.defer(() => leaseTimer.stop());
  opened.defer(() => health.close());
  await health.start();
  const warnOfZones = warnerOfZones(zones, liveZones, plane.listens, logger);
  warnOfZones(new Set([name(config.origin), ...loaded.zones.keys()]));
  const reloading = { persistence, liveZones, plane, metrics, zones, logger, warnOfZones, zoneFiles };
  const reload = zoneReload({ registry: cluster ?? registry, ...reloading });
  const inCluster = cluster === undefined ? undefined : zonesInCluster(composed, cluster);
  const watchTimes = { ...zoneWatchTimes, graceMs: config.zoneGraceSeconds * 1000 };
  const zoneWatch = new ZoneWatch(config.zones, loaded.loads, inCluster?.(reload) ?? reload, watchTimes);
  opened.defer(() => zoneWatch.close());
  tls?.certificate.watch();
  credentials.watch();
  plane.ready();
  await plane.applied();
  phase.now = 'ready';
  const { revision } = registry;
  const { listens: dns, threads, transport, unavailable } = plane;
  const certificate = tls === undefined ? {} : { tls: certificateSummary(tls.certificate.current) };
  const grpc = composed.nacosGrpc === undefined ? {} : { nacosGrpc: composed.nacosGrpc.listens };
  const listening = { http, ...grpc, ...certificate, dns, dnsTls: plane.tlsListens };
  const served = { ...listening, threads, transport, unavailable, origin: config.origin, zones: zones.size };
  logger.info({ ...served, restored: recovered, revision }, 'rollcall is ready');
  return {
    http,
    dns,
    dnsTls: plane.tlsListens,
    nacosGrpc: composed.nacosGrpc?.listens,
    reloadSecrets() {
      tls?.certificate.reload();
      credentials.reload();
    },
    releaseDeletedZones: () => zoneWatch.releaseDeleted(),
    applied: () => plane.applied(),
    async stop() {
      phase.now = 'stopping';
      await opened.disposeAsync();
      logger.info({ revision: registry.revision }, 'rollcall has stopped');
    },
  };
}

/** What the other nodes hear of zone files, and the origin's name servers of all nodes. */
function zonesInCluster({ config, state, plane, zoneDigests, logger }: Composed, cluster: ClusterLink) {
  const { origin, negativeTtlSeconds } = config;
  const servers = new OriginServers({
    ...{ origin, negativeTtlSeconds, logger },
    isOfFile: () => zoneDigests.all.has(origin),
    serve: (zone) => {
      state.liveZones.serve(zone);
      plane.serveZone(zone);
    },
  });
  cluster.followNameServers((list) => servers.changed(list));
  return (reload: (event: ZoneEvent) => void) => (event: ZoneEvent) => {
    zoneDigests.changed(event);
    reload(event);
    if (event.kind === 'loaded' || event.kind === 'released') cluster.zonesChanged();
    if (event.kind === 'released') servers.show();
  };
}

const reasons = new Map([
  ['EADDRINUSE', 'another program uses this port'],
  ['EACCES', 'ports below 1024 need the capability CAP_NET_BIND_SERVICE'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
  ['ENOTFOUND', 'there is no host of this name'],
]);

/** Why an address cannot be opened, in one sentence with what, where and why. `what`: `DNS`, `HTTP`. */
function listenProblem(what: string, { failed, error }: ListenFailure): { readonly problem: string } {
  const { host, port } = failed;
  const where = `${what} on ${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { problem: `Cannot listen for ${where}: ${reasons.get(error.code ?? '') ?? error.message}` };
}
