// Lines of the query ledger: who asks for what, how often.

import type { Query } from '../api/shapes.ts';
import { linkTo } from '../route.ts';
import { Ago, Badge } from './bits.tsx';
import { shortNumber } from './chart.tsx';
import { VirtualTable } from './virtual-table.tsx';

export function QueryTable({ queries, empty }: { readonly queries: readonly Query[]; readonly empty: string }) {
  return (
    <VirtualTable<Query>
      label="Queries"
      rows={queries}
      keyOf={({ name, type, rcode, transport, network }) => [name, type, rcode, transport, network].join(' ')}
      heightMax={560}
      empty={empty}
      columns={[
        {
          title: 'Name',
          width: 'minmax(10rem, 3fr)',
          cell: ({ name, type }) => (
            <a class="name" href={linkTo(['resolve'], { name: name.replace(/\.$/, ''), type })}>
              {name}
            </a>
          ),
        },
        { title: 'Type', width: '4rem', cell: ({ type }) => type },
        {
          title: 'Answer',
          width: '7rem',
          cell: ({ rcode }) => (
            <Badge tone={rcode === 'NOERROR' ? 'good' : rcode === 'SERVFAIL' ? 'bad' : 'warn'}>{rcode}</Badge>
          ),
        },
        { title: 'A minute', width: '5rem', isNumber: true, cell: ({ perMinute }) => shortNumber(perMinute) },
        { title: 'In all', width: '5rem', isNumber: true, isExtra: true, cell: ({ count }) => shortNumber(count) },
        {
          title: 'Client',
          width: 'minmax(6rem, 1fr)',
          isExtra: true,
          cell: ({ network, transport }) => `${network} ${transport}`,
        },
        { title: 'Last', width: '6rem', isExtra: true, cell: ({ lastSeen }) => <Ago at={lastSeen} /> },
      ]}
    />
  );
}
