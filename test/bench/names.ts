// The names that every server of the bench answers: apps of one instance each, with an A record, and an SRV record
// whose target has the address. rollcall gets them registered, the others read them from a zone file or its like.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Names {
  readonly count: number;
  /** The files that dnsperf reads. */
  readonly queries: Readonly<Record<Kind, string>>;
}

export const kinds = ['A', 'SRV', 'NXDOMAIN'] as const;
export type Kind = (typeof kinds)[number];

/** A file of more is read in full by dnsperf before it begins, and shows nothing new. */
const queriesMax = 100_000;

export function appOf(index: number): string {
  return `app${index}`;
}

export function addressOf(index: number): string {
  return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
}

export function namesIn(folder: string, count: number): Names {
  const asked = Math.min(count, queriesMax);
  // Spread over all of them, in an order without neighbours: a cache that holds a part of them gets no free hits.
  const indexes = Array.from({ length: asked }, (_, i) => (i * 7919) % count);
  const file = (kind: Kind, line: (app: string) => string) => {
    const path = join(folder, `queries-${count}-${kind}`);
    writeFileSync(path, indexes.map((index) => `${line(`${appOf(index)}.prod.svc`)}\n`).join(''));
    return path;
  };
  return {
    count,
    queries: {
      A: file('A', (name) => `${name} A`),
      SRV: file('SRV', (name) => `_http._tcp.${name} SRV`),
      NXDOMAIN: file('NXDOMAIN', (name) => `absent-${name} A`),
    },
  };
}

/** The same data as a zone file of `svc.`. */
export function* zoneLines(count: number): Generator<string> {
  yield* [
    '$TTL 5',
    '$ORIGIN svc.',
    '@ 3600 IN SOA ns hostmaster 1 3600 600 86400 5',
    '@ IN NS ns',
    'ns IN A 127.0.0.1',
  ];
  for (let index = 0; index < count; index++) {
    const app = `${appOf(index)}.prod`;
    yield `${app} IN A ${addressOf(index)}`;
    yield `_http._tcp.${app} IN SRV 0 10 8080 one.${app}`;
    yield `one.${app} IN A ${addressOf(index)}`;
  }
}
