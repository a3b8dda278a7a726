// What differs between another registry and this one, and so what a follower has to do: a pure function of two states. It
// owns what carries its mark alone. An instance that a client has registered here by itself wins twice: under the same name,
// and under another name at the same address, where a mirrored one beside it would be a duplicate.

import { instanceKey } from '../model/names.ts';
import { type MirroredInstance, markKey } from './mirrored.ts';
import type { Present, PresentInstances } from './target.ts';

export interface FieldDifference {
  readonly field: string;
  readonly there: unknown;
  readonly here: unknown;
}

export interface Compared {
  readonly wanted: MirroredInstance;
  readonly present: Present;
  readonly fields: readonly FieldDifference[];
}

export interface Extra {
  readonly present: Present;
  /** `gone`: the other registry has it no more. `moved`: its client is registered here. */
  readonly why: 'gone' | 'moved';
}

export interface Difference {
  /** There and not here. */
  readonly missing: readonly MirroredInstance[];
  /** Mirrored, and other than there. */
  readonly outdated: readonly Compared[];
  /** Mirrored, and to be taken away. */
  readonly extra: readonly Extra[];
  /** Registered here by a client, or mirrored from elsewhere; with what differs. */
  readonly direct: readonly Compared[];
  /** Mirrored and equal. */
  readonly equal: number;
  /** All that are mirrored from there. */
  readonly owned: number;
  /** Registered here by a client, and not there. */
  readonly onlyHere: number;
}

const comparedFields = [
  ...(['addrs', 'status', 'version', 'zone', 'group', 'tags', 'weight', 'priority', 'metadata'] as const),
  ...(['leaseSeconds', 'dnsTtl'] as const),
];
/** What a client may well set otherwise here. */
const ownersFields: readonly string[] = ['leaseSeconds', 'dnsTtl'];

/** `mark`: of this follower. */
export function differenceOf(wanted: readonly MirroredInstance[], here: PresentInstances, mark: string): Difference {
  const missing: MirroredInstance[] = [];
  const outdated: Compared[] = [];
  const direct: Compared[] = [];
  const kept = new Set<Present>();
  const matched = new Set<Present>();
  const endpoints = directEndpoints(here);
  let equal = 0;
  for (const one of wanted) {
    const own = here.get(one.key.appid)?.get(instanceKey(one.key.instance));
    const clients = endpoints.get(one.key.appid);
    const client = one.endpoints.map((at) => clients?.get(at)).find((found) => found !== undefined);
    const winner = own !== undefined && own.mark !== mark ? own : client;
    if (winner !== undefined) {
      matched.add(winner);
      direct.push({ wanted: one, present: winner, fields: fieldDifferences(one, winner, false) });
    } else if (own === undefined) missing.push(one);
    else {
      kept.add(own);
      const fields = fieldDifferences(one, own, true);
      if (fields.length === 0) equal++;
      else outdated.push({ wanted: one, present: own, fields });
    }
  }
  const names = new Set(wanted.map(({ key }) => nameOf(key)));
  const all = [...here.values()].flatMap((app) => [...app.values()]);
  const owned = all.filter((one) => one.mark === mark);
  const extra = owned
    .filter((one) => !kept.has(one))
    .map((present) => ({ present, why: names.has(nameOf(present.key)) ? ('moved' as const) : ('gone' as const) }));
  const onlyHere = all.filter((one) => one.mark === undefined && !matched.has(one)).length;
  return { missing, outdated, extra, direct, equal, owned: owned.length, onlyHere };
}

function nameOf({ appid, instance }: Present['key']): string {
  return `${appid}/${instanceKey(instance)}`;
}

/** By appid, by `host:port`: those of clients. Not those of another follower, or each of two would make room for the other. */
function directEndpoints(here: PresentInstances): Map<string, Map<string, Present>> {
  const found = new Map<string, Map<string, Present>>();
  for (const [appid, instances] of here) {
    const own = new Map<string, Present>();
    for (const one of instances.values()) if (one.mark === undefined) for (const at of one.endpoints) own.set(at, one);
    if (own.size > 0) found.set(appid, own);
  }
  return found;
}

function fieldDifferences(
  { json, front, appName, content }: MirroredInstance,
  present: Present,
  isOwn: boolean,
): readonly FieldDifference[] {
  const found: FieldDifference[] = [];
  for (const field of comparedFields) {
    if (!isOwn && ownersFields.includes(field)) continue;
    const there = isOwn || field !== 'metadata' ? json[field] : unmarked(json.metadata);
    const here = present.json[field];
    if (canonical(there) !== canonical(here)) found.push({ field, there, here });
  }
  const part = { appName, content };
  if (isOwn && canonical(part) !== canonical(present.fronts[front]))
    found.push({ field: `fronts.${front}`, there: part, here: present.fronts[front] });
  return found;
}

function unmarked(metadata: unknown): unknown {
  return Object.fromEntries(Object.entries(metadata as object).filter(([key]) => key !== markKey));
}

/** JSON with the keys of objects in order: two maps are equal in any order. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, one: unknown) =>
      typeof one === 'object' && one !== null && !Array.isArray(one)
        ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
        : one,
    ) ?? ''
  );
}
