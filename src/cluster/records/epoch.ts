// The numbers that a cluster answers with, the same at all nodes: SOA serials, ids of changes, entity tags. Each is a base plus
// `placesARevision` for each revision of etcd's, plus the place of the change among those that share the revision, which
// its record holds: so no counter has to be agreed on, up to a hundred changes share one disk write, each still has
// a number of its own, and a node that lists finds the same numbers as one that watched. The base is raised, at one place
// in etcd's own order, whenever a node has used a number that the cluster would otherwise use again: a node from before
// the cluster, one that counted on by itself while cut off, or all of them after etcd was wiped. Numbers never fall.
//
// The newest base begins at the revision that puts it, which its writer cannot know: it is written as 0 and means the
// revision of the key itself; the next node that raises it writes the number in.

import { isObject } from '../../model/instance.ts';
import { type Problem, problem } from '../../model/problem.ts';
import { FieldReader, parseJson, type Unknown } from './json-fields.ts';
import { isNodeName } from './keys.ts';

/** In force from this revision of etcd's on. */
export interface Base {
  readonly from: number;
  readonly base: number;
}

export interface Meta {
  /** In ids and tags: those of another life mean nothing here. */
  readonly life: string;
  /** New whenever etcd's content is. */
  readonly incarnation: string;
  /** Rising; at least one. */
  readonly bases: readonly Base[];
  /** Changes that may share a revision; undefined: `placesARevision`. */
  readonly places?: number | undefined;
  readonly unknown: Unknown;
}

/** Changes that may share a revision of etcd's. */
export const placesARevision = 100;

/** 1 counted one number a revision. */
const version = 2;
const octetsMax = 65_536;
/** Of more, the oldest go: records of theirs without a data revision of their own count from the oldest left. */
const basesMax = 1000;
/** Room for the numbers that single nodes still use while a cluster is made of them. */
const headroom = 10_000;
const lifeForm = /^[A-Za-z0-9]{1,32}$/;

/** `modRevision`: of the key `meta` as it was read. */
export function parseMeta(value: Uint8Array, modRevision: number): Meta | Problem[] {
  const parsed = parseJson(value, octetsMax);
  if ('field' in parsed) return [parsed];
  const problems: Problem[] = [];
  const reader = new FieldReader(parsed.json, '', problems);
  const found = reader.whole('v', 1, Number.MAX_SAFE_INTEGER);
  if (problems.length === 0 && found !== version)
    return [problem('v', `is of another rollcall, which counts otherwise: this one reads ${version}`, found)];
  const [life, incarnation] = (['life', 'incarnation'] as const).map((field) => {
    const text = reader.text(field, 32);
    if (!lifeForm.test(text)) problems.push(problem(field, 'must be 1-32 letters and digits', text));
    return text;
  }) as [string, string];
  const bases = basesOf(reader.raw('bases'), modRevision, problems);
  const places = reader.has('places') ? reader.whole('places', 1, placesARevision) : undefined;
  const unknown = reader.unknown();
  return problems.length > 0 ? problems : { life, incarnation, bases, places, unknown };
}

/** It is none, and not one of a later version that this one cannot read: any node may put again what it knows. */
export function isDamaged(problems: readonly Problem[]): boolean {
  return problems.length !== 1 || problems[0]?.field !== 'v';
}

