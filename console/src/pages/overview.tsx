// The first page: what is wrong, how the registry is, what is asked, and all apps. It answers "is it rollcall, and if so
// what?" before anything is clicked.

import { useMemo } from 'preact/hooks';
import { get } from '../api/http.ts';
import type { AppEntry, Change, EventsReply, Guard, QueriesReply, ZonesReply } from '../api/shapes.ts';
import { caller, callerText, hasMetrics, readable, readsAll } from '../live/caller.ts';
import { catalogue, nameOf } from '../live/catalogue.ts';
import { labelOf, metric, metricsTrouble } from '../live/metrics.ts';
import { findProblems } from '../live/problems.ts';
import { useRecentChanges } from '../live/recent-changes.ts';
import { server } from '../live/server.ts';
import { AppLink, Badge, Panel, type Tone, Trouble, Waiting } from '../parts/bits.tsx';
import { ChangeLine } from '../parts/change-line.tsx';
import { type Loaded, useEvery, useLoaded } from '../parts/loaded.ts';
import { TrafficCharts } from '../parts/traffic-charts.tsx';
import { VirtualTable } from '../parts/virtual-table.tsx';
import { linkTo, replaceQuery, route } from '../route.ts';

const guardEveryMs = 5000;
const queriesEveryMs = 10_000;
const deadNamesWish = { rcode: 'NXDOMAIN', by: 'name', order: 'hour', limit: '40' };
const mostAskedWish = { by: 'app', order: 'hour', limit: '1' };
const changesShown = 8;
const troublesMax = 1000;

export function Overview() {
  const { kind, trouble } = catalogue.value;
  return (
    <>
      <h1>Overview</h1>
      <Trouble text={trouble ?? metricsTrouble.value} />
      <Narrowed />
      <Tiles />
      <div class="first">
        <Problems />
        <LatestChanges />
      </div>
      {(hasMetrics.value || caller.value === undefined) && (
        <Panel title="Queries a second and latency">
          <div class="columns">
            <TrafficCharts />
          </div>
        </Panel>
      )}
      {kind === 'loading' ? <Waiting /> : <Apps />}
    </>
  );
}

