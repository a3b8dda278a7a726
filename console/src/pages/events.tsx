// Who changed what, when and why: live, filtered, as far back as it is recorded. What was removed by mistake is undone
// here: by app, time and client, after a dry run.

import { useEffect, useState } from 'preact/hooks';
import { failureText, get } from '../api/http.ts';
import type { Change, EventsReply } from '../api/shapes.ts';
import { nameOf } from '../live/catalogue.ts';
import { useRecentChanges } from '../live/recent-changes.ts';
import { AppLink, Badge, InstanceLink, Panel, Time, Trouble, Waiting } from '../parts/bits.tsx';
import { detailOf, whyTones } from '../parts/change-line.tsx';
import { useLoaded } from '../parts/loaded.ts';
import { Restore, type RestoreWish } from '../parts/restore.tsx';
import { VirtualTable } from '../parts/virtual-table.tsx';
import { linkTo, replaceQuery, route } from '../route.ts';

const causes = [
  'registered',
  'replaced',
  'patched',
  'drained',
  'resumed',
  'hold-ended',
  'lapsed',
  'cancelled',
  'evicted',
  'checked',
] as const;
const pageSize = '500';

export function EventsPage() {
  const { query } = route.value;
  const { app, env, why, from, who = '' } = query;
  const filters = { app, env, why, from };
  const key = `events ${JSON.stringify(filters)}`;
  const loaded = useLoaded(key, (signal) => get<EventsReply>('api/v1/events', { ...filters, limit: pageSize }, signal));
  const [older, setOlder] = useState<{ readonly key: string; readonly pages: readonly EventsReply[] }>({
    key,
    pages: [],
  });
  const [trouble, setTrouble] = useState<string>();
  const pages = older.key === key ? older.pages : [];
  useEffect(() => setTrouble(undefined), [key]);
  const head = useRecentChanges(loaded.value?.events, key, (change) => matches(change, query));
  const all = [...head, ...pages.flatMap(({ events }) => events)].filter(
    (change) => who === '' || detailOf(change).includes(who),
  );
  const lastPage = pages.at(-1) ?? loaded.value;
  const readOlder = async (): Promise<void> => {
    const page = await get<EventsReply>('api/v1/events', { ...filters, limit: pageSize, before: lastPage?.next });
    if (page.kind === 'ok') setOlder({ key, pages: [...pages, page.value] });
    else setTrouble(failureText(page));
  };
  return (
    <>
      <h1>Events</h1>
      <Filters />
      <Trouble text={loaded.trouble ?? trouble} />
      {loaded.value?.unreadable !== undefined && (
        <p class="fault">The record is damaged: {loaded.value.unreadable.length} changes cannot be read.</p>
      )}
      {loaded.value === undefined && loaded.trouble === undefined ? (
        <Waiting isTall />
      ) : (
        <VirtualTable<Change>
          label="Events"
          rows={all}
          keyOf={({ revision }) => String(revision)}
          heightMax={560}
          isTall
          empty="No change is recorded that matches."
          columns={[
            { title: 'When', width: '5.5rem', cell: ({ at }) => <Time at={at} /> },
            {
              title: 'What',
              width: '6.4rem',
              cell: (change) => <Badge tone={whyTones[change.why] ?? 'quiet'}>{change.why}</Badge>,
            },
            {
              title: 'Instance',
              width: 'minmax(7rem, 2fr)',
              cell: (change) => (
                <>
                  <AppLink {...change} />
                  <span class="muted"> / </span>
                  <InstanceLink {...change} />
                </>
              ),
            },
            {
              title: 'By, reason',
              width: 'minmax(0, 2fr)',
              isExtra: true,
              cell: (change) => <span title={detailOf(change)}>{detailOf(change)}</span>,
            },
            { title: 'Undo', width: '4rem', cell: (change) => <UndoLink change={change} /> },
          ]}
        />
      )}
      <p class="buttons">
        {lastPage?.next !== undefined && (
          <button type="button" onClick={() => void readOlder()}>
            Older ones
          </button>
        )}
        {loaded.value !== undefined && (
          <span class="muted">
            Recorded since <Time at={loaded.value.completeSince} />.
          </span>
        )}
      </p>
      <Undo />
    </>
  );
}

/** As the server filters what it recorded. */
function matches(change: Change, { app, env, why, from }: Readonly<Record<string, string>>): boolean {
  return (
    (app === undefined || nameOf(change) === app) &&
    (env === undefined || change.env === env) &&
    (why === undefined || why.split(',').includes(change.why)) &&
    (from === undefined || from.startsWith('-') || change.at >= from)
  );
}