function basesOf(value: unknown, modRevision: number, problems: Problem[]): Base[] {
  const pairs: readonly unknown[] = Array.isArray(value) ? value : [];
  const bases = pairs.flatMap((pair, index) => {
    const [from, base]: readonly unknown[] = Array.isArray(pair) ? pair : [];
    if (!isCount(from) || !isCount(base)) return [];
    return [{ from: from === 0 && index === pairs.length - 1 ? modRevision : from, base }];
  });
  const isRising = bases.every(({ from, base }, index) => {
    const before = bases[index - 1];
    return before === undefined || (from > before.from && base >= before.base);
  });
  if (bases.length === 0 || bases.length !== pairs.length || pairs.length > basesMax || !isRising)
    problems.push(problem('bases', `must be 1-${basesMax} rising pairs of a revision and a base`, value ?? 'nothing'));
  return bases;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** As it is written: the newest base counts from the revision of the write. */
export function metaText({ life, incarnation, bases, places, unknown }: Meta): string {
  const pairs = bases.map(({ from, base }, index) => [index === bases.length - 1 ? 0 : from, base]);
  return JSON.stringify({ ...unknown, v: version, life, incarnation, bases: pairs, places });
}

/** The meta of a cluster, or of an etcd, that has none. `used`: the highest number this node has ever used. */
export function firstMeta(used: number, wallSeconds: number, life: string, incarnation: string): Meta {
  const base = Math.max(used, Math.floor(wallSeconds)) + headroom;
  return { life, incarnation, bases: [{ from: 0, base }], unknown: {} };
}

/**
 * The meta to be swapped in by a node that has used `used`, at etcd's `revision` or later, together with a put of `s`:
 * whatever revision that swap gets, the serial is then higher than all that were used.
 */
export function raised(meta: Meta, used: number, revision: number): Meta {
  const newest = meta.bases.at(-1)?.base ?? 0;
  const base = Math.max(newest, used + 1 - revision * (meta.places ?? placesARevision));
  return { ...meta, bases: [...meta.bases, { from: 0, base }].slice(-basesMax) };
}

/** The number of a change at a revision of etcd's, and its place there. */
export function numberAt({ bases, places = placesARevision }: Meta, revision: number, place = 0): number {
  const inForce = bases.findLast(({ from }) => from <= revision) ?? bases[0];
  return (inForce?.base ?? 0) + revision * places + place;
}

/** The value of `s`: the last place that was given in the group that puts it. */
export function serialText(node: string, place: number): string {
  return JSON.stringify({ o: node, x: place });
}

export function placeIn(serial: Uint8Array): number {
  const parsed = parseJson(serial, octetsMax);
  const place = 'field' in parsed || !isObject(parsed.json) ? undefined : parsed.json['x'];
  return isCount(place) && place < placesARevision ? place : 0;
}

/** Where a node is in the order of changes. */
export interface Place {
  readonly life: string;
  readonly revision: number;
  /** While cut off: what the node has counted by itself since. */
  readonly own: { readonly node: string; readonly count: number } | undefined;
}

/** `LIFE-REV`, or `LIFE-REV.NODE-n` of a node that counts by itself. */
export function placeText({ life, revision, own }: Place): string {
  return own === undefined ? `${life}-${revision}` : `${life}-${revision}.${own.node}-${own.count}`;
}

export function parsePlace(text: string): Place | undefined {
  const found = /^([A-Za-z0-9]{1,32})-(\d{1,15})(?:\.(.{1,63})-(\d{1,15}))?$/.exec(text);
  if (found === null) return undefined;
  const [, life = '', revision, node, count] = found;
  if (node === undefined) return { life, revision: Number(revision), own: undefined };
  return isNodeName(node) ? { life, revision: Number(revision), own: { node, count: Number(count) } } : undefined;
}

/** What a client's place is to a node's: `gap` where the changes between the two are not known. */
export function relation(client: Place, here: Place): 'here' | 'behind' | 'ahead' | 'gap' {
  if (client.life !== here.life) return 'gap';
  if (client.own === undefined && here.own === undefined) return order(client.revision, here.revision);
  if (client.own === undefined) return client.revision <= here.revision ? 'behind' : 'gap';
  const isSameBranch = client.own.node === here.own?.node && client.revision === here.revision;
  return isSameBranch ? order(client.own.count, here.own?.count ?? 0) : 'gap';
}

function order(client: number, here: number): 'here' | 'behind' | 'ahead' {
  return client === here ? 'here' : client < here ? 'behind' : 'ahead';
}

/** A node's own count of numbers. Immutable: each step gives the next one. */
export interface Epoch {
  readonly node: string;
  readonly meta: Meta;
  /** The mod_revision of `s`, as far as it was applied, and the last place there. */
  readonly serialRevision: number;
  readonly serialPlace: number;
  /** Changes since then that etcd does not know. */
  readonly ownCount: number;
}

export function serialOf({ meta, serialRevision, serialPlace, ownCount }: Epoch): number {
  return numberAt(meta, serialRevision, serialPlace) + ownCount;
}

export function placeOf({ node, meta, serialRevision, serialPlace, ownCount }: Epoch): Place {
  const own = ownCount === 0 ? undefined : { node, count: ownCount };
  return { life: meta.life, revision: numberAt(meta, serialRevision, serialPlace), own };
}

export function isDiverged({ ownCount }: Epoch): boolean {
  return ownCount > 0;
}

/** A change that etcd has not given a number. */
export function withOwnChange(epoch: Epoch): Epoch {
  return { ...epoch, ownCount: epoch.ownCount + 1 };
}

/** A group of the watch: `meta` if it puts that, `serialPlace` if it puts `s`. */
export function withGroup(
  epoch: Epoch,
  revision: number,
  meta: Meta | undefined,
  serialPlace: number | undefined,
): Epoch {
  const moved = serialPlace === undefined ? {} : { serialRevision: revision, serialPlace };
  return { ...epoch, meta: meta ?? epoch.meta, ...moved };
}

/**
 * Whether this node, which lists etcd now, has to raise the base before it answers with anything of what it listed. After it has
 * counted by itself always; where etcd's history is another one, if it has used a number that is the list's own or higher.
 */
export function hasToRaise(used: number, history: 'same' | 'diverged' | 'other', listed: Epoch): boolean {
  if (history === 'diverged') return true;
  const serial = serialOf(listed);
  return history === 'same' ? used > serial : used >= serial;
}
