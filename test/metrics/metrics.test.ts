// The metrics page: it has what was counted, for any input.

import { afterEach, describe, expect, test } from 'vitest';
import { HttpCounts } from '../../src/metrics/http-counts.ts';
import { createMetrics, type Metrics } from '../../src/metrics/metrics.ts';
import type { DnsCounts } from '../../src/model/dns-counts.ts';
import { parseRegistration, type Registration } from '../../src/model/instance.ts';
import { FakeClock } from '../kit/process/clock.ts';
import { CommandedRegistry } from '../kit/registry/commanded-registry.ts';

const dns: DnsCounts = {
  queries: () => [
    { transport: 'udp', type: 'A', rcode: 'NOERROR', count: 7 },
    { transport: 'tcp', type: 'other', rcode: 'REFUSED', count: 1 },
  ],
  cacheHits: 5,
  cacheMisses: 3,
  truncated: 2,
  dropped: 4,
  denied: 6,
  sendErrors: 0,
  tcpConnections: 1,
  tcpRefused: 6,
  rateTruncated: 7,
  rateDropped: 8,
  tlsHandshakes: 12,
  tlsResumed: 9,
  tlsFailed: 2,
};

const store = () => ({ written: 12, pending: 3, commits: 4, commitMs: 500, isFailing: true });

const started: Metrics[] = [];
afterEach(() => {
  for (const metrics of started.splice(0)) metrics.stop();
});

function createPage(processMetrics = false) {
  const clock = new FakeClock();
  const defaults = { leaseSeconds: 90, dnsTtl: 5 };
  const limits = { instancesMax: 100, instancesPerAppMax: 100, initialRevision: 10 };
  const registry = new CommandedRegistry({ clock, origin: 'svc.', defaults, ...limits });
  const http = new HttpCounts();
  const metrics = createMetrics({
    isTokenFileFailing: () => false,
    http,
    registry,
    pauses: { count: 2, ms: 1500 },
    plane: { threads: 2, transport: 'dgram' },
    dns,
    longPolls: () => 9,
    watch: { count: 4, eventCount: 5, cutCount: 6 },
    drainsWaiting: () => 8,
    checks: {
      instances: 3,
      running: 2,
      delayed: 1,
      results: () => [{ type: 'http', result: 'passed', count: 7 }],
    },
    store,
    isReady: () => true,
    zoneCount: () => 3,
    limits: { instances: 100, watchers: 20 },
    version: '1.2.3',
    processMetrics,
  });
  started.push(metrics);
  registry.onChange((change) => metrics.changed(change));
  const register = (instance: string, status: 'up' | 'waiting' = 'up') => {
    const registration = parseRegistration({ addrs: ['http://10.0.0.7:80'], status }, defaults) as Registration;
    registry.register({ env: 'prod', appid: 'orders', instance }, registration);
  };
  const lines = async () =>
    (await metrics.text()).text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return { clock, registry, metrics, http, register, lines };
}

test('the checks: what was run, and with which result', async () => {
  const { lines } = createPage();
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'rollcall_checks_total{type="http",result="passed"} 7',
      'rollcall_checks_running 2',
      'rollcall_checks_delayed_total 1',
      'rollcall_checked_instances 3',
    ]),
  );
});

test('the store: what was written, what waits, and whether it can write', async () => {
  const { lines } = createPage();
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'rollcall_store_failing 1',
      'rollcall_store_pending 3',
      'rollcall_store_writes_total 12',
      'rollcall_store_commits_total 4',
      'rollcall_store_commit_seconds_total 0.5',
    ]),
  );
});

