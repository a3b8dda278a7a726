// One instance: its registration, its lease running down, and what an operator can do to it. A drain counts down
// until no resolver can hold its address. One that is gone shows what happened to it, and can be restored.

import { useEffect } from 'preact/hooks';
import { get } from '../api/http.ts';
import type { Change, EventsReply, Instance, Override as Overridden, QueriesReply } from '../api/shapes.ts';
import {
  type Action,
  askCancel,
  askDrain,
  askUp,
  askWeight,
  askWhenSafe,
  pathOf,
  safeTimes,
  type Target,
  whyNot,
} from '../live/actions.ts';
import { onChanges } from '../live/changes.ts';
import { nowMs } from '../live/clock.ts';
import { useRecentChanges } from '../live/recent-changes.ts';
import { digCommand, dnsNameOf } from '../live/server.ts';
import { Ago, Badge, Copyable, Panel, Time, type Tone, Trouble, Waiting } from '../parts/bits.tsx';
import { ChangeLine } from '../parts/change-line.tsx';
import { Lease } from '../parts/lease.tsx';
import { type Loaded, useEvery, useLoaded } from '../parts/loaded.ts';
import { Restore } from '../parts/restore.tsx';
import { StillAsked, useInstanceAsked } from '../parts/who-asks.tsx';
import { linkTo } from '../route.ts';

const againEveryMs = 5000;
const eventsShown = '100';
const gone = 404;

export function InstancePage(target: Target) {
  const { env, appid, instance } = target;
  const path = pathOf(target);
  const loaded = useLoaded(path, (signal) => get<Instance>(path, {}, signal));
  const events = useLoaded(`events ${path}`, (signal) =>
    get<EventsReply>('api/v1/events', { app: `${env}/${appid}`, instance, limit: eventsShown }, signal),
  );
  useEffect(() => {
    return onChanges((changes) => {
      if (changes.some((one) => one.env === env && one.appid === appid && one.instance === instance)) loaded.again();
    });
  }, [path]);
  useEvery(againEveryMs, loaded);
  const changes = useRecentChanges(
    events.value?.events,
    path,
    (one) => one.env === env && one.appid === appid && one.instance === instance,
  );
  const isGone = loaded.status === gone;
  const asked = useInstanceAsked(target, loaded.value !== undefined && !isGone);
  const isWaiting = !isGone && loaded.trouble === undefined && (loaded.value === undefined || !asked.isSettled);
  return (
    <>
      <p class="crumbs">
        <a href="#/">Overview</a> / <a href={linkTo([], { env })}>{env}</a> /{' '}
        <a href={linkTo(['apps', env, appid])}>{appid}</a>
      </p>
      <h1>{instance}</h1>
      {!isGone && <Trouble text={loaded.trouble} />}
      <SafeToStop target={target} />
      {isGone && <Gone target={target} changes={changes} again={loaded.again} />}
      {isWaiting && <Waiting />}
      {loaded.value !== undefined && !isGone && asked.isSettled && (
        <Present instance={loaded.value} etag={loaded.etag} asked={asked.loaded} again={loaded.again} />
      )}
      {/* It comes when its place is known: nothing moves. */}
      {!isWaiting && (
        <Panel title="What happened">
          <Trouble text={events.trouble} />
          <ol class="changes">
            {changes.map((change) => (
              <ChangeLine key={change.revision} change={change} withApp={false} />
            ))}
          </ol>
          {events.value !== undefined && changes.length === 0 && <p class="empty">No change is recorded.</p>}
        </Panel>
      )}
    </>
  );
}

/** Counts down after a drain or a cancel. */
function SafeToStop({ target }: { readonly target: Target }) {
  const at = safeTimes.value.get(pathOf(target));
  if (at === undefined) return null;
  const leftMs = Date.parse(at) - nowMs.value;
  return (
    <p class={leftMs > 0 ? 'safe is-waiting' : 'safe is-safe'} role="status">
      {leftMs > 0 ? (
        <>
          <strong>Safe to stop in {Math.ceil(leftMs / 1000)} s</strong>{' '}
          <span>
            Resolvers may hold its address until <Time at={at} />.
          </span>
        </>
      ) : (
        <>
          <strong>Safe to stop</strong> <span>No resolver can hold its address any more.</span>
        </>
      )}
    </p>
  );
}

function Present({
  instance,
  etag,
  asked,
  again,
}: {
  readonly instance: Instance;
  readonly asked: Loaded<QueriesReply>;
  readonly etag: string | undefined;
  readonly again: () => void;
}) {
  const { status, suspect, health, override } = instance;
  // What checks have taken out of the answers, they bring back.
  const isFailing = override === undefined && health !== undefined && health.wanted === 'up';
  return (
    <>
      <p class="summary">
        {suspect === true ? (
          <Badge tone="bad">suspect</Badge>
        ) : (
          <Badge tone={status === 'up' ? 'good' : 'warn'}>{status}</Badge>
        )}{' '}
        <Lease endsAt={instance.leaseEndsAt} leaseSeconds={instance.leaseSeconds} suspect={suspect === true} />
        {instance.health !== undefined && (
          <>
            <Badge tone={verdictTones[instance.health.verdict] ?? 'quiet'}>{instance.health.verdict}</Badge>
            <span>{instance.health.reason}</span>
          </>
        )}
      </p>
      {instance.override !== undefined && <Override override={instance.override} />}
      <div class="buttons actions">
        {status === 'up' ? (
          <ActionButton action="drain" target={instance} run={() => askDrain(instance, etag, again)}>
            Drain
          </ActionButton>
        ) : (
          <>
            <ActionButton
              action="up"
              target={instance}
              {...(isFailing ? { reason: 'Its checks decide: it is up again when they pass.' } : {})}
              run={() => askUp(instance, etag, again)}
            >
              Bring up
            </ActionButton>
            <ActionButton action="drain" target={instance} run={() => askWhenSafe(instance, etag, again)}>
              Is it safe to stop?
            </ActionButton>
          </>
        )}
        <ActionButton action="weight" target={instance} run={() => askWeight(instance, etag, again)}>
          Change weight
        </ActionButton>
        <ActionButton action="cancel" target={instance} isDanger run={() => askCancel(instance, etag, again)}>
          Cancel
        </ActionButton>
      </div>
      <StillAsked instance={instance} loaded={asked} />
      <div class="columns">
        <Facts instance={instance} />
        <Names instance={instance} />
      </div>
    </>
  );
}

