// Alert rules, dashboard and scrape configuration: they name nothing that is not there, every alert has been tried, and a
// real Prometheus that scrapes a loaded server gets an answer to each of their questions.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { clusterMetrics } from '../../src/metrics/cluster-metrics.ts';
import { clusterCounts } from '../../src/model/cluster-status.ts';
import { Histogram } from '../../src/runtime/histogram.ts';
import { tcpClient, udpClient } from '../kit/dns/dns-client.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { requireInCi } from '../kit/process/installed.ts';
import { output, type Program, run, start, startWhen } from '../kit/process/program.ts';
import { freePort, removeScratch, scratch } from '../kit/process/scratch.ts';
import { root, type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}
interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

const textOf = (path: string): string => readFileSync(join(root, 'deploy', path), 'utf8');
const rulesText = textOf('prometheus/rollcall.rules.yml');
const rules = (parse(rulesText) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(textOf('grafana/rollcall.json')) as Dashboard;

/** Each question of the dashboard as Grafana would ask it. */
const questions = dashboard.panels.flatMap(({ title, targets }) =>
  targets.map(({ expr }) => ({
    title,
    expr: expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '30s'),
  })),
);

const nothing = new Histogram([1]).counts;

/** What a node of a cluster has on its page besides; the server of this test is none. */
const clusterPage = clusterMetrics({
  ...{ node: 'n1', mode: 'ap', state: 'joined', why: '', sinceMs: 0, nodes: [], owned: 0, orphans: 0, executorFor: [] },
  ...{ watchSilentMs: 0, sessionLeftMs: 0, sessionAgeMs: 0, etcd: undefined },
  takeovers: { dead: 0, unreachable: 0, unleased: 0 },
  measured: { commitSeconds: nothing, groupSize: nothing, propagationSeconds: nothing },
  counts: Object.fromEntries(Object.keys(clusterCounts).map((name) => [name, 0])) as Record<
    keyof typeof clusterCounts,
    number
  >,
});

let server: ServerProcess;
let api: ApiClient;
let page = '';

beforeAll(async () => {
  server = await startServer({ data: 'data' });
  api = new ApiClient(server.http);
  page = `${(await api.call('GET', '/metrics')).text}\n${clusterPage}\n`;
});

afterAll(async () => {
  api.close();
  await server.stop();
});

/** The metrics and the labels with fixed values that an expression names. */
function namedIn(expr: string): string[] {
  return expr.match(/\b(rollcall|process|nodejs)_\w+/g) ?? [];
}