test('the guard: what is held, who is late, and pauses of our own', async () => {
  const { clock, registry, register, lines } = createPage();
  for (let i = 0; i < 4; i++) register(`o-${i}`);
  for (let i = 0; i < 600; i++) {
    clock.advance(1000);
    registry.evictExpired(10);
    const isSilent = i >= 300;
    if (i % 30 === 29 && !isSilent)
      for (let j = 0; j < 4; j++) registry.renew({ env: 'prod', appid: 'orders', instance: `o-${j}` });
  }
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'rollcall_guard_holding{scope="registry"} 1',
      'rollcall_guard_holding{scope="apps"} 1',
      'rollcall_guard_holds_total 2',
      'rollcall_late 4',
      'rollcall_suspects 4',
      'rollcall_renewals_per_minute{which="expected"} 8',
      'rollcall_renewals_per_minute{which="seen"} 0',
      'rollcall_pauses_total 2',
      'rollcall_paused_seconds_total 1.5',
    ]),
  );
});

test('the registry: instances by status, apps, changes and the revision follow what happened', async () => {
  const { clock, registry, register, lines } = createPage();
  register('a1');
  register('a2', 'waiting');
  register('a3');
  register('a2', 'up');
  registry.cancel({ env: 'prod', appid: 'orders', instance: 'a1' });
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'rollcall_instances{status="up"} 2',
      'rollcall_instances{status="waiting"} 0',
      'rollcall_apps 1',
      'rollcall_revision 15',
      'rollcall_changes_total{kind="registered"} 3',
      'rollcall_changes_total{kind="updated"} 1',
      'rollcall_changes_total{kind="cancelled"} 1',
    ]),
  );
  clock.advance(90_000);
  registry.evictExpired(10);
  const later = await lines();
  expect(later).toContain('rollcall_evictions_total 2');
  expect(later).toContain('rollcall_instances{status="up"} 0');
  expect(later).toContain('rollcall_apps 0');
});

test('the HTTP plane: outcomes begin at zero, requests are counted by template, method and class', async () => {
  const { http, lines } = createPage();
  expect(await lines()).toContain('rollcall_registrations_total{outcome="full"} 0');
  http.registration('created');
  http.renewal('renewed');
  http.renewal('renewed');
  http.patch('patched');
  http.cancel('cancelled');
  http.request('GET', '/api/v1/apps', 200);
  http.request('GET', '/api/v1/apps', 304);
  http.request('GET', '/api/v1/apps', 299);
  for (let i = 0; i < 50; i++) http.request(`X${i}`, 'unmatched', 405);
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'rollcall_registrations_total{outcome="created"} 1',
      'rollcall_renewals_total{outcome="renewed"} 2',
      'rollcall_patches_total{outcome="patched"} 1',
      'rollcall_cancels_total{outcome="cancelled"} 1',
      'rollcall_http_requests_total{route="/api/v1/apps",method="GET",status="2xx"} 2',
      'rollcall_http_requests_total{route="/api/v1/apps",method="GET",status="3xx"} 1',
      'rollcall_http_requests_total{route="unmatched",method="other",status="4xx"} 50',
      'rollcall_http_long_polls 9',
      'rollcall_watchers 4',
      'rollcall_watch_events_total 5',
      'rollcall_watchers_cut_total 6',
      'rollcall_drains_waiting 8',
    ]),
  );
});

test('the HTTP plane: how long calls took, in buckets that add up, and who is connected', async () => {
  const { http, lines } = createPage();
  for (const seconds of [0.0001, 0.0005, 0.002, 0.3, 60]) http.took('write', seconds);
  http.connected(1);
  http.connected(1);
  http.connected(-1);
  const page = await lines();
  expect(page).toEqual(
    expect.arrayContaining([
      'rollcall_http_connections 1',
      'rollcall_http_request_seconds_bucket{kind="write",le="0.0005"} 2',
      'rollcall_http_request_seconds_bucket{kind="write",le="0.0025"} 3',
      'rollcall_http_request_seconds_bucket{kind="write",le="5"} 4',
      'rollcall_http_request_seconds_bucket{kind="write",le="+Inf"} 5',
      'rollcall_http_request_seconds_count{kind="write"} 5',
      'rollcall_http_request_seconds_count{kind="renewal"} 0',
    ]),
  );
  expect(
    Number(page.find((line) => line.startsWith('rollcall_http_request_seconds_sum{kind="write"}'))?.split(' ')[1]),
  ).toBeCloseTo(60.3026);
});

