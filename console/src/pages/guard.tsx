// Self-protection: what is held, why and since when. Nothing is done here: it ends by itself when enough renew again.

import { useEffect } from 'preact/hooks';
import { get } from '../api/http.ts';
import type { Guard, HeldApp } from '../api/shapes.ts';
import { nameOf } from '../live/catalogue.ts';
import { Ago, AppLink, Badge, Panel, Time, Trouble, Waiting } from '../parts/bits.tsx';
import { useLoaded } from '../parts/loaded.ts';
import { VirtualTable } from '../parts/virtual-table.tsx';

const againEveryMs = 3000;

export function GuardPage() {
  const { value, trouble, again } = useLoaded('guard', (signal) =>
    get<Guard>('api/v1/guard', { limit: '1000' }, signal),
  );
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && again(), againEveryMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <h1>Guard</h1>
      <p class="muted">
        Many instances that fall silent together are a broken network rather than many crashes: they are kept, answered
        with TTL 1, and marked.
      </p>
      <Trouble text={trouble} />
      {value === undefined ? trouble === undefined && <Waiting /> : <Status guard={value} />}
    </>
  );
}

function Status({ guard }: { readonly guard: Guard }) {
  return (
    <>
      <p class="summary">
        <Badge tone={guard.holding ? 'bad' : 'good'}>
          {guard.registryHeld ? 'holds the registry' : guard.holding ? 'holds apps' : 'rests'}
        </Badge>{' '}
        <span>
          {guard.reason}
          {guard.since !== null && (
            <>
              , since <Time at={guard.since} />
            </>
          )}
        </span>
      </p>
      <ul class="tiles">
        {(
          [
            ['Registered', guard.members],
            ['Late', guard.late],
            ['Past their lease, kept', guard.suspects],
            ['Renewals a minute, expected', guard.expectedRenewalsPerMinute],
            ['Renewals a minute, seen', guard.seenRenewalsPerMinute],
          ] as const
        ).map(([title, value]) => (
          <li class="tile" key={title}>
            <span class="tile-title">{title}</span>
            <span class="tile-value">{value}</span>
          </li>
        ))}
      </ul>
      <Panel
        title="Held apps"
        extra={guard.moreApps > 0 ? <span class="muted">and {guard.moreApps} more</span> : undefined}
      >
        <VirtualTable<HeldApp>
          label="Held apps"
          rows={guard.apps}
          keyOf={nameOf}
          empty="No app is held for reasons of its own."
          columns={[
            { title: 'App', width: 'minmax(8rem, 2fr)', cell: (app) => <AppLink {...app} /> },
            { title: 'Since', width: '7rem', cell: ({ since }) => <Ago at={since} /> },
            { title: 'Kept', width: '4rem', isNumber: true, cell: ({ suspects }) => suspects },
            {
              title: 'Why',
              width: 'minmax(0, 3fr)',
              isExtra: true,
              cell: ({ reason }) => <span title={reason}>{reason}</span>,
            },
          ]}
        />
      </Panel>
    </>
  );
}
