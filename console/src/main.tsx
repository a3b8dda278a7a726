// The console: its frame, its pages, and what keeps them up to date.

import { effect } from '@preact/signals';
import { render } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { connection } from './api/stream.ts';
import { caller, callerText, keepCaller } from './live/caller.ts';
import { keepCatalogue, readCatalogue } from './live/catalogue.ts';
import { followChanges } from './live/changes.ts';
import { keepTime, nowMs } from './live/clock.ts';
import { keepMetrics } from './live/metrics.ts';
import { isInCluster, readServer, server } from './live/server.ts';
import { AppPage } from './pages/app.tsx';
import { ClusterPage } from './pages/cluster.tsx';
import { EventsPage } from './pages/events.tsx';
import { GuardPage } from './pages/guard.tsx';
import { InstancePage } from './pages/instance.tsx';
import { Overview } from './pages/overview.tsx';
import { ResolvePage } from './pages/resolve.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { TrafficPage } from './pages/traffic.tsx';
import { ZonesPage } from './pages/zones.tsx';
import { duration } from './parts/bits.tsx';
import { ConfirmDialog } from './parts/confirm.tsx';
import { keepPressSteady } from './parts/press.ts';
import { Search } from './parts/search.tsx';
import { ThemeButton } from './parts/theme-button.tsx';
import { route } from './route.ts';
import { signInReason, token } from './session.ts';

const links: readonly (readonly [path: string, title: string])[] = [
  ['', 'Overview'],
  ['events', 'Events'],
  ['resolve', 'Resolve'],
  ['traffic', 'Traffic'],
  ['guard', 'Guard'],
  ['zones', 'Zones'],
];

function Page() {
  const { parts } = route.value;
  const [first = '', env = '', appid = '', instance = ''] = parts;
  if (signInReason.value !== undefined) return <SignIn isPage={first === 'sign-in'} />;
  if (first === '') return <Overview />;
  if (first === 'apps' && parts.length === 3) return <AppPage key={`${env}/${appid}`} env={env} appid={appid} />;
  if (first === 'apps' && parts.length === 4)
    return <InstancePage key={parts.join('/')} env={env} appid={appid} instance={instance} />;
  if (first === 'events') return <EventsPage />;
  if (first === 'resolve') return <ResolvePage />;
  if (first === 'traffic') return <TrafficPage />;
  if (first === 'guard') return <GuardPage />;
  if (first === 'zones') return <ZonesPage />;
  if (first === 'cluster') return <ClusterPage />;
  if (first === 'sign-in') return <SignIn isPage />;
  return (
    <>
      <h1>No such page</h1>
      <p>
        There is nothing at <code>{location.hash}</code>. <a href="#/">Overview</a>
      </p>
    </>
  );
}

function Frame() {
  const { parts } = route.value;
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const path = parts.join('/');
  // Before the page is painted: what is seen has the focus.
  useLayoutEffect(() => {
    document.title = path === '' ? 'rollcall' : `${parts.join(' / ')} – rollcall`;
    // A new page begins at its top, for the eye and for the keyboard.
    if (!isFirst.current) {
      window.scrollTo(0, 0);
      main.current?.focus();
    }
    isFirst.current = false;
  }, [path]);
  const shown = isInCluster.value ? [...links, ['cluster', 'Cluster'] as const] : links;
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the page
      </button>
      <header class="top">
        <a class="brand" href="#/">
          rollcall
        </a>
        <Search />
        <Connection />
        <ThemeButton />
        <SignedIn />
      </header>
      <nav aria-label="Pages">
        {shown.map(([to, title]) => (
          <a key={to} href={`#/${to}`} {...((parts[0] ?? '') === to ? { 'aria-current': 'page' as const } : {})}>
            {title}
          </a>
        ))}
        <a href="../docs/">API</a>
      </nav>
      <main id="main" ref={main} tabIndex={-1}>
        <Page />
      </main>
      <footer class="muted">rollcall {server.value.version}</footer>
      <ConfirmDialog />
    </>
  );
}

/** Before this, its end is not worth a place in the header. */
const endsSoonMs = 15 * 60_000;

function SignedIn() {
  const known = caller.value;
  const isKnown = known !== undefined && known.kind !== 'anonymous';
  const leftMs = Date.parse(known?.expiresAt ?? '') - nowMs.value;
  return (
    <a class="small" href="#/sign-in" title={isKnown ? callerText(known) : undefined}>
      {isKnown ? known.name || known.kind : token.value === '' ? 'Sign in' : 'Signed in'}
      {leftMs < endsSoonMs && <span class="muted"> {duration(leftMs)} left</span>}
    </a>
  );
}

const words = { live: 'live', connecting: 'connecting', lost: 'reconnecting', refused: 'signed out' } as const;

function Connection() {
  const state = connection.value;
  return (
    <span class={`connection is-${state}`} role="status">
      {words[state]}
    </span>
  );
}

keepPressSteady();
keepTime();
keepCaller();
keepCatalogue();
keepMetrics();
followChanges((signal) => readCatalogue(signal));
effect(() => {
  // With another token there may be more to see.
  if (token.value !== '' || signInReason.value === undefined) void readServer();
});
const place = document.getElementById('app');
if (place !== null) render(<Frame />, place);
