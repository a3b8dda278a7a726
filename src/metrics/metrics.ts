// The metrics page, for Prometheus. Nothing is counted here: each part counts in plain numbers, and every metric copies
// them when the page is asked for. Base units; every label comes from a closed set, never from a caller.
// Limits: the whole registry is one scrape of some hundred lines, whatever it holds.

import { Counter, collectDefaultMetrics, Gauge, type PrometheusContentType, Registry } from '@prometheus-io/client';
import type { CheckCounts } from '../model/check-counts.ts';
import type { ClusterStatus } from '../model/cluster-status.ts';
import type { DnsCounts } from '../model/dns-counts.ts';
import type { GuardView } from '../model/guard-status.ts';
import type { NacosGrpcCounts } from '../model/nacos-grpc-counts.ts';
import { clusterMetrics } from './cluster-metrics.ts';
import { type EventLoopDelay, measureEventLoopDelay } from './event-loop-delay.ts';
import type { HttpCounts } from './http-counts.ts';
import { RegistryCounts } from './registry-counts.ts';

/** What has been written to the disk. */
export interface StoreCounts {
  readonly written: number;
  readonly pending: number;
  readonly commits: number;
  readonly commitMs: number;
  readonly isFailing: boolean;
}

/** What the watchers count. */
interface WatchCounts {
  /** Now. */
  readonly count: number;
  readonly eventCount: number;
  readonly cutCount: number;
}

/** The certificate of this server, and what became of handshakes. */
export interface TlsFacts {
  readonly expiresAtMs: number;
  readonly isFailing: boolean;
  readonly handshakes: { readonly done: number; readonly failed: number; readonly refused: number };
}

export interface TopQueries {
  /** Names with an answer that were asked for most in the last minute. */
  top(limit: number): readonly { readonly name: string; readonly type: string; readonly minute: number }[];
  /** Queries that are in no row. */
  readonly unlisted: number;
}

/** So many series a scrape: the names change, their number does not. */
const topNames = 20;

export interface MetricsSources {
  /** Undefined: there is no TLS. */
  readonly tls?: (() => TlsFacts) | undefined;
  /** Undefined: the adapter is off. */
  readonly nacosGrpc?: (() => NacosGrpcCounts | undefined) | undefined;
  /** What the token file holds now was refused. */
  readonly isTokenFileFailing: () => boolean;
  /** What the HTTP plane and control count. */
  readonly http: HttpCounts;
  readonly registry: { readonly revision: number; readonly appCount: number; readonly guard: GuardView };
  /** Of this process, as they were noticed. */
  readonly pauses: { readonly count: number; readonly ms: number };
  readonly dns: DnsCounts;
  /** Threads that answer DNS, 0: the main one, and how they take datagrams. */
  readonly plane: { readonly threads: number; readonly transport: string };
  readonly watch: WatchCounts;
  readonly checks: CheckCounts;
  /** Callers that wait now. */
  readonly longPolls: () => number;
  /** Of those, the ones that wait until an instance is safe to stop. */
  readonly drainsWaiting: () => number;
  readonly store: () => StoreCounts;
  /** It has all of its state, and is not about to stop. */
  readonly isReady: () => boolean;
  /** Served from files or made for the registry's names. */
  readonly zoneCount: () => number;
  /** What is refused above: by what it limits. */
  readonly limits: Readonly<Record<string, number>>;
  readonly version: string;
  /** Undefined: it is not kept who asks for what. */
  readonly queries?: TopQueries | undefined;
  /** Of a node in one. */
  readonly cluster?: (() => ClusterStatus) | undefined;
  /** Also the `process_` and `nodejs_` metrics of the client, which cannot be stopped again. */
  readonly processMetrics?: boolean;
}

export interface Metrics {
  /** A change listener. */
  readonly changed: RegistryCounts['changed'];
  /** Gets what becomes of zone files. */
  readonly zoneFileChanged: ZoneFileCounts['changed'];
  text(): Promise<{ readonly contentType: string; readonly text: string }>;
  stop(): void;
}

