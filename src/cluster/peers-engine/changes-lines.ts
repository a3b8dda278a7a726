// The stream of one node's changes, `GET /peer/v1/changes`: a line of JSON each. The first has whose it is and from where
// it goes on; then records and tombstones as they are kept; after each batch, and each second, up to which revision that
// was everything. A line is parsed like a request body: a peer may be of another version, or no peer.

import { isObject } from '../../model/instance.ts';
import { type NodeSelf, selfOf } from '../peer-link/messages.ts';
import { isNodeName, readKey } from '../records/keys.ts';
import { recordIn } from '../records/record.ts';
import { recordLimits } from '../records/record-parts.ts';
import { tombstoneIn } from '../records/tombstone.ts';
import { type Kept, keptOf } from './kept-value.ts';
import { instancePathOf, sharedKind } from './shared-paths.ts';

/** A record with everything in it; the limit of record.ts, and the way it is written. */
export const lineOctetsMax = 262_144;
/** A record, its key and what is around them. */
const lineTextMax = recordLimits.octets + 1100;

export interface StreamHead extends NodeSelf {
  readonly node: string;
  /** Of its numbers. */
  readonly life: string;
  /** What lies between cannot be read on from: everything follows, of all nodes. */
  readonly isGap: boolean;
}

export type StreamLine =
  | { readonly kind: 'head'; readonly head: StreamHead }
  | { readonly kind: 'entry'; readonly path: string; readonly kept: Kept }
  | { readonly kind: 'at'; readonly revision: number; readonly isEnd: boolean }
  | { readonly kind: 'bad'; readonly path: string; readonly problem: string };

export function headLine({ isGap: gap, ...rest }: StreamHead): string {
  return `${JSON.stringify({ head: { ...rest, gap } })}\n`;
}

/** `text`: JSON, as it is kept. */
export function entryLine(path: string, text: string): string {
  return `{"k":${JSON.stringify(path)},"v":${text}}\n`;
}

export function atLine(revision: number, isEnd: boolean): string {
  return `${JSON.stringify(isEnd ? { at: revision, end: true } : { at: revision })}\n`;
}

export function parseLine(text: string): StreamLine {
  const bad = (path: string, problem: string): StreamLine => ({ kind: 'bad', path: path.slice(0, 256), problem });
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return bad('', 'is no JSON');
  }
  if (!isObject(line)) return bad('', 'is no JSON object');
  const { head, at, end, k: path, v: value } = line;
  if (isObject(head)) return headOf(head) ?? bad('', 'has no node that can be read');
  if (isCount(at)) return { kind: 'at', revision: at, isEnd: end === true };
  if (typeof path !== 'string') return bad('', 'is no line of this version');
  // Longer than a record may be, whatever is in it.
  const entry = text.length > lineTextMax ? `is longer than ${recordLimits.octets} octets` : entryOf(path, value);
  return typeof entry === 'string' ? bad(path, entry) : { kind: 'entry', path: entry.path, kept: entry.kept };
}

/** A problem is the rest of a sentence. `path`: of the instance. */
export function entryOf(path: string, value: unknown): { readonly path: string; readonly kept: Kept } | string {
  const kind = sharedKind(path);
  const key = readKey(path);
  if (kind === undefined || (key?.kind !== 'instance' && key?.kind !== 'tombstone')) return 'is no key of an instance';
  const kept = keptOf(kind, value);
  if (kept === undefined) return 'has no stamps that can be read';
  const parsed = kind === 'record' ? recordIn(value) : tombstoneIn(value);
  if (Array.isArray(parsed)) return `${parsed[0]?.field} ${parsed[0]?.message}`;
  // Its writer's number of the last data change; this node has numbers of its own.
  const { d: _d, ...fields } = kept.fields;
  const own = { ...kept, fields } as Kept;
  return { path: instancePathOf(path), kept: own };
}

function headOf(head: Readonly<Record<string, unknown>>): StreamLine | undefined {
  const { node, life, gap } = head;
  const self = selfOf(head);
  if (typeof node !== 'string' || !isNodeName(node) || typeof life !== 'string' || self === undefined) return undefined;
  return { kind: 'head', head: { ...self, node, life: life.slice(0, 64), isGap: gap === true } };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
