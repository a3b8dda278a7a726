// One app: who is in it, now or at another time, what DNS answers for it and why, who asks for it, what happened to it.

import { useMemo, useState } from 'preact/hooks';
import { get } from '../api/http.ts';
import type { EventsReply, Instance, InstanceContent } from '../api/shapes.ts';
import { catalogue, nameOf } from '../live/catalogue.ts';
import { useMembers } from '../live/members.ts';
import { useRecentChanges } from '../live/recent-changes.ts';
import { digCommand, dnsNameOf } from '../live/server.ts';
import { AnswerView, recordTypes } from '../parts/answer.tsx';
import { Badge, CopyButton, InstanceLink, Panel, Trouble, Waiting } from '../parts/bits.tsx';
import { useCalm } from '../parts/calm.ts';
import { ChangeLine } from '../parts/change-line.tsx';
import { Lease } from '../parts/lease.tsx';
import { useLoaded } from '../parts/loaded.ts';
import { Comparison, TimeSlider, useComparison, usePast } from '../parts/past.tsx';
import { type Column, VirtualTable } from '../parts/virtual-table.tsx';
import { AppAsked } from '../parts/who-asks.tsx';
import { linkTo, replaceQuery, route } from '../route.ts';

interface Place {
  readonly env: string;
  readonly appid: string;
}

/** DNS is asked again when the app has changed, not more often than this. */
const answerEveryMs = 1000;

export function AppPage({ env, appid }: Place) {
  const { at } = route.value.query;
  const members = useMembers(env, appid);
  const past = usePast({ env, appid }, at);
  const stamp = useCalm(stampOf(members.instances), answerEveryMs);
  const shown: readonly (Instance | InstanceContent)[] | undefined =
    at === undefined ? members.instances : past.value?.instances;
  const comparison = useComparison({ env, appid });
  const up = (shown ?? []).filter(({ status }) => status === 'up').length;
  const trouble = members.trouble ?? past.trouble;
  const addrs = (members.instances ?? []).flatMap((one) => one.addrs);
  return (
    <>
      <p class="crumbs">
        <a href="#/">Overview</a> / <a href={linkTo([], { env })}>{env}</a>
        <Elsewhere env={env} appid={appid} />
      </p>
      <h1>
        {appid} <span class="muted">{env}</span>
      </h1>
      <p class="summary">
        {shown === undefined
          ? '…'
          : shown.length === 0
            ? 'No instance is registered.'
            : `${up} of ${shown.length} ${shown.length === 1 ? 'instance takes' : 'instances take'} traffic`}
        {shown !== undefined && shown.length > 0 && up === 0 && <Badge tone="bad">all waiting</Badge>}
        {at !== undefined && <Badge tone="info">as of then</Badge>}
      </p>
      <Trouble text={trouble} />
      <Panel title="Instances">
        <TimeSlider env={env} appid={appid} />
        <Comparison comparison={comparison} env={env} appid={appid} />
        {shown === undefined || !comparison.isKnown ? (
          trouble === undefined && <Waiting />
        ) : (
          <Instances instances={shown} onView={members.onView} />
        )}
      </Panel>
      {/* What is below comes when its place is known: nothing moves. */}
      {(shown !== undefined || trouble !== undefined) && comparison.isKnown && (
        <>
          <Answers env={env} appid={appid} stamp={stamp} addrs={addrs} />
          <AppAsked env={env} appid={appid} />
          <AppEvents env={env} appid={appid} />
        </>
      )}
    </>
  );
}

/** Changes when DNS may answer something else. */
function stampOf(instances: readonly Instance[] | undefined): string {
  let highest = 0;
  for (const { revision } of instances ?? []) highest = Math.max(highest, revision);
  return `${instances?.length ?? ''} ${highest}`;
}

function Elsewhere({ env, appid }: Place) {
  const others = catalogue.value.apps.filter((app) => app.appid === appid && app.env !== env);
  return others.length === 0 ? null : (
    <span class="muted">
      {' '}
      also in{' '}
      {others.map((app) => (
        <a key={app.env} href={linkTo(['apps', app.env, appid])}>
          {app.env}{' '}
        </a>
      ))}
    </span>
  );
}

const facets = ['version', 'zone', 'group', 'status'] as const;
/** More values of a field make no filter. */
const facetValuesMax = 12;

