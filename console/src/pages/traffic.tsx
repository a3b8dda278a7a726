// Who asks for what: the query statistics, filtered, added up and in pages; names that do not exist and are asked for
// again and again, with what may have been meant; and apps that no client asks for. The filters are in the link. Where
// queries are not counted (410), or the credential may not read all of them (403), the page gives the server's reason.

import { get, type Result } from '../api/http.ts';
import type { QueriesReply, UnaskedReply } from '../api/shapes.ts';
import { lacks } from '../live/actions.ts';
import { caller, hasMetrics, readsAll } from '../live/caller.ts';
import { AppLink, Panel, Time, Trouble, Waiting } from '../parts/bits.tsx';
import { type Loaded, useEvery, useLoaded } from '../parts/loaded.ts';
import { MissingTable, type QueryGrouping, QueryTable } from '../parts/query-table.tsx';
import { TrafficCharts } from '../parts/traffic-charts.tsx';
import { linkTo, replaceQuery, route } from '../route.ts';

const againEveryMs = 10_000;
const pageSize = 100;
const missingWish = { rcode: 'NXDOMAIN', by: 'name', order: 'hour', limit: '50' };
const unaskedShown = '200';
const gone = 410;
const forbidden = 403;

const groupings: readonly (readonly [by: QueryGrouping, title: string])[] = [
  ['question', 'By name, type and answer'],
  ['name', 'By name'],
  ['client', 'By client'],
  ['app', 'By app'],
  ['none', 'Every row'],
];
const orders = [
  ['queries', 'Most in all'],
  ['minute', 'Most in the last minute'],
  ['hour', 'Most in the last hour'],
  ['day', 'Most in the last day'],
  ['recent', 'Asked last'],
] as const;
const rcodes = ['NOERROR', 'NXDOMAIN', 'SERVFAIL', 'REFUSED', 'NOTIMP', 'FORMERR'] as const;
const withins = [
  ['1h', 'one hour'],
  ['1d', 'a day'],
  ['7d', 'a week'],
  ['30d', 'a month'],
] as const;
/** Filters that are typed: parameter, label, example. */
const typed = [
  ['name', 'Name', 'Name, with all below it'],
  ['type', 'Type', 'Type'],
  ['client', 'Client', 'Client'],
  ['app', 'App', 'env/app'],
] as const;

export function TrafficPage() {
  const { query } = route.value;
  const by = groupings.find(([one]) => one === query['by'])?.[0] ?? 'question';
  const order = orders.find(([one]) => one === query['order'])?.[0] ?? 'hour';
  const offset = Math.max(0, Math.trunc(Number(query['offset'])) || 0);
  const { name, type, client, app, rcode, instance } = query;
  const wish = { name, type, client, app, rcode, instance, by, order, limit: String(pageSize), offset: String(offset) };
  // Another wish is a new version of the same: what is shown stays until the reply is there, with its columns.
  const loaded = useLoaded(
    readsAll.value ? 'queries' : undefined,
    (signal) => readPage(wish, by, offset, signal),
    JSON.stringify(wish),
  );
  const missing = useLoaded(readsAll.value ? 'missing' : undefined, (signal) =>
    get<QueriesReply>('api/v1/queries', missingWish, signal),
  );
  const within = withins.find(([value]) => value === query['within'])?.[0] ?? '7d';
  const unasked = useLoaded(
    readsAll.value ? 'unasked' : undefined,
    (signal) => get<UnaskedReply>('api/v1/queries/unasked', { within, limit: unaskedShown }, signal),
    within,
  );
  useEvery(againEveryMs, loaded);
  useEvery(againEveryMs, missing);
  useEvery(againEveryMs, unasked);
  const isForbidden = loaded.status === forbidden || (caller.value !== undefined && !readsAll.value);
  return (
    <>
      <h1>Traffic</h1>
      {(hasMetrics.value || caller.value === undefined) && (
        <Panel title="Now">
          <div class="columns">
            <TrafficCharts />
          </div>
        </Panel>
      )}
      {isForbidden ? (
        <p class="note">
          Who asks for what is shown to those that may read all apps. {caller.value !== undefined && lacks(['read'])}{' '}
          <a href="#/sign-in">Sign in</a>
        </p>
      ) : loaded.status === gone ? (
        <p class="note">{loaded.trouble} The lines above come from the metrics of the server.</p>
      ) : (
        <>
          <WhoAsks loaded={loaded} by={by} order={order} />
          {/* What is below comes when its place is known: nothing moves. */}
          {[loaded, missing, unasked].every(isSettled) && (
            <>
              <Missing loaded={missing} />
              <Unasked loaded={unasked} within={within} />
            </>
          )}
        </>
      )}
    </>
  );
}

function isSettled({ value, trouble }: Loaded<unknown>): boolean {
  return value !== undefined || trouble !== undefined;
}

/** A page with what was asked for: until the next one is there it is shown as what it is. */
type Page = QueriesReply & { readonly by: QueryGrouping; readonly offset: number };