function Override({ override: { by, reason, until } }: { readonly override: Overridden }) {
  return (
    <p class="safe is-waiting">
      Drained by <strong>{by}</strong>
      {reason !== undefined && ` (“${reason}”)`}{' '}
      {until === null ? (
        'until it registers again as up.'
      ) : until === 'unbounded' ? (
        'until it is brought up here.'
      ) : (
        <>
          until <Time at={until} />, even if it registers as up.
        </>
      )}
    </p>
  );
}

interface ActionButtonProps {
  readonly action: Action;
  readonly target: Instance;
  readonly run: () => void;
  readonly isDanger?: boolean;
  /** Why it would be in vain. */
  readonly reason?: string;
  readonly children: string;
}

function ActionButton({ action, target, run, isDanger, children, ...given }: ActionButtonProps) {
  const reason = given.reason ?? whyNot(action, target);
  const id = `why-not-${action}`;
  return (
    <span>
      <button
        type="button"
        class={isDanger === true ? 'danger' : ''}
        disabled={reason !== undefined}
        onClick={run}
        {...(reason === undefined ? {} : { 'aria-describedby': id })}
      >
        {children}
      </button>
      {reason !== undefined && (
        <span class="why-not" id={id}>
          {reason}
        </span>
      )}
    </span>
  );
}

function Facts({ instance }: { readonly instance: Instance }) {
  const { checks = [], metadata } = instance;
  const facts: readonly (readonly [name: string, value: string])[] = [
    ['Version', instance.version],
    ['Zone', instance.zone],
    ['Group', instance.group],
    ['Tags', instance.tags.join(', ')],
    ['Weight, priority', `${instance.weight}, ${instance.priority}`],
    ['Lease, DNS TTL', `${instance.leaseSeconds} s, ${instance.dnsTtl} s`],
    ...Object.entries(metadata).map(([key, value]) => [`metadata: ${key}`, value] as const),
  ];
  return (
    <Panel title="Registration">
      <dl class="facts">
        {facts
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        <div>
          <dt>Registered</dt>
          <dd>
            <Time at={instance.registeredAt} />
          </dd>
        </div>
        <div>
          <dt>Renewed</dt>
          <dd>
            <Ago at={instance.renewedAt} />
          </dd>
        </div>
        {checks.map((check, i) => (
          <div key={JSON.stringify(check)} class="is-wide">
            <dt>Check {i + 1}</dt>
            <dd>{checkText(check)}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

const verdictTones: Readonly<Record<string, Tone>> = { passing: 'good', warning: 'warn', critical: 'bad' };

/** `tcp every 5 s, within 2 s`, then the rest of what is set, by its name. */
function checkText({ type, intervalSeconds, timeoutSeconds, ...rest }: Readonly<Record<string, unknown>>): string {
  const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  const every = intervalSeconds === undefined ? '' : ` every ${textOf(intervalSeconds)} s`;
  const within = timeoutSeconds === undefined ? '' : `within ${textOf(timeoutSeconds)} s`;
  const others = Object.entries(rest)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key} ${textOf(value)}`);
  return [`${textOf(type)}${every}`, within, ...others].filter((part) => part !== '').join(', ');
}

function Names({ instance: { env, appid, label, addrs } }: { readonly instance: Instance }) {
  const name = dnsNameOf(env, appid, `${label}.`);
  return (
    <Panel title="Where it is found">
      <ul class="plain">
        {addrs.map((addr) => (
          <li key={addr}>
            <Copyable text={addr} />
          </li>
        ))}
        <li>
          <a href={linkTo(['resolve'], { name, type: 'A' })}>{name}</a>
        </li>
        <li>
          <Copyable text={digCommand(name, 'SRV')} />
        </li>
      </ul>
    </Panel>
  );
}

const removals = ['cancelled', 'evicted'];

function Gone({
  target,
  changes,
  again,
}: {
  readonly target: Target;
  readonly changes: readonly Change[];
  readonly again: () => void;
}) {
  const last = changes.find(({ why }) => removals.includes(why));
  return (
    <Panel title="Not registered">
      {last === undefined ? (
        <p class="empty">No instance of this name is registered, and none is in the record of changes.</p>
      ) : (
        <>
          <p>
            It was <Badge tone="warn">{last.why}</Badge> at <Time at={last.at} />. A restore registers it again as it
            was.
          </p>
          <Restore
            wish={{ app: `${target.env}/${target.appid}`, from: last.at, to: last.at, why: [last.why] }}
            done={again}
          />
        </>
      )}
    </Panel>
  );
}