function Instances({
  instances,
  onView,
}: {
  readonly instances: readonly (Instance | InstanceContent)[];
  readonly onView: (rows: readonly InstanceContent[]) => void;
}) {
  const { query } = route.value;
  const text = (query['q'] ?? '').toLowerCase();
  const shown = useMemo(
    () =>
      instances.filter(
        (one) =>
          facets.every((facet) => query[facet] === undefined || one[facet] === query[facet]) &&
          (text === '' || `${one.instance} ${one.addrs.join(' ')} ${one.tags.join(' ')}`.toLowerCase().includes(text)),
      ),
    [instances, JSON.stringify(query)],
  );
  const columns: readonly Column<Instance | InstanceContent>[] = [
    { title: 'Instance', width: 'minmax(6rem, 3fr)', cell: (one) => <InstanceLink {...one} /> },
    { title: 'State', width: '5.4rem', cell: (one) => <InstanceState one={one} /> },
    {
      title: 'Lease',
      width: '6rem',
      cell: (one) =>
        'leaseEndsAt' in one ? (
          <Lease endsAt={one.leaseEndsAt} leaseSeconds={one.leaseSeconds} suspect={one.suspect === true} />
        ) : (
          ''
        ),
    },
    {
      title: 'Addresses',
      width: 'minmax(9rem, 6fr)',
      isExtra: true,
      cell: ({ addrs }) => <code title={addrs.join('\n')}>{addrs.join(' ')}</code>,
    },
    { title: 'Version', width: '5.5rem', isExtra: true, cell: ({ version }) => version },
    { title: 'Zone', width: '5rem', isExtra: true, cell: ({ zone }) => zone },
    {
      title: 'Weight',
      width: '4.5rem',
      isExtra: true,
      isNumber: true,
      cell: ({ weight, priority }) => (priority === 0 ? weight : `${weight} / p${priority}`),
    },
    {
      title: 'Check',
      width: 'minmax(5rem, 2fr)',
      isExtra: true,
      cell: ({ health }) => <span title={health?.reason}>{health?.reason ?? ''}</span>,
    },
  ];
  const hasChecks = instances.some(({ health }) => health !== undefined);
  return (
    <>
      <div class="filters">
        <input
          type="search"
          aria-label="Filter instances"
          placeholder="Filter instances"
          value={query['q'] ?? ''}
          onInput={({ currentTarget }) => replaceQuery({ q: currentTarget.value })}
        />
        {facets.map((facet) => (
          <Facet key={facet} facet={facet} instances={instances} />
        ))}
        <span class="muted">{shown.length === instances.length ? '' : `${shown.length} of ${instances.length}`}</span>
      </div>
      <VirtualTable
        label="Instances"
        rows={shown}
        keyOf={({ instance }) => instance}
        rowClass={({ status }) => (status === 'up' ? '' : 'is-quiet')}
        columns={hasChecks ? columns : columns.slice(0, -1)}
        heightMax={480}
        onView={onView}
        empty={instances.length === 0 ? 'No instance is registered under this name.' : 'No instance matches.'}
      />
    </>
  );
}

function InstanceState({ one }: { readonly one: Instance | InstanceContent }) {
  if ('suspect' in one && one.suspect === true) return <Badge tone="bad">suspect</Badge>;
  if (one.status === 'up') return <Badge tone="good">up</Badge>;
  return <Badge tone={one.health?.verdict === 'critical' ? 'bad' : 'warn'}>waiting</Badge>;
}

function Facet({
  facet,
  instances,
}: {
  readonly facet: (typeof facets)[number];
  readonly instances: readonly InstanceContent[];
}) {
  const counts = new Map<string, number>();
  for (const one of instances) counts.set(one[facet], (counts.get(one[facet]) ?? 0) + 1);
  const chosen = route.value.query[facet];
  if (chosen === undefined && (counts.size < 2 || counts.size > facetValuesMax)) return null;
  return (
    <select
      aria-label={`Filter by ${facet}`}
      value={chosen ?? ''}
      onChange={({ currentTarget }) => replaceQuery({ [facet]: currentTarget.value })}
    >
      <option value="">Any {facet}</option>
      {[...counts].map(([value, count]) => (
        <option key={value} value={value}>
          {value === '' ? `no ${facet}` : value} ({count})
        </option>
      ))}
    </select>
  );
}

function Answers({ env, appid, stamp, addrs }: Place & { readonly stamp: string; readonly addrs: readonly string[] }) {
  const [type, setType] = useState('A');
  const names = useMemo(() => namesOf(env, appid, addrs), [env, appid, addrs.join()]);
  const [name = dnsNameOf(env, appid), setName] = useState<string>();
  return (
    <Panel title="What DNS answers">
      <ul class="dns-names">
        {names.map((one) => (
          <li key={one}>
            <button
              type="button"
              class="link"
              aria-pressed={one === name}
              onClick={() => {
                setName(one);
                if (one.startsWith('_')) setType('SRV');
              }}
            >
              {one}
            </button>
            <CopyButton text={digCommand(one, one.startsWith('_') ? 'SRV' : 'A')} />
          </li>
        ))}
      </ul>
      <fieldset class="types">
        <legend class="sr">Record type</legend>
        {recordTypes.slice(0, 6).map((one) => (
          <label key={one}>
            <input type="radio" name="type" checked={one === type} onChange={() => setType(one)} />
            {one}
          </label>
        ))}
      </fieldset>
      <AnswerView name={name} type={type} stamp={stamp} addrs={addrs} />
    </Panel>
  );
}

/** The app's own name, and one for each port. */
function namesOf(env: string, appid: string, addrs: readonly string[]): string[] {
  const ports = new Set<string>();
  for (const addr of addrs) {
    const [, port, protocol = 'tcp'] = /^([^:+]+)(?:\+(udp|tcp))?:\/\//.exec(addr) ?? [];
    if (port !== undefined) ports.add(`_${port}._${protocol}.`);
  }
  return [dnsNameOf(env, appid), ...[...ports].slice(0, 6).map((front) => dnsNameOf(env, appid, front))];
}

const eventsShown = '50';

function AppEvents({ env, appid }: Place) {
  const app = nameOf({ env, appid });
  const loaded = useLoaded(`events ${app}`, (signal) =>
    get<EventsReply>('api/v1/events', { app, limit: eventsShown }, signal),
  );
  const events = useRecentChanges(
    loaded.value?.events,
    app,
    (change) => change.env === env && change.appid === appid,
  ).slice(0, Number(eventsShown));
  return (
    <Panel title="What happened" extra={<a href={linkTo(['events'], { app })}>All events</a>}>
      <Trouble text={loaded.trouble} />
      <ol class="changes">
        {events.map((change) => (
          <ChangeLine key={change.revision} change={change} withApp={false} />
        ))}
      </ol>
      {loaded.value !== undefined && events.length === 0 && <p class="empty">No change is recorded.</p>}
    </Panel>
  );
}
