// A change in a line: when, what, of which instance, by whom and why.

import type { Change } from '../api/shapes.ts';
import { nameOf } from '../live/catalogue.ts';
import { linkTo } from '../route.ts';
import { Badge, InstanceLink, Time, type Tone } from './bits.tsx';

export const whyTones: Readonly<Record<string, Tone>> = {
  registered: 'good',
  replaced: 'info',
  patched: 'info',
  drained: 'warn',
  resumed: 'good',
  'hold-ended': 'good',
  lapsed: 'bad',
  cancelled: 'warn',
  evicted: 'bad',
  checked: 'quiet',
};

export function ChangeLine({ change, withApp = true }: { readonly change: Change; readonly withApp?: boolean }) {
  const { at, why, env, appid } = change;
  return (
    <li>
      <Time at={at} /> <Badge tone={whyTones[why] ?? 'quiet'}>{why}</Badge>{' '}
      <span class="change-name">
        {withApp && (
          <>
            <a class="name" href={linkTo(['apps', env, appid])}>
              {nameOf(change)}
            </a>
            /
          </>
        )}
        <InstanceLink {...change} />
      </span>{' '}
      <span class="muted">{detailOf(change)}</span>
    </li>
  );
}

/** Who, why, and what differs, without the kind of change. */
export function detailOf(change: Change): string {
  const { why, by, changed = [], reason, verdict, silentSeconds } = change;
  if (why === 'checked') return `${verdict ?? ''}: ${reason ?? ''}`;
  if (why === 'evicted' || why === 'lapsed') return `silent for ${Math.round(silentSeconds ?? 0)} s`;
  const who = by === undefined ? [] : [`by ${whoOf(change)}`];
  const what = why === 'patched' || why === 'replaced' ? [changed.join(', ')] : [];
  const words = by?.reason === undefined ? [] : [`“${by.reason}”`];
  return [...what.filter((part) => part !== ''), ...who, ...words].join(' · ');
}

export function whoOf({ by }: Change): string {
  if (by === undefined) return 'rollcall';
  return by.token === undefined ? by.address : `${by.token} (${by.address})`;
}