function Filters() {
  const { query } = route.value;
  const chosen = new Set((query['why'] ?? '').split(',').filter((word) => word !== ''));
  const toggle = (cause: string): void => {
    const next = causes.filter((one) => chosen.has(one) !== (one === cause));
    replaceQuery({ why: next.join(',') });
  };
  return (
    <div class="filters">
      <DelayedInput label="App (env/app)" name="app" isComplete={(text) => /^[^/]+\/[^/]+$/.test(text)} />
      <DelayedInput label="Environment" name="env" isComplete={(text) => /^[A-Za-z0-9-]+$/.test(text)} />
      <DelayedInput label="By, or reason" name="who" isComplete={() => true} />
      <select
        aria-label="Since"
        value={query['from'] ?? ''}
        onChange={({ currentTarget }) => replaceQuery({ from: currentTarget.value })}
      >
        <option value="">Any time</option>
        <option value="-15m">15 minutes</option>
        <option value="-1h">1 hour</option>
        <option value="-1d">1 day</option>
      </select>
      <fieldset class="types">
        <legend class="sr">What happened</legend>
        {causes.map((cause) => (
          <label key={cause}>
            <input type="checkbox" checked={chosen.has(cause)} onChange={() => toggle(cause)} />
            {cause}
          </label>
        ))}
      </fieldset>
    </div>
  );
}

/** Half a name is a fault to the server: it is asked for when it is whole. */
function DelayedInput({
  label,
  name,
  isComplete,
}: {
  readonly label: string;
  readonly name: string;
  readonly isComplete: (text: string) => boolean;
}) {
  const value = route.value.query[name] ?? '';
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={label}
      value={text}
      onInput={({ currentTarget }) => {
        setText(currentTarget.value);
        if (currentTarget.value === '' || isComplete(currentTarget.value))
          replaceQuery({ [name]: currentTarget.value });
      }}
    />
  );
}

const undoable = ['cancelled', 'evicted', 'drained'];
const aMinuteMs = 60_000;

/** Fills in the undo below: of this app, by this client, within the minute. */
function UndoLink({ change }: { readonly change: Change }) {
  if (!undoable.includes(change.why)) return null;
  const at = Date.parse(change.at);
  const undo = {
    undo: nameOf(change),
    since: new Date(at - aMinuteMs).toISOString(),
    till: new Date(at + aMinuteMs).toISOString(),
    undoWhy: change.why,
    token: change.by?.token,
    address: change.by?.address,
  };
  return <a href={linkTo(['events'], { ...route.value.query, ...undo })}>Undo</a>;
}

function Undo() {
  const { undo: app = '', since = '-15m', till, undoWhy = 'cancelled', token, address } = route.value.query;
  const [draft, setDraft] = useState({ app, since, why: undoWhy });
  useEffect(() => setDraft({ app, since, why: undoWhy }), [app, since, undoWhy]);
  const place = draft.app.trim();
  const byClient = undoWhy !== 'evicted' && (token !== undefined || address !== undefined);
  const wish: RestoreWish = {
    ...(place === '' ? {} : place.includes('/') ? { app: place } : { env: place }),
    from: draft.since,
    ...(till === undefined ? {} : { to: till }),
    why: [draft.why],
    ...(byClient
      ? { by: { ...(token === undefined ? {} : { token }), ...(address === undefined ? {} : { address }) } }
      : {}),
  };
  return (
    <Panel title="Undo a removal">
      <p class="muted">Registers again what was removed by mistake. Try it first: nothing changes until you confirm.</p>
      <div class="filters">
        <label>
          Of{' '}
          <input
            type="text"
            placeholder="env, env/app, or all"
            value={draft.app}
            onInput={({ currentTarget }) => setDraft({ ...draft, app: currentTarget.value })}
          />
        </label>
        <label>
          Removed since{' '}
          <input
            type="text"
            value={draft.since}
            onInput={({ currentTarget }) => setDraft({ ...draft, since: currentTarget.value })}
          />
        </label>
        <label>
          What{' '}
          <select value={draft.why} onChange={({ currentTarget }) => setDraft({ ...draft, why: currentTarget.value })}>
            {undoable.map((why) => (
              <option key={why}>{why}</option>
            ))}
          </select>
        </label>
        {byClient && <span class="muted">by {token ?? address}</span>}
        {till !== undefined && (
          <span class="muted">
            until <Time at={till} />{' '}
            <button
              type="button"
              class="small"
              onClick={() =>
                replaceQuery({
                  undo: undefined,
                  since: undefined,
                  till: undefined,
                  undoWhy: undefined,
                  token: undefined,
                  address: undefined,
                })
              }
            >
              Clear
            </button>
          </span>
        )}
      </div>
      <Restore key={JSON.stringify(wish)} wish={wish} />
    </Panel>
  );
}