test('what can be run out of, whether it is ready, and zone files at fault', async () => {
  const { metrics, lines } = createPage();
  const expected = [
    'rollcall_ready 1',
    'rollcall_zones 3',
    'rollcall_limit{what="instances"} 100',
    'rollcall_limit{what="watchers"} 20',
    'rollcall_zone_files_failing 2',
  ];
  for (const path of ['a', 'b', 'c', 'c']) metrics.zoneFileChanged({ kind: 'refused', path });
  metrics.zoneFileChanged({ kind: 'deleted', path: 'b' });
  metrics.zoneFileChanged({ kind: 'mended', path: 'a' });
  expect(await lines()).toEqual(expect.arrayContaining(expected));
  metrics.zoneFileChanged({ kind: 'loaded', path: 'b' });
  metrics.zoneFileChanged({ kind: 'loaded', path: 'c' });
  metrics.zoneFileChanged({ kind: 'unwatched', path: 'd' });
  expect(await lines()).toContain('rollcall_zone_files_failing 0');
});

test('DNS: the values of its own counters, and the same at the next scrape', async () => {
  const { lines } = createPage();
  const expected = expect.arrayContaining([
    'rollcall_dns_queries_total{transport="udp",type="A",rcode="NOERROR"} 7',
    'rollcall_dns_queries_total{transport="tcp",type="other",rcode="REFUSED"} 1',
    'rollcall_dns_cache_total{result="hit"} 5',
    'rollcall_dns_cache_total{result="miss"} 3',
    'rollcall_dns_truncated_total 2',
    'rollcall_dns_dropped_total 4',
    'rollcall_dns_denied_total 6',
    'rollcall_dns_send_errors_total 0',
    'rollcall_dns_tcp_connections 1',
    'rollcall_dns_tcp_refused_total 6',
  ]);
  expect(await lines()).toEqual(expected);
  const [one, two] = await Promise.all([lines(), lines()]);
  expect(one).toEqual(expected);
  expect(two).toEqual(expected);
});

describe('the process', () => {
  test('has its version and how late its event loop is', async () => {
    const { lines } = createPage();
    // Real time: what is measured is the event loop of this process.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const startedMs = performance.now();
    while (performance.now() - startedMs < 100);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const page = await lines();
    expect(page).toContain(`rollcall_build_info{version="1.2.3",node="${process.versions.node}"} 1`);
    const longest = page.find((line) => line.startsWith('rollcall_event_loop_delay_seconds{quantile="1"}'));
    const seconds = Number(longest?.split(' ')[1]);
    expect(seconds).toBeGreaterThan(0.05);
  });

  test('shows the usual metrics of a Node process', async () => {
    const { metrics, lines } = createPage(true);
    const page = await lines();
    expect(page.some((line) => line.startsWith('process_cpu_seconds_total'))).toBe(true);
    expect(page.some((line) => line.startsWith('nodejs_eventloop_utilization_'))).toBe(true);
    expect((await metrics.text()).contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test('leaves out event loop figures that were measured too seldom', async () => {
    const page = await createPage(true).lines();
    const lags = page.filter((line) => line.startsWith('nodejs_eventloop_lag_')).map((line) => line.split(' ')[0]);
    expect(lags).toEqual(['nodejs_eventloop_lag_seconds']);
  });

  test('names every metric in base units, with help', async () => {
    const { metrics } = createPage();
    const { text } = await metrics.text();
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(
      ([, name, type]) => [name as string, type as string] as const,
    );
    expect(types.length).toBeGreaterThan(15);
    for (const [name, type] of types) {
      expect(name).toMatch(/^rollcall_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
    }
  });
});