export function createMetrics(sources: MetricsSources): Metrics {
  const page = new Registry<PrometheusContentType>();
  const { http } = sources;
  const registry = new RegistryCounts();
  const zoneFiles = new ZoneFileCounts();
  const delay = measureEventLoopDelay();
  if (sources.processMetrics !== false) addProcessDefaults(page);
  addRegistryMetrics(page, registry, sources);
  addHttpMetrics(page, http, sources);
  addTlsMetrics(page, sources.tls);
  addNacosMetrics(page, sources.nacosGrpc ?? (() => undefined));
  const tokenFile = '1 while the token file cannot be used, and the credentials before are in force.';
  gauge(page, 'rollcall_token_file_failing', tokenFile, [], () => [[{}, sources.isTokenFileFailing() ? 1 : 0]]);
  addDnsMetrics(page, sources);
  addStoreMetrics(page, sources.store);
  addCheckMetrics(page, sources.checks);
  addGuardMetrics(page, sources);
  addQueryMetrics(page, sources.queries);
  addZoneMetrics(page, zoneFiles, sources.zoneCount);
  addProcessMetrics(page, delay, sources);
  const latencies = (): string =>
    http.latencies.text('rollcall_http_request_seconds', 'Duration of HTTP calls, without those that asked to wait.');
  const cluster = (): string => (sources.cluster === undefined ? '' : `\n${clusterMetrics(sources.cluster())}\n`);
  return {
    changed: (change) => registry.changed(change),
    zoneFileChanged: (event) => zoneFiles.changed(event),
    text: async () => ({ contentType: page.contentType, text: `${await page.metrics()}\n${latencies()}${cluster()}` }),
    stop: () => delay.stop(),
  };
}

/** Of the client's own. It would wake the process ten times a second for how busy the event loop is, and a hundred for how late. */
const defaultsEveryMs = 10_000;

function addProcessDefaults(page: Page): void {
  const [eventLoopUtilizationTimeout, eventLoopMonitoringPrecision] = [defaultsEveryMs, defaultsEveryMs];
  collectDefaultMetrics({ register: page, eventLoopUtilizationTimeout, eventLoopMonitoringPrecision });
  // At this rate they are meaningless; `rollcall_event_loop_delay_seconds` is not.
  for (const what of ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99']) {
    page.removeSingleMetric(`nodejs_eventloop_lag_${what}_seconds`);
  }
}

function addQueryMetrics(page: Page, queries: TopQueries | undefined): void {
  if (queries === undefined) return;
  const top = `Queries of the last minute for the ${topNames} questions that were asked most, and have an answer.`;
  gauge(page, 'rollcall_dns_top_queries', top, ['name', 'type'], () =>
    queries.top(topNames).map(({ name, type, minute }) => [{ name, type }, minute]),
  );
  const unlisted = 'Queries that are not listed by name and client: there was no room.';
  counter(page, 'rollcall_dns_queries_unlisted_total', unlisted, [], () => [[{}, queries.unlisted]]);
}

function addRegistryMetrics(page: Page, registry: RegistryCounts, { registry: source }: MetricsSources): void {
  gauge(page, 'rollcall_instances', 'Registered instances.', ['status'], () => byOne('status', registry.instances));
  gauge(page, 'rollcall_apps', 'Apps with at least one instance.', [], () => [[{}, source.appCount]]);
  gauge(page, 'rollcall_revision', 'The revision of the registry: one more with every change.', [], () => [
    [{}, source.revision],
  ]);
  counter(page, 'rollcall_changes_total', 'Changes of the registry.', ['kind'], () => byOne('kind', registry.changes));
  counter(page, 'rollcall_evictions_total', 'Instances evicted because their lease ended.', [], () => [
    [{}, registry.changes.get('evicted') ?? 0],
  ]);
}

