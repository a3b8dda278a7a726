// The nodes of a cluster, as `GET /api/v1/nodes` lists them; a server on its own has no such call. Fields are shown as they
// come: simple values as columns, so that what a later server adds is seen without a new console.

import { useEffect } from 'preact/hooks';
import { get } from '../api/http.ts';
import { isInCluster } from '../live/server.ts';
import { Panel, Trouble, Waiting } from '../parts/bits.tsx';
import { useLoaded } from '../parts/loaded.ts';

const againEveryMs = 3000;
const none = 404;

type Row = Readonly<Record<string, unknown>>;

export function ClusterPage() {
  const { value, trouble, status, again } = useLoaded(isInCluster.value ? 'nodes' : undefined, (signal) =>
    get<unknown>('api/v1/nodes', {}, signal),
  );
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && again(), againEveryMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <h1>Cluster</h1>
      {!isInCluster.value || status === none ? (
        <p class="note">This server is not in a cluster: it is the only node.</p>
      ) : (
        <Trouble text={trouble} />
      )}
      {isInCluster.value && value === undefined && trouble === undefined && <Waiting />}
      {value !== undefined && <Nodes reply={value} />}
    </>
  );
}

function Nodes({ reply }: { readonly reply: unknown }) {
  const members = isRow(reply) ? reply : {};
  const lists = Object.entries(members).filter(
    (entry): entry is [string, Row[]] => Array.isArray(entry[1]) && entry[1].every(isRow),
  );
  const facts = Object.entries(members).filter(([, value]) => !Array.isArray(value));
  return (
    <>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{textOf(value)}</dd>
          </div>
        ))}
      </dl>
      {lists.map(([name, rows]) => (
        <Panel key={name} title={name}>
          <Table rows={rows} />
        </Panel>
      ))}
    </>
  );
}

function Table({ rows }: { readonly rows: readonly Row[] }) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section class="scroll" tabIndex={0} aria-label="Nodes">
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column}>{column}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={JSON.stringify(row)}>
              {columns.map((column) => (
                <td key={column}>{textOf(row[column])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