async function readPage(
  wish: Readonly<Record<string, string | undefined>>,
  by: QueryGrouping,
  offset: number,
  signal: AbortSignal,
): Promise<Result<Page>> {
  const reply = await get<QueriesReply>('api/v1/queries', wish, signal);
  return reply.kind === 'ok' ? { ...reply, value: { ...reply.value, by, offset } } : reply;
}

function WhoAsks(props: { readonly loaded: Loaded<Page>; readonly by: QueryGrouping; readonly order: string }) {
  const { value, trouble } = props.loaded;
  return (
    <Panel title="Who asks for what" extra={value !== undefined && <Since reply={value} />}>
      <Filters by={props.by} order={props.order} />
      <Trouble text={trouble} />
      {value === undefined ? (
        trouble === undefined && <Waiting isTall />
      ) : (
        <>
          <QueryTable by={value.by} queries={value.queries} empty="No query matches." />
          <Pages shown={value} />
        </>
      )}
    </Panel>
  );
}

function Since({ reply: { since, unlisted = 0 } }: { readonly reply: QueriesReply }) {
  return (
    <span class="muted">
      counted since <Time at={since} />
      {unlisted > 0 && `; ${unlisted} queries are in no row, for want of room`}
    </span>
  );
}

function Filters({ by, order }: { readonly by: QueryGrouping; readonly order: string }) {
  const { query } = route.value;
  const set = (changes: Readonly<Record<string, string>>): void => replaceQuery({ ...changes, offset: undefined });
  return (
    <div class="filters">
      <select aria-label="Added up" value={by} onChange={({ currentTarget }) => set({ by: currentTarget.value })}>
        {groupings.map(([value, title]) => (
          <option key={value} value={value}>
            {title}
          </option>
        ))}
      </select>
      <select aria-label="Order" value={order} onChange={({ currentTarget }) => set({ order: currentTarget.value })}>
        {orders.map(([value, title]) => (
          <option key={value} value={value}>
            {title}
          </option>
        ))}
      </select>
      <select
        aria-label="Answer"
        value={query['rcode'] ?? ''}
        onChange={({ currentTarget }) => set({ rcode: currentTarget.value })}
      >
        <option value="">Any answer</option>
        {rcodes.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
      {typed.map(([parameter, label, example]) => (
        <input
          key={parameter}
          type="search"
          aria-label={label}
          placeholder={example}
          size={parameter === 'name' ? 24 : 10}
          spellcheck={false}
          value={query[parameter] ?? ''}
          onChange={({ currentTarget }) => set({ [parameter]: currentTarget.value.trim() })}
        />
      ))}
      {query['instance'] !== undefined && (
        <button type="button" class="small" onClick={() => set({ instance: '' })}>
          {query['instance']} ✕
        </button>
      )}
    </div>
  );
}

function Pages({ shown: { total, queries, next, offset } }: { readonly shown: Page }) {
  if (offset === 0 && next === undefined) return null;
  const to = (place: number): void => replaceQuery({ offset: place === 0 ? undefined : String(place) });
  return (
    <p class="buttons">
      <button type="button" disabled={offset === 0} onClick={() => to(Math.max(0, offset - pageSize))}>
        Before
      </button>
      <span class="muted" role="status">
        {queries.length === 0 ? `none of ${total}` : `${offset + 1} to ${offset + queries.length} of ${total}`}
      </span>
      <button type="button" disabled={next === undefined} onClick={() => to(next ?? 0)}>
        Next
      </button>
    </p>
  );
}

function Missing({ loaded: { value, trouble } }: { readonly loaded: Loaded<QueriesReply> }) {
  return (
    <Panel
      title="Names that do not exist"
      extra={<a href={linkTo(['traffic'], { rcode: 'NXDOMAIN', by: 'none' })}>Who asks for them</a>}
    >
      <Trouble text={trouble} />
      {value !== undefined && <MissingTable queries={value.queries} empty="Every name that was asked for exists." />}
    </Panel>
  );
}

function Unasked({
  loaded: { value, trouble },
  within,
}: {
  readonly loaded: Loaded<UnaskedReply>;
  readonly within: string;
}) {
  return (
    <Panel
      title="Apps without queries"
      extra={
        <select
          aria-label="Not asked for within"
          value={within}
          onChange={({ currentTarget }) => replaceQuery({ within: currentTarget.value })}
        >
          {withins.map(([one, title]) => (
            <option key={one} value={one}>
              within {title}
            </option>
          ))}
        </select>
      }
    >
      <Trouble text={trouble} />
      {value !== undefined && (
        <>
          <ul class="plain chips">
            {value.apps.map(({ env, appid, lastSeen }) => (
              <li key={`${env}/${appid}`} title={lastSeen === null ? 'never asked for' : `last asked for ${lastSeen}`}>
                <AppLink env={env} appid={appid} />
              </li>
            ))}
          </ul>
          <p class="muted">
            {value.apps.length === 0 && 'Every app was asked for. '}
            {String(value.apps.length) === unaskedShown && `The first ${unaskedShown}. `}
            Queries are counted since <Time at={value.since} />.
          </p>
        </>
      )}
    </Panel>
  );
}