function addHttpMetrics(page: Page, http: HttpCounts, { longPolls, drainsWaiting, watch }: MetricsSources): void {
  const labels = ['outcome'];
  const counts = (of: ReadonlyMap<string, number>) => () => byOne('outcome', of);
  counter(page, 'rollcall_registrations_total', 'Registrations, by outcome.', labels, counts(http.registrations));
  counter(page, 'rollcall_renewals_total', 'Renewals, by outcome.', labels, counts(http.renewals));
  counter(page, 'rollcall_patches_total', 'Patches, by outcome.', labels, counts(http.patches));
  counter(page, 'rollcall_cancels_total', 'Cancellations, by outcome.', labels, counts(http.cancels));
  counter(page, 'rollcall_drains_total', 'Drains and their ends, by outcome.', labels, counts(http.drains));
  const refused = 'Calls and connections refused because a limit was reached.';
  counter(page, 'rollcall_refused_total', refused, ['what'], () => byOne('what', http.refusals));
  counter(page, 'rollcall_http_requests_total', 'HTTP requests answered.', ['route', 'method', 'status'], () =>
    [...http.requests()].map(({ route, method, status, count }) => [{ route, method, status }, count]),
  );
  const unsent = 'Octets of replies over HTTP and Nacos’s gRPC that clients have not taken yet.';
  gauge(page, 'rollcall_http_unsent_bytes', unsent, [], () => [[{}, http.unsentOctets]]);
  gauge(page, 'rollcall_http_connections', 'Open HTTP connections.', [], () => [[{}, http.connections]]);
  gauge(
    page,
    'rollcall_http_long_polls',
    'Calls that wait for a change or until an instance is safe to stop.',
    [],
    () => [[{}, longPolls()]],
  );
  gauge(page, 'rollcall_watchers', 'Open watches.', [], () => [[{}, watch.count]]);
  counter(page, 'rollcall_watch_events_total', 'Events sent to watchers.', [], () => [[{}, watch.eventCount]]);
  const cut = 'Watches that were ended because the client read too slowly.';
  counter(page, 'rollcall_watchers_cut_total', cut, [], () => [[{}, watch.cutCount]]);
  const waiting = 'Callers that wait until an instance is safe to stop.';
  gauge(page, 'rollcall_drains_waiting', waiting, [], () => [[{}, drainsWaiting()]]);
}

function addNacosMetrics(page: Page, counts: NonNullable<MetricsSources['nacosGrpc']>): void {
  const one = (name: string, help: string, of: (found: NacosGrpcCounts) => number, add = gauge): void =>
    add(page, `rollcall_nacos_grpc_${name}`, help, [], () => {
      const found = counts();
      return found === undefined ? [] : [[{}, of(found)]];
    });
  one('connections', 'Open connections of Nacos’s gRPC.', ({ connections }) => connections);
  one('clients', 'Clients of Nacos that are connected over gRPC.', ({ clients }) => clients);
  one('subscriptions', 'Services that they are subscribed to.', ({ subscriptions }) => subscriptions);
  one('pushes_total', 'Lists that were pushed to them.', ({ pushes }) => pushes, counter);
  const requests = 'Requests of Nacos’s gRPC, by type.';
  counter(page, 'rollcall_nacos_grpc_requests_total', requests, ['type', 'result'], () =>
    [...(counts()?.requests() ?? [])].map(({ type, result, count }) => [{ type, result }, count]),
  );
}

function addTlsMetrics(page: Page, facts: MetricsSources['tls']): void {
  // Without TLS they have no value: 0 would be a certificate that has expired.
  const rows = (of: (facts: TlsFacts) => readonly Row[]) => () => (facts === undefined ? [] : of(facts()));
  const ends = 'When the certificate of this server expires, in seconds since 1970.';
  const name = 'rollcall_tls_certificate_expiry_timestamp_seconds';
  const expiry = rows(({ expiresAtMs }) => [[{}, expiresAtMs / 1000]]);
  gauge(page, name, ends, [], expiry);
  const failing = '1 while the files of the certificate cannot be used, and the one before is.';
  const isFailing = rows((current) => [[{}, current.isFailing ? 1 : 0]]);
  gauge(page, 'rollcall_tls_reload_failing', failing, [], isFailing);
  const help = 'TLS handshakes of HTTP connections.';
  const byResult = ({ handshakes: { done, failed, refused } }: TlsFacts): Row[] =>
    byOne('result', new Map(Object.entries({ done, failed, refused })));
  counter(page, 'rollcall_tls_handshakes_total', help, ['result'], rows(byResult));
}