describe('rules and dashboard', () => {
  test('name only metrics that are on the page', () => {
    const there = new Set(Array.from(page.matchAll(/^([a-z_]+)[ {]/gm), ([, name = '']) => name));
    const declared = new Set(Array.from(page.matchAll(/^# TYPE (\w+) /gm), ([, name = '']) => name));
    const named = [...rules, ...questions, ...dashboard.annotations.list].flatMap(({ expr }) => namedIn(expr));
    expect(new Set(named).size).toBeGreaterThan(30);
    // Counters by label have no line before the first event.
    expect([...new Set(named)].filter((name) => !there.has(name) && !declared.has(name))).toEqual([]);
  });

  test('name only words that labels can have', () => {
    const fixed = [...rules, ...questions].flatMap(({ expr }) =>
      Array.from(expr.matchAll(/\b(what|scope|which|outcome|quantile|status)="([^"]+)"/g), ([pair]) => pair),
    );
    expect(fixed.length).toBeGreaterThan(10);
    expect([...new Set(fixed)].filter((pair) => !page.includes(pair))).toEqual([]);
  });

  test('every alert has its meaning, and the README which of them page', () => {
    const readme = textOf('README.md');
    for (const { alert, labels, annotations } of rules) {
      expect({ alert, summary: annotations.summary.length, description: annotations.description.length }).toEqual({
        alert,
        summary: expect.toSatisfy((length: number) => length > 20),
        description: expect.toSatisfy((length: number) => length > 20),
      });
      expect(['page', 'ticket']).toContain(labels.severity);
      if (labels.severity === 'page') expect(readme).toContain(`\`${alert}\``);
    }
  });

  test('every panel has a place of its own, and a legend where it has several lines', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const { title, targets } of dashboard.panels) {
      const legends = targets.map(({ legendFormat }) => legendFormat);
      expect({ title, different: new Set(legends).size }).toEqual({ title, different: legends.length });
    }
  });
});

const missing = requireInCi(['prometheus', 'promtool'], 'prometheus');

describe.skipIf(missing.length > 0)(`Prometheus${missing.length > 0 ? ' (not installed)' : ''}`, () => {
  let prometheus: Program;
  let directory: string;
  let port: number;

  test('promtool finds no fault, and every alert fires in the tests of the rules', async () => {
    const cwd = join(root, 'deploy', 'prometheus');
    expect(await output('promtool', ['check', 'rules', 'rollcall.rules.yml'], { cwd })).toContain(
      `${rules.length} rules found`,
    );
    await output('promtool', ['check', 'config', '--syntax-only', 'prometheus.yml'], { cwd });
    expect(await output('promtool', ['test', 'rules', 'rollcall.rules.test.yml'], { cwd })).toContain('SUCCESS');
    // The tests count the alerts, so that a new one is tried, too.
    expect(
      textOf('prometheus/rollcall.rules.test.yml').match(new RegExp(`value: ${rules.length} \\}`, 'g')),
    ).toHaveLength(2);
    // A gauge by quantile, since it is about the time since the last scrape and not about all of it, as a summary is.
    const isMeant = (line: string): boolean => line.startsWith('rollcall_event_loop_delay_seconds non-summary');
    const { out, err } = await run('promtool', ['check', 'metrics'], { input: page });
    const complaints = (out + err).split('\n').filter((line) => line.startsWith('rollcall_') && !isMeant(line));
    expect(complaints).toEqual([]);
  });

  beforeAll(async () => {
    port = await freePort();
    const config = textOf('prometheus/prometheus.yml')
      .replaceAll('15s', '1s')
      .replace('rollcall:7171', `127.0.0.1:${server.httpPort}`)
      .replace('/tmp/rollcall.token', 'token');
    directory = scratch({ 'prometheus.yml': config, 'rollcall.rules.yml': rulesText, token: 'not-asked-for' });
    const args = [
      '--config.file=prometheus.yml',
      `--web.listen-address=127.0.0.1:${port}`,
      '--storage.tsdb.path=tsdb',
      '--log.level=warn',
    ];
    prometheus = start('prometheus', args, { cwd: directory });
    await startWhen('Prometheus', prometheus, async () => (await ask('/-/ready')).status === 200);
  });

  afterAll(async () => {
    await prometheus.stop('SIGTERM', 5000);
    removeScratch(directory);
  });

  async function ask(path: string): Promise<{ status: number; data: unknown }> {
    try {
      const reply = await fetch(`http://127.0.0.1:${port}${path}`);
      const text = await reply.text();
      return { status: reply.status, data: text.startsWith('{') ? (JSON.parse(text) as { data: unknown }).data : text };
    } catch {
      return { status: 0, data: undefined };
    }
  }

  async function valuesOf(expr: string): Promise<readonly string[]> {
    const { status, data } = await ask(`/api/v1/query?query=${encodeURIComponent(expr)}`);
    expect({ expr, status }).toEqual({ expr, status: 200 });
    return (data as { result: { value: [number, string] }[] }).result.map(({ value }) => value[1]);
  }

  test('scrapes a loaded server: each question of the dashboard has an answer, and no alert is wrong', async () => {
    const [udp, tcp] = await Promise.all([udpClient(server.dnsPort), tcpClient(server.dnsPort)]);
    let rounds = 0;
    const load = async (): Promise<void> => {
      rounds++;
      const places = Array.from({ length: 20 }, (_, index) => `prod/load/load-${(rounds * 20 + index) % 60}`);
      await Promise.all(places.map((place) => api.register(place, ['http://10.0.0.7:80'], { weight: rounds % 100 })));
      await Promise.all(places.map((place) => api.renew(place)));
      await Promise.all(places.slice(0, 5).map((place) => api.cancel(place)));
      await api.call('GET', '/api/v1/apps/prod/none/x');
      for (const name of ['load.prod.svc', 'load.prod.svc', 'nobody.prod.svc']) await udp.ask(name, 'A');
      await tcp.ask('_http._tcp.load.prod.svc', 'SRV');
    };
    // What a healthy server, and one without a cluster, has none of.
    const mayBeEmpty = (expr: string): boolean =>
      ['rollcall_refused_total', '"4xx|5xx"', 'rollcall_cluster_'].some((part) => expr.includes(part));
    const isAnswered = async ({ expr }: { expr: string }): Promise<boolean> =>
      (await valuesOf(expr)).some((value) => Number.isFinite(Number(value)));
    let silent = questions.filter(({ expr }) => !mayBeEmpty(expr));
    expect(silent.length).toBeGreaterThan(40);
    await until(
      'an answer to every question',
      async () => {
        await load();
        const still = [];
        for (const question of silent) if (!(await isAnswered(question))) still.push(question);
        silent = still;
        return silent.length === 0;
      },
      { withinMs: 45_000, everyMs: 500 },
    ).catch((error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(silent)}`);
    });
    for (const { expr } of dashboard.annotations.list) await valuesOf(expr.replaceAll('$instance', '.*'));
    for (const { expr } of questions.filter((question) => mayBeEmpty(question.expr))) await valuesOf(expr);
    expect(await valuesOf('up{job="rollcall"}')).toEqual(['1']);
    const { data } = await ask('/api/v1/rules');
    const found = (data as { groups: { rules: { name: string; health: string; lastError?: string }[] }[] }).groups;
    const loaded = found.flatMap((group) => group.rules);
    expect(loaded.filter(({ health }) => health !== 'ok')).toEqual([]);
    expect(loaded.map(({ name }) => name)).toEqual(rules.map(({ alert }) => alert));
    expect(await valuesOf('ALERTS{alertstate="firing",severity="page"}')).toEqual([]);
    udp.close();
    tcp.close();
  });
});