/** For a credential that reads some apps: what is not in the lists is not absent. */
function Narrowed() {
  const known = caller.value;
  if (known === undefined || readable.value === undefined) return null;
  return (
    <p class="note">
      {readable.value.length === 0
        ? `For ${callerText(known)}: it may read no app.`
        : `For ${callerText(known)}: lists, events and the guard show what it may read, ${readable.value.join(', ')}.`}
    </p>
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
  const asked = useLoaded(readsAll.value ? 'most asked' : undefined, (signal) =>
    get<QueriesReply>('api/v1/queries', mostAskedWish, signal),
  );
  useEvery(queriesEveryMs, asked);
  const tiles: readonly [title: string, value: string, tone: Tone, note: string, href?: string][] = [
    [
      'Registry',
      metric('rollcall_ready') === 1 ? 'ready' : metric('rollcall_ready') === 0 ? 'not ready' : '–',
      metric('rollcall_ready') === 0 ? 'bad' : 'good',
      `${envs} envs, ${apps.length} apps`,
    ],
    [
      'Instances',
      `${up ?? sumOf(apps, 'up')} up`,
      'good',
      `${waiting ?? sumOf(apps, 'instances') - sumOf(apps, 'up')} waiting`,
    ],
    [
      'Guard',
      holding > 0 ? 'holds' : 'rests',
      holding > 0 ? 'bad' : 'good',
      `${metric('rollcall_suspects') ?? 0} past their lease`,
      linkTo(['guard']),
    ],
    [
      'Store',
      failing === 1 ? 'failing' : 'writes',
      failing === 1 ? 'bad' : 'good',
      `${metric('rollcall_store_pending') ?? 0} pending`,
    ],
    ['Checks', `${metric('rollcall_checked_instances') ?? 0}`, 'good', 'instances checked'],
    ['DNS', ...dnsTile(), linkTo(['zones'])],
    ['Traffic', ...trafficTile(asked), linkTo(['traffic'], { by: 'app' })],
  ];
  return (
    <ul class="tiles" aria-label="Health">
      {tiles.filter(isForCaller).map(([title, value, tone, note, href]) => (
        <li key={title} class={tone === 'bad' ? 'tile is-bad' : 'tile'}>
          <span class="tile-title">{href === undefined ? title : <a href={href}>{title}</a>}</span>
          <span class="tile-value">{value}</span>
          <span class="muted">{note}</span>
        </li>
      ))}
    </ul>
  );
}

/** Tiles that are made of metrics alone, which not every credential may read. */
const ofMetrics = ['Registry', 'Guard', 'Store', 'Checks', 'DNS'];

function isForCaller([title]: readonly [title: string, ...rest: unknown[]]): boolean {
  if (caller.value === undefined) return true;
  return title === 'Traffic' ? readsAll.value : hasMetrics.value || !ofMetrics.includes(title);
}

function sumOf(apps: readonly AppEntry[], count: 'up' | 'instances'): number {
  return apps.reduce((sum, app) => sum + app[count], 0);
}

/** Its threads, how they read their sockets, and the zones; a zone file at fault is a problem of its own. */
function dnsTile(): [value: string, tone: Tone, note: string] {
  const zones = metric('rollcall_zones');
  if (zones === undefined) return ['–', 'good', ''];
  const failing = metric('rollcall_zone_files_failing') ?? 0;
  const note = failing > 0 ? `${failing} zone ${failing === 1 ? 'file fails' : 'files fail'}` : transportText();
  return [`${zones} ${zones === 1 ? 'zone' : 'zones'}`, failing > 0 ? 'bad' : 'good', note];
}

function transportText(): string {
  const transport = labelOf('rollcall_dns_threads', 'transport');
  return transport === undefined ? '' : `${transport} transport`;
}

/** How many apps are asked for, and which one most. */
function trafficTile({ value, trouble }: Loaded<QueriesReply>): [value: string, tone: Tone, note: string] {
  if (value === undefined) return ['–', 'good', trouble === undefined ? '' : 'not counted'];
  const [most] = value.queries;
  if (most === undefined) return ['0', 'good', 'no app was asked for'];
  const asked = `${value.total} ${value.total === 1 ? 'app' : 'apps'}`;
  return [asked, 'good', `most ${most.env}/${most.appid}`];
}

/** Evictions and checks of the last hour, without instances that are back, kept by the changes. */
function useRecentTroubles(): readonly Change[] {
  const read = (why: string) => (signal: AbortSignal) =>
    get<EventsReply>('api/v1/events', { why, from: '-1h', limit: String(troublesMax) }, signal);
  const troubles = useLoaded('troubles', read('evicted,lapsed,checked'));
  const registered = useLoaded('registered', read('registered'));
  const recent = useRecentChanges(
    troubles.value?.events,
    'troubles',
    ({ why }) => why === 'evicted' || why === 'lapsed' || why === 'checked',
  );
  const back = useRecentChanges(registered.value?.events, 'registered', ({ why }) => why === 'registered');
  return useMemo(() => {
    const backAt = new Map<string, number>();
    for (const change of back) backAt.set(pathOf(change), Math.max(change.revision, backAt.get(pathOf(change)) ?? 0));
    return recent.filter((change) => (backAt.get(pathOf(change)) ?? 0) < change.revision);
  }, [recent, back]);
}

function pathOf({ env, appid, instance }: Pick<Change, 'env' | 'appid' | 'instance'>): string {
  return `${env}/${appid}/${instance}`;
}

function Problems() {
  const guard = useLoaded('guard', (signal) => get<Guard>('api/v1/guard', {}, signal));
  useEvery(guardEveryMs, guard);
  const dead = useLoaded(readsAll.value ? 'dead names' : undefined, (signal) =>
    get<QueriesReply>('api/v1/queries', deadNamesWish, signal),
  );
  useEvery(queriesEveryMs, dead);
  const zones = useLoaded(readsAll.value ? 'zones' : undefined, (signal) =>
    get<ZonesReply>('api/v1/zones', {}, signal),
  );
  useEvery(queriesEveryMs, zones);
  const events = useRecentTroubles();
  const { kind, apps } = catalogue.value;
  const found = findProblems({
    apps,
    guard: guard.value,
    events,
    zones: zones.value?.zones ?? [],
    queries: dead.value?.queries ?? [],
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
  const shown = useRecentChanges(loaded.value?.events, '', () => true).slice(0, changesShown);
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
