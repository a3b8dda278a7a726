// Rows of the query statistics: who asks for what, how often. The columns are those that the grouping leaves.

import type { QueryRow } from '../api/shapes.ts';
import { linkTo } from '../route.ts';
import { Ago, AppLink, Badge, type Tone } from './bits.tsx';
import { shortNumber } from './chart.tsx';
import { type Column, VirtualTable } from './virtual-table.tsx';

/** What queries are added up by; `none` lists every row. */
export type QueryGrouping = 'question' | 'name' | 'client' | 'app' | 'none';

export function QueryTable({
  by,
  queries,
  empty,
  label = 'Queries',
}: {
  readonly by: QueryGrouping;
  readonly queries: readonly QueryRow[];
  readonly empty: string;
  readonly label?: string;
}) {
  return (
    <VirtualTable<QueryRow>
      label={label}
      rows={queries}
      keyOf={({ name, type, rcode, transport, client, env, appid }) =>
        [name, type, rcode, transport, client, env, appid].join(' ')
      }
      heightMax={560}
      empty={empty}
      columns={[...columnsOf[by], ...counts]}
    />
  );
}

const rcodeTones: Readonly<Record<string, Tone>> = { NOERROR: 'good', SERVFAIL: 'bad' };

const name: Column<QueryRow> = {
  title: 'Name',
  width: 'minmax(6rem, 3fr)',
  cell: ({ name: text = '', type = 'A' }) => (
    <a class="name" title={text} href={linkTo(['resolve'], { name: text.replace(/\.$/, ''), type })}>
      {text}
    </a>
  ),
};
const type: Column<QueryRow> = { title: 'Type', width: '3.2rem', cell: (row) => row.type };
const rcode: Column<QueryRow> = {
  title: 'Answer',
  width: '6.5rem',
  cell: (row) => <Badge tone={rcodeTones[row.rcode ?? ''] ?? 'warn'}>{row.rcode}</Badge>,
};
const client: Column<QueryRow> = {
  title: 'Client',
  width: 'minmax(6rem, 1fr)',
  cell: (row) =>
    row.client === undefined || row.client === '' ? (
      'not kept'
    ) : (
      <a href={linkTo(['traffic'], { client: row.client, by: 'question' })}>{row.client}</a>
    ),
};
const transport: Column<QueryRow> = { title: 'Over', width: '3.5rem', isExtra: true, cell: (row) => row.transport };
const app: Column<QueryRow> = {
  title: 'App',
  width: 'minmax(9rem, 3fr)',
  cell: ({ env, appid }) => (env === undefined || appid === undefined ? '' : <AppLink env={env} appid={appid} />),
};
const clients: Column<QueryRow> = {
  title: 'Clients',
  width: '4.5rem',
  isNumber: true,
  isExtra: true,
  cell: (row) => (row.clients === 0 ? '–' : shortNumber(row.clients)),
};
const names: Column<QueryRow> = {
  title: 'Names',
  width: '4.5rem',
  isNumber: true,
  isExtra: true,
  cell: (row) => shortNumber(row.names),
};
const meant: Column<QueryRow> = {
  title: 'Perhaps meant',
  width: 'minmax(7rem, 2fr)',
  cell: ({ closeTo = [] }) =>
    closeTo.map((one) => {
      const [env = '', ...rest] = one.split('/');
      return (
        <span key={one}>
          <AppLink env={env} appid={rest.join('/')} />{' '}
        </span>
      );
    }),
};

const counts: readonly Column<QueryRow>[] = [
  { title: 'Minute', width: '4.2rem', isNumber: true, cell: (row) => shortNumber(row.lastMinute) },
  { title: 'Hour', width: '4.2rem', isNumber: true, isExtra: true, cell: (row) => shortNumber(row.lastHour) },
  { title: 'All', width: '4.2rem', isNumber: true, isExtra: true, cell: (row) => shortNumber(row.count) },
  { title: 'Last', width: '5.5rem', isNumber: true, isExtra: true, cell: ({ lastSeen }) => <Ago at={lastSeen} /> },
];

const columnsOf: Readonly<Record<QueryGrouping | 'missing', readonly Column<QueryRow>[]>> = {
  question: [name, type, rcode, clients],
  name: [name, clients],
  client: [client, names],
  app: [app, names, clients],
  none: [client, transport, name, type, rcode],
  missing: [name, meant, clients],
};

/** Names that do not exist, with the registered apps that may have been meant. */
export function MissingTable({ queries, empty }: { readonly queries: readonly QueryRow[]; readonly empty: string }) {
  return (
    <VirtualTable<QueryRow>
      label="Names that do not exist"
      rows={queries}
      keyOf={(row) => row.name ?? ''}
      heightMax={420}
      empty={empty}
      columns={[...columnsOf.missing, ...counts]}
    />
  );
}
