// Who asks for what: the ledger of queries, names that do not exist and are asked for again and again, and apps that no
// client asks for. A server without a ledger says so in the API with 404.

import { useEffect } from 'preact/hooks';
import { get } from '../api/http.ts';
import type { Query } from '../api/shapes.ts';
import { catalogue } from '../live/catalogue.ts';
import { dnsNameOf, hasLedger } from '../live/server.ts';
import { AppLink, Panel, Trouble, Waiting } from '../parts/bits.tsx';
import { useLoaded } from '../parts/loaded.ts';
import { QueryTable } from '../parts/query-table.tsx';
import { TrafficCharts } from '../parts/traffic-charts.tsx';
import { replaceQuery, route } from '../route.ts';

const againEveryMs = 10_000;
const none = 404;
const unaskedShown = 100;

export function TrafficPage() {
  const loaded = useLoaded(hasLedger.value ? 'queries' : undefined, (signal) =>
    get<{ queries: Query[] }>('api/v1/queries', {}, signal),
  );
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && loaded.again(), againEveryMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <h1>Traffic</h1>
      <Panel title="Now">
        <TrafficCharts />
      </Panel>
      {!hasLedger.value || loaded.status === none ? (
        <p class="note">
          This server keeps no ledger of queries, so it cannot say which client asks for which name. The lines above
          come from its metrics.
        </p>
      ) : (
        <Trouble text={loaded.trouble} />
      )}
      {hasLedger.value && loaded.value === undefined && loaded.trouble === undefined && <Waiting />}
      {loaded.value !== undefined && <Ledger queries={loaded.value.queries} />}
    </>
  );
}

function Ledger({ queries }: { readonly queries: readonly Query[] }) {
  const { q = '', rcode } = route.value.query;
  const rcodes = [...new Set(queries.map((query) => query.rcode))];
  const text = q.toLowerCase();
  const shown = queries
    .filter(
      (query) =>
        (rcode === undefined || query.rcode === rcode) && `${query.name} ${query.network}`.toLowerCase().includes(text),
    )
    .sort((a, b) => b.perMinute - a.perMinute || b.count - a.count);
  return (
    <>
      <Panel
        title="Who asks for what"
        extra={
          <span class="muted">
            {shown.length} of {queries.length}
          </span>
        }
      >
        <div class="filters">
          <input
            type="search"
            aria-label="Filter by name or client"
            placeholder="Name or client"
            value={q}
            onInput={({ currentTarget }) => replaceQuery({ q: currentTarget.value })}
          />
          <select
            aria-label="Answer"
            value={rcode ?? ''}
            onChange={({ currentTarget }) => replaceQuery({ rcode: currentTarget.value })}
          >
            <option value="">Any answer</option>
            {rcodes.map((one) => (
              <option key={one} value={one}>
                {one === 'NXDOMAIN' ? 'NXDOMAIN: no such name' : one}
              </option>
            ))}
          </select>
        </div>
        <QueryTable queries={shown} empty="No query matches." />
      </Panel>
      <Unasked queries={queries} />
    </>
  );
}

/** Apps that are in no line of the ledger. */
function Unasked({ queries }: { readonly queries: readonly Query[] }) {
  const asked = new Set<string>();
  for (const { name } of queries) {
    // Of `_http._tcp.orders.prod.svc.` all names above it are asked for too.
    let rest = name.replace(/\.$/, '').toLowerCase();
    for (let dot = rest.indexOf('.'); dot >= 0; dot = rest.indexOf('.')) {
      asked.add(rest);
      rest = rest.slice(dot + 1);
    }
  }
  const unasked = catalogue.value.apps.filter(({ env, appid }) => !asked.has(dnsNameOf(env, appid).toLowerCase()));
  if (unasked.length === 0) return null;
  return (
    <Panel title="Not asked for" extra={<span class="muted">{unasked.length} apps, since the ledger began</span>}>
      <ul class="plain chips">
        {unasked.slice(0, unaskedShown).map((app) => (
          <li key={`${app.env}/${app.appid}`}>
            <AppLink {...app} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}
