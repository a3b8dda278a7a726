// What is left of a removed instance for a day: why, by whom, and the stamps that decide whether an older registration
// may come back. Without it a node that was cut off or restarted brings back what was cancelled meanwhile.

import type { Problem } from '../../model/problem.ts';
import type { KeyEvent } from '../engine.ts';
import { placesARevision } from './epoch.ts';
import { FieldReader, parseJson, type Unknown } from './json-fields.ts';
import { instancePath, readKey } from './keys.ts';
import { recordLimits } from './record-parts.ts';

export interface Tombstone {
  readonly why: 'cancelled' | 'evicted';
  readonly by: Unknown | undefined;
  readonly operation: string;
  /** Of the removal, among the changes that share its revision. */
  readonly place: number;
  /** Hybrid logical clock of the removal. */
  readonly hlc: number;
  /** Of the registration that was removed. */
  readonly dirtyAtMs: number;
  readonly unknown: Unknown;
}

const version = 1;

export function parseTombstone(value: Uint8Array): Tombstone | Problem[] {
  const parsed = parseJson(value, recordLimits.octets);
  return 'field' in parsed ? [parsed] : tombstoneIn(parsed.json);
}

/** The same of JSON that was parsed already. */
export function tombstoneIn(json: unknown): Tombstone | Problem[] {
  const problems: Problem[] = [];
  const reader = new FieldReader(json, '', problems);
  reader.whole('v', version, version);
  const tombstone: Tombstone = {
    why: reader.oneOf('why', ['cancelled', 'evicted']),
    by: reader.has('by') ? new FieldReader(reader.raw('by'), 'by', problems).unknown() : undefined,
    operation: reader.text('u', recordLimits.operationOctets),
    place: reader.has('x') ? reader.whole('x', 0, placesARevision - 1) : 0,
    hlc: reader.whole('hlc', 0, Number.MAX_SAFE_INTEGER),
    dirtyAtMs: reader.wallMs('dirtyAt'),
    unknown: reader.unknown(),
  };
  return problems.length > 0 ? problems : tombstone;
}

export function tombstoneText({ why, by, operation, place, hlc, dirtyAtMs, unknown }: Tombstone): string {
  return JSON.stringify({
    ...unknown,
    v: version,
    why,
    ...(by === undefined ? {} : { by }),
    u: operation,
    ...(place === 0 ? {} : { x: place }),
    hlc,
    dirtyAt: dirtyAtMs,
  });
}

/** Those among what a revision changed, by the key of their instance. */
export function tombstonesIn(
  events: readonly KeyEvent[],
  prefix: string,
  bad: (key: string, problem: string | undefined) => void,
): Map<string, Tombstone> {
  const tombstones = new Map<string, Tombstone>();
  for (const event of events) {
    if (event.kind !== 'put' || !event.entry.key.startsWith('g/', prefix.length)) continue;
    const key = readKey(event.entry.key.slice(prefix.length));
    if (key?.kind !== 'tombstone') continue;
    const tombstone = parseTombstone(event.entry.value);
    if ('why' in tombstone) tombstones.set(instancePath(key.key), tombstone);
    else bad(event.entry.key, tombstone[0]?.message);
  }
  return tombstones;
}
