// The first page: what is wrong, how the registry is, what is asked, and all apps. It answers "is it rollcall, and if so
// what?" before anything is clicked.

import { useEffect, useMemo } from 'preact/hooks';
import { get } from '../api/http.ts';
import type { AppEntry, Change, EventsReply, Guard, Query } from '../api/shapes.ts';
import { catalogue, nameOf } from '../live/catalogue.ts';
import { lookForHidden, scan } from '../live/hidden.ts';
import { labelOf, metric, metricsTrouble } from '../live/metrics.ts';
import { useNews } from '../live/news.ts';
import { findProblems } from '../live/problems.ts';
import { hasLedger, server } from '../live/server.ts';
import { AppLink, Badge, Panel, type Tone, Trouble, Waiting } from '../parts/bits.tsx';
import { ChangeLine } from '../parts/change-line.tsx';
import { useLoaded } from '../parts/loaded.ts';
import { TrafficCharts } from '../parts/traffic-charts.tsx';
import { VirtualTable } from '../parts/virtual-table.tsx';
import { replaceQuery, route } from '../route.ts';

const guardEveryMs = 5000;
const changesShown = 8;
const troublesMax = 1000;

export function Overview() {
  const { kind, trouble } = catalogue.value;
  return (
    <>
      <h1>Overview</h1>
      <Trouble text={trouble ?? metricsTrouble.value} />
      <Tiles />
      <div class="first">
        <Problems />
        <LatestChanges />
      </div>
      <Panel title="Queries a second and latency">
        <div class="columns">
          <TrafficCharts />
        </div>
      </Panel>
      {kind === 'loading' ? <Waiting /> : <Apps />}
    </>
  );
}

function Tiles() {
  const { apps } = catalogue.value;
  const [up, waiting] = [
    metric('rollcall_instances', '{status="up"}'),
    metric('rollcall_instances', '{status="waiting"}'),
  ];
  const envs = new Set(apps.map(({ env }) => env)).size;
  const holding =
    (metric('rollcall_guard_holding', '{scope="registry"}') ?? 0) +
    (metric('rollcall_guard_holding', '{scope="apps"}') ?? 0);
  const failing = metric('rollcall_store_failing');
  const tiles: readonly [title: string, value: string, tone: Tone, note: string][] = [
    [
      'Registry',
      metric('rollcall_ready') === 1 ? 'ready' : metric('rollcall_ready') === 0 ? 'not ready' : '–',
      metric('rollcall_ready') === 0 ? 'bad' : 'good',
      `${envs} envs, ${apps.length} apps`,
    ],
    ['Instances', up === undefined ? '–' : `${up} up`, 'good', `${waiting ?? 0} waiting`],
    [
      'Guard',
      holding > 0 ? 'holds' : 'rests',
      holding > 0 ? 'bad' : 'good',
      `${metric('rollcall_suspects') ?? 0} past their lease`,
    ],
    [
      'Store',
      failing === 1 ? 'failing' : 'writes',
      failing === 1 ? 'bad' : 'good',
      `${metric('rollcall_store_pending') ?? 0} pending`,
    ],
    ['Checks', `${metric('rollcall_checked_instances') ?? 0}`, 'good', 'instances checked'],
    ['DNS', labelOf('rollcall_dns_threads', 'transport') ?? '–', 'good', `${metric('rollcall_zones') ?? 0} zones`],
  ];
  return (
    <ul class="tiles" aria-label="Health">
      {tiles.map(([title, value, tone, note]) => (
        <li key={title} class={tone === 'bad' ? 'tile is-bad' : 'tile'}>
          <span class="tile-title">{title}</span>
          <span class="tile-value">{value}</span>
          <span class="muted">{note}</span>
        </li>
      ))}
    </ul>
  );
}

/** Evictions and checks of the last hour, without instances that are back, kept by the changes. */
function useRecentTroubles(): readonly Change[] {
  const read = (why: string) => (signal: AbortSignal) =>
    get<EventsReply>('api/v1/events', { why, from: '-1h', limit: String(troublesMax) }, signal);
  const troubles = useLoaded('troubles', read('evicted,lapsed,checked'));
  const registered = useLoaded('registered', read('registered'));
  const news = useNews(
    troubles.value?.events,
    'troubles',
    ({ why }) => why === 'evicted' || why === 'lapsed' || why === 'checked',
  );
  const back = useNews(registered.value?.events, 'registered', ({ why }) => why === 'registered');
  return useMemo(() => {
    const backAt = new Map<string, number>();
    for (const change of back) backAt.set(pathOf(change), Math.max(change.revision, backAt.get(pathOf(change)) ?? 0));
    return news.filter((change) => (backAt.get(pathOf(change)) ?? 0) < change.revision);
  }, [news, back]);
}

function pathOf({ env, appid, instance }: Pick<Change, 'env' | 'appid' | 'instance'>): string {
  return `${env}/${appid}/${instance}`;
}

