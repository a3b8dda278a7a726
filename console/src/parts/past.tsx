// An app as it was: a slider over the recorded time, steps from change to change, and the difference between two moments.
// The moments are in the link (`at`, `with`), so it can be sent to others.

import { useEffect, useState } from 'preact/hooks';
import { get } from '../api/http.ts';
import type { EventsReply, InstanceContent, PastReply } from '../api/shapes.ts';
import { nowMs } from '../live/clock.ts';
import { replaceQuery, route } from '../route.ts';
import { Badge, InstanceLink, Time, Trouble } from './bits.tsx';
import { useLoaded } from './loaded.ts';

/** A slider that moves asks once it rests. */
const restMs = 200;
const stepsMax = '500';

interface Place {
  readonly env: string;
  readonly appid: string;
}

/** The moments at which the app changed, newest first, and since when that is recorded. */
function useSteps({ env, appid }: Place) {
  const app = `${env}/${appid}`;
  const loaded = useLoaded(`steps ${app}`, (signal) =>
    get<EventsReply>('api/v1/events', { app, limit: stepsMax }, signal),
  );
  const steps = (loaded.value?.events ?? []).map(({ at }) => Date.parse(at));
  const since = loaded.value === undefined ? undefined : Date.parse(loaded.value.completeSince);
  // Before the first known change nothing differs.
  const oldest = loaded.value?.next === undefined ? since : steps.at(-1);
  return { steps, oldest, trouble: loaded.trouble };
}

export function TimeSlider(place: Place) {
  const { steps, oldest, trouble } = useSteps(place);
  const { at, with: other } = route.value.query;
  const now = nowMs.value;
  const chosen = at === undefined ? now : Date.parse(at);
  const [draft, setDraft] = useState<number>();
  useEffect(() => {
    if (draft === undefined) return;
    const timer = setTimeout(() => {
      replaceQuery({ at: new Date(draft).toISOString() });
      setDraft(undefined);
    }, restMs);
    return () => clearTimeout(timer);
  }, [draft]);
  const shown = draft ?? chosen;
  const earlier = steps.find((step) => step <= shown - 1);
  const later = steps.findLast((step) => step > shown);
  const show = (ms: number | undefined): void =>
    replaceQuery({ at: ms === undefined ? undefined : new Date(ms).toISOString() });
  return (
    <div class="time-slider">
      <label>
        <span>
          As of{' '}
          <strong>
            {at === undefined && draft === undefined ? 'now' : <Time at={new Date(shown).toISOString()} />}
          </strong>
        </span>
        <input
          type="range"
          min={oldest ?? now - 1000}
          max={now}
          step={1000}
          value={shown}
          disabled={oldest === undefined}
          aria-valuetext={at === undefined ? 'now' : new Date(shown).toISOString()}
          onInput={({ currentTarget }) => setDraft(currentTarget.valueAsNumber)}
        />
      </label>
      <div class="buttons">
        {/* A millisecond before a change is the state without it. */}
        <button type="button" disabled={earlier === undefined} onClick={() => show((earlier ?? 0) - 1)}>
          Before the last change
        </button>
        <button type="button" disabled={later === undefined} onClick={() => show(later)}>
          After the next one
        </button>
        <button
          type="button"
          disabled={at === undefined}
          onClick={() => replaceQuery({ at: undefined, with: undefined })}
        >
          Now
        </button>
        <button
          type="button"
          aria-pressed={other !== undefined}
          disabled={at === undefined && other === undefined}
          onClick={() => replaceQuery({ with: other === undefined ? 'now' : undefined })}
        >
          Compare with now
        </button>
        {at !== undefined && (
          <button type="button" onClick={() => replaceQuery({ with: at, at: undefined })}>
            Keep as the other moment
          </button>
        )}
      </div>
      <Trouble text={trouble} />
    </div>
  );
}

/** The instances that an app had at a moment; `now` is one too. */
export function usePast({ env, appid }: Place, at: string | undefined) {
  const key = at === undefined ? undefined : `past ${env}/${appid} ${at}`;
  return useLoaded(key, (signal) => get<PastReply>(`api/v1/apps/${env}/${appid}`, { at }, signal));
}

export interface Compared {
  /** Nothing is compared, or both moments have been read (or cannot be). */
  readonly isKnown: boolean;
  readonly before: PastReply | undefined;
  readonly after: PastReply | undefined;
  readonly trouble: string | undefined;
}

/** The two moments of the link, the earlier one first. */
export function useComparison(place: Place): Compared {
  const { at = 'now', with: other } = route.value.query;
  const one = usePast(place, other);
  const two = usePast(place, other === undefined ? undefined : at);
  const isOrdered = other !== 'now' && (at === 'now' || Date.parse(other ?? '') <= Date.parse(at));
  const [before, after] = isOrdered ? [one.value, two.value] : [two.value, one.value];
  const trouble = one.trouble ?? two.trouble;
  const isRead = before !== undefined && after !== undefined;
  return { isKnown: other === undefined || isRead || trouble !== undefined, before, after, trouble };
}

export function Comparison({ comparison, ...place }: Place & { readonly comparison: Compared }) {
  const { before, after, trouble } = comparison;
  if (before === undefined || after === undefined) return <Trouble text={trouble} />;
  const differences = differencesOf(before.instances, after.instances);
  return (
    <div class="comparison" role="status">
      <p>
        From <Time at={before.at} /> to <Time at={after.at} />:{' '}
        {differences.length === 0 ? 'no difference.' : `${differences.length} of its instances differ.`}
      </p>
      <ul class="changes">
        {differences.map(({ instance, kind, text }) => (
          <li key={instance}>
            <Badge tone={kind === 'added' ? 'good' : kind === 'gone' ? 'bad' : 'info'}>{kind}</Badge>{' '}
            <InstanceLink {...place} instance={instance} /> <span class="muted">{text}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface Difference {
  readonly instance: string;
  readonly kind: 'added' | 'gone' | 'changed';
  readonly text: string;
}

function differencesOf(before: readonly InstanceContent[], after: readonly InstanceContent[]): Difference[] {
  const [old, now] = [before, after].map((list) => new Map(list.map((one) => [one.instance, one]))) as [
    Map<string, InstanceContent>,
    Map<string, InstanceContent>,
  ];
  const found: Difference[] = [];
  for (const [instance, one] of old) {
    const next = now.get(instance);
    if (next === undefined) found.push({ instance, kind: 'gone', text: summaryOf(one) });
    else {
      const fields = fieldsOf(one, next);
      if (fields.length > 0) found.push({ instance, kind: 'changed', text: fields.join(' · ') });
    }
  }
  for (const [instance, one] of now)
    if (!old.has(instance)) found.push({ instance, kind: 'added', text: summaryOf(one) });
  return found;
}

function summaryOf({ status, version, zone, addrs }: InstanceContent): string {
  return [status, version, zone, addrs.join(' ')].filter((part) => part !== '').join(' · ');
}

function fieldsOf(before: InstanceContent, after: InstanceContent): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof InstanceContent)[];
  return keys
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
    .map((key) => `${key}: ${textOf(before[key])} → ${textOf(after[key])}`);
}

function textOf(value: unknown): string {
  if (value === undefined || value === '') return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