function addDnsMetrics(page: Page, { dns, plane }: MetricsSources): void {
  counter(page, 'rollcall_dns_queries_total', 'DNS queries answered.', ['transport', 'type', 'rcode'], () =>
    [...dns.queries()].map(({ transport, type, rcode, count }) => [{ transport, type, rcode }, count]),
  );
  counter(page, 'rollcall_dns_cache_total', 'Look-ups in the cache of encoded answers.', ['result'], () => [
    [{ result: 'hit' }, dns.cacheHits],
    [{ result: 'miss' }, dns.cacheMisses],
  ]);
  counter(page, 'rollcall_dns_truncated_total', 'Truncated answers (TC set).', [], () => [[{}, dns.truncated]]);
  counter(page, 'rollcall_dns_dropped_total', 'Packets that got no answer.', [], () => [[{}, dns.dropped]]);
  const denied = 'Requests from networks that dnsAllow or dnsAllowZones does not name.';
  counter(page, 'rollcall_dns_denied_total', denied, [], () => [[{}, dns.denied]]);
  const rate = 'UDP answers over the rate of their client network: sent truncated, or not sent.';
  counter(page, 'rollcall_dns_rate_limited_total', rate, ['action'], () => [
    [{ action: 'truncated' }, dns.rateTruncated],
    [{ action: 'dropped' }, dns.rateDropped],
  ]);
  const handshakes = 'TLS handshakes of DNS clients.';
  counter(page, 'rollcall_dns_tls_handshakes_total', handshakes, ['result'], () => [
    [{ result: 'full' }, dns.tlsHandshakes - dns.tlsResumed],
    [{ result: 'resumed' }, dns.tlsResumed],
    [{ result: 'failed' }, dns.tlsFailed],
  ]);
  counter(page, 'rollcall_dns_send_errors_total', 'Answers that could not be sent.', [], () => [[{}, dns.sendErrors]]);
  const help = 'Threads that answer DNS (0: the main thread), and how they take datagrams.';
  gauge(page, 'rollcall_dns_threads', help, ['transport'], () => [[{ transport: plane.transport }, plane.threads]]);
  gauge(page, 'rollcall_dns_tcp_connections', 'Open DNS connections over TCP and TLS.', [], () => [
    [{}, dns.tcpConnections],
  ]);
  counter(page, 'rollcall_dns_tcp_refused_total', 'DNS connections over TCP above the limit.', [], () => [
    [{}, dns.tcpRefused],
  ]);
}

function addStoreMetrics(page: Page, store: MetricsSources['store']): void {
  gauge(page, 'rollcall_store_failing', '1 while changes cannot be written to the disk.', [], () => [
    [{}, store().isFailing ? 1 : 0],
  ]);
  gauge(page, 'rollcall_store_pending', 'Changes that are not on the disk yet.', [], () => [[{}, store().pending]]);
  counter(page, 'rollcall_store_writes_total', 'Changes written to the disk.', [], () => [[{}, store().written]]);
  counter(page, 'rollcall_store_commits_total', 'Attempts to write a group of changes.', [], () => [
    [{}, store().commits],
  ]);
  const help = 'Time that these attempts took.';
  counter(page, 'rollcall_store_commit_seconds_total', help, [], () => [[{}, store().commitMs / 1000]]);
}

function addCheckMetrics(page: Page, checks: CheckCounts): void {
  counter(page, 'rollcall_checks_total', 'Checks of instances that were run.', ['type', 'result'], () =>
    [...checks.results()].map(({ type, result, count }) => [{ type, result }, count]),
  );
  gauge(page, 'rollcall_checks_running', 'Checks that run now.', [], () => [[{}, checks.running]]);
  const help = 'Checks that began late because too many were running.';
  counter(page, 'rollcall_checks_delayed_total', help, [], () => [[{}, checks.delayed]]);
  gauge(page, 'rollcall_checked_instances', 'Instances with checks.', [], () => [[{}, checks.instances]]);
}