function Problems() {
  const guard = useLoaded('guard', (signal) => get<Guard>('api/v1/guard', {}, signal));
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && guard.again(), guardEveryMs);
    return () => clearInterval(timer);
  }, []);
  const ledger = useLoaded(hasLedger.value ? 'dead names' : undefined, (signal) =>
    get<{ queries: Query[] }>('api/v1/queries', { rcode: 'NXDOMAIN' }, signal),
  );
  const events = useRecentTroubles();
  const { kind, apps } = catalogue.value;
  const { hidden } = scan.value;
  useEffect(() => {
    if (kind === 'known') void lookForHidden();
  }, [kind]);
  const found = findProblems({
    apps,
    guard: guard.value,
    events,
    hidden,
    queries: ledger.value?.queries ?? [],
    origin: server.value.origin,
    metric,
  });
  return (
    <Panel
      title="Problems"
      extra={<Badge tone={found.length === 0 ? 'good' : 'bad'}>{found.length === 0 ? 'none' : found.length}</Badge>}
    >
      {kind === 'loading' ? (
        <Waiting />
      ) : found.length === 0 ? (
        <p class="empty">
          Nothing is wrong: every app has instances that take traffic, no lease ended within the hour.
        </p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        <section class="problems" tabIndex={0} aria-label="What is wrong">
          <ul>
            {found.map(({ key, level, kind: word, subject, text, href, next }) => (
              <li key={key}>
                <Badge tone={level}>{word}</Badge>
                <a class="name" href={href}>
                  {subject}
                </a>
                <span>{text}</span>
                <a href={next.href}>{next.title}</a>
              </li>
            ))}
          </ul>
        </section>
      )}
    </Panel>
  );
}

function LatestChanges() {
  const loaded = useLoaded('latest', (signal) =>
    get<EventsReply>('api/v1/events', { limit: String(changesShown) }, signal),
  );
  const shown = useNews(loaded.value?.events, '', () => true).slice(0, changesShown);
  return (
    <Panel title="Latest changes" extra={<a href="#/events">All events</a>}>
      <Trouble text={loaded.trouble} />
      <ol class="changes latest">
        {shown.map((change) => (
          <ChangeLine key={change.revision} change={change} />
        ))}
      </ol>
      {shown.length === 0 && loaded.value !== undefined && <p class="empty">Nothing has changed yet.</p>}
    </Panel>
  );
}

type State = 'all' | 'in trouble' | 'up';

function Apps() {
  const { query } = route.value;
  const { apps } = catalogue.value;
  const envs = useMemo(() => [...new Set(apps.map(({ env }) => env))], [apps]);
  const state = (query['state'] ?? 'all') as State;
  const text = (query['q'] ?? '').toLowerCase();
  const shown = useMemo(
    () =>
      apps.filter(
        (app) =>
          (query['env'] === undefined || app.env === query['env']) &&
          (text === '' || nameOf(app).includes(text)) &&
          (state === 'all' || app.up < app.instances === (state === 'in trouble')),
      ),
    [apps, query['env'], text, state],
  );
  return (
    <Panel
      title="Apps"
      extra={
        <span class="muted">
          {shown.length} of {apps.length}
        </span>
      }
    >
      <div class="filters">
        <input
          type="search"
          aria-label="Filter apps"
          placeholder="Filter apps"
          value={query['q'] ?? ''}
          onInput={({ currentTarget }) => replaceQuery({ q: currentTarget.value })}
        />
        <select
          aria-label="Environment"
          value={query['env'] ?? ''}
          onChange={({ currentTarget }) => replaceQuery({ env: currentTarget.value })}
        >
          <option value="">All environments</option>
          {envs.map((env) => (
            <option key={env} value={env}>
              {env}
            </option>
          ))}
        </select>
        <select
          aria-label="State"
          value={state}
          onChange={({ currentTarget }) =>
            replaceQuery({ state: currentTarget.value === 'all' ? undefined : currentTarget.value })
          }
        >
          <option value="all">Any state</option>
          <option value="in trouble">Some waiting</option>
          <option value="up">All up</option>
        </select>
      </div>
      <VirtualTable<AppEntry>
        label="Apps"
        rows={shown}
        keyOf={nameOf}
        empty={apps.length === 0 ? <FirstSteps /> : 'No app matches.'}
        columns={[
          { title: 'App', width: 'minmax(9rem, 3fr)', cell: (app) => <AppLink {...app} /> },
          { title: 'State', width: '8rem', cell: (app) => <StateBadge {...app} /> },
          { title: 'Up', width: '4rem', isNumber: true, cell: ({ up }) => up },
          { title: 'Instances', width: '6rem', isNumber: true, isExtra: true, cell: ({ instances }) => instances },
        ]}
      />
    </Panel>
  );
}

function StateBadge({ up, instances }: AppEntry) {
  if (up === 0) return <Badge tone="bad">all waiting</Badge>;
  return up < instances ? <Badge tone="warn">{instances - up} waiting</Badge> : <Badge tone="good">up</Badge>;
}

function FirstSteps() {
  return (
    <>
      Nothing is registered yet. <a href="../docs/">The API</a> shows how to register and find in four commands.
    </>
  );
}
