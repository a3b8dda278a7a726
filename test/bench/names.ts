// The names that every server of the bench answers: apps of one instance each, with an A record, and an SRV record
// whose target has the address. rollcall gets them registered, the others read them from a zone file or its like.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const kinds = ['A', 'SRV', 'NXDOMAIN'] as const;
export type Kind = (typeof kinds)[number];

/** How a server calls the names of an app: for each kind of question its name and type, as dnsperf and dig take them. */
export type Spelling = Readonly<Record<Kind, (app: string) => string>>;

export const spelledInZone: Spelling = {
  A: (app) => `${app}.prod.svc A`,
  SRV: (app) => `_http._tcp.${app}.prod.svc SRV`,
  NXDOMAIN: (app) => `absent-${app}.prod.svc A`,
};

/** A file of more is read in full by dnsperf before it begins, and shows nothing new. */
const queriesMax = 100_000;

export function appOf(index: number): string {
  return `app${index}`;
}

export function addressOf(index: number): string {
  return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
}

/**
 * The path of a file in `folder` that dnsperf reads: questions for `count` apps, each once. They are spread over all of
 * them, in an order without runs of nearby names: a cache that holds a part of them gets no free hits.
 */
export function questionsIn(folder: string, count: number, kind: Kind, spelling = spelledInZone): string {
  const line = spelling[kind];
  const path = join(folder, `questions-${count}-${line(appOf(0)).replace(' ', '-')}`);
  if (existsSync(path)) return path;
  const indexes = Array.from({ length: Math.min(count, queriesMax) }, (_, i) => (i * 7919) % count);
  writeFileSync(path, indexes.map((index) => `${line(appOf(index))}\n`).join(''));
  return path;
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