function addGuardMetrics(page: Page, { registry, pauses }: MetricsSources): void {
  const status = () => registry.guard.status(0);
  gauge(page, 'rollcall_guard_holding', 'Scopes that the guard holds.', ['scope'], () => {
    const { isRegistryHeld, heldAppCount } = status();
    return [
      [{ scope: 'registry' }, isRegistryHeld ? 1 : 0],
      [{ scope: 'apps' }, heldAppCount],
    ];
  });
  counter(page, 'rollcall_guard_holds_total', 'Holds that began.', [], () => [[{}, status().holds]]);
  gauge(page, 'rollcall_late', 'Instances that have not renewed for longer than expected.', [], () => [
    [{}, status().late],
  ]);
  gauge(page, 'rollcall_suspects', 'Instances kept past their lease.', [], () => [[{}, status().suspects]]);
  gauge(page, 'rollcall_renewals_per_minute', 'Renewals expected, and seen in the last minute.', ['which'], () => {
    const { expectedRenewalsPerMinute, seenRenewalsPerMinute } = status();
    return [
      [{ which: 'expected' }, expectedRenewalsPerMinute],
      [{ which: 'seen' }, seenRenewalsPerMinute],
    ];
  });
  counter(page, 'rollcall_pauses_total', 'Times that this process was paused.', [], () => [[{}, pauses.count]]);
  const help = 'How long it was paused in all.';
  counter(page, 'rollcall_paused_seconds_total', help, [], () => [[{}, pauses.ms / 1000]]);
}

function addZoneMetrics(page: Page, files: ZoneFileCounts, zoneCount: () => number): void {
  gauge(page, 'rollcall_zones', 'Zones served, those of files and those made for registered names.', [], () => [
    [{}, zoneCount()],
  ]);
  const help = 'Zone files that are not served as they are: refused, or deleted.';
  gauge(page, 'rollcall_zone_files_failing', help, [], () => [[{}, files.failing]]);
}

function addProcessMetrics(page: Page, delay: EventLoopDelay, { version, isReady, limits }: MetricsSources): void {
  gauge(page, 'rollcall_ready', '1 while it has all of its state and is not stopping.', [], () => [
    [{}, isReady() ? 1 : 0],
  ]);
  const limitsByWhat = new Map(Object.entries(limits));
  gauge(page, 'rollcall_limit', 'Limits above which requests are refused.', ['what'], () =>
    byOne('what', limitsByWhat),
  );
  const help = 'How late the event loop ran its timers since the last scrape.';
  gauge(page, 'rollcall_event_loop_delay_seconds', help, ['quantile'], () => byOne('quantile', delay.take()));
  const labels = ['version', 'node'];
  gauge(page, 'rollcall_build_info', 'Always 1.', labels, () => [[{ version, node: process.versions.node }, 1]]);
}

type Page = Registry<PrometheusContentType>;
type Row = readonly [labels: Readonly<Record<string, string>>, value: number];

function byOne(label: string, values: ReadonlyMap<string, number>): Row[] {
  return Array.from(values, ([value, count]) => [{ [label]: value }, count]);
}

function counter(
  page: Page,
  name: string,
  help: string,
  labelNames: readonly string[],
  rows: () => readonly Row[],
): void {
  const collect = function (this: Counter<string>): void {
    this.reset();
    for (const [labels, value] of rows()) this.inc(labels, value);
  };
  new Counter<string>({ name, help, labelNames, registers: [page], collect });
}

function gauge(
  page: Page,
  name: string,
  help: string,
  labelNames: readonly string[],
  rows: () => readonly Row[],
): void {
  const collect = function (this: Gauge<string>): void {
    this.reset();
    for (const [labels, value] of rows()) this.set(labels, value);
  };
  new Gauge<string>({ name, help, labelNames, registers: [page], collect });
}

/** Which zone files are not served as they are written: refused, or deleted while their zone is served on. */
export interface ZoneFileEvent {
  readonly kind: 'loaded' | 'mended' | 'refused' | 'deleted' | 'released' | 'unwatched';
  readonly path: string;
}

export class ZoneFileCounts {
  readonly #failing = new Set<string>();

  /** Files at fault now. */
  get failing(): number {
    return this.#failing.size;
  }

  changed({ kind, path }: ZoneFileEvent): void {
    if (kind === 'refused' || kind === 'deleted') this.#failing.add(path);
    else if (kind !== 'unwatched') this.#failing.delete(path);
  }
}
