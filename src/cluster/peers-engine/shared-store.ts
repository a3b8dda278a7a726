// What one node has of the registry that it shares with its peers, in the shape of a store of keys: compare-and-swap for
// this node's own writes, merge.ts for what others have written, a revision of its own for each change. Pure: no I/O, and
// the time is handed in. The order of this node's changes is the order of the map, so the map is the log that a peer reads
// on from, compacted: each instance is in it once, and no revision is ever too old to be read from.
// Limits: `tailMax` changes are found without a walk over all; tombstones of a day, `gravesMax` at most.

import { instanceLabel } from '../../model/names.ts';
import type { Condition, Entry, KeyEvent, Swap, SwapGroup, SwapVerdict, Write } from '../engine.ts';
import { afterSeeing, nextStamp } from '../records/hlc.ts';
import { readKey, serialKey } from '../records/keys.ts';
import {
  held,
  holdOf,
  isSameData,
  type Kept,
  type KeptFields,
  type KeptGrave,
  type KeptRecord,
  keptOf,
  keptText,
  latestHlc,
  reasserted,
  removed,
  type Writer,
  written,
} from './kept-value.ts';
import { isRemovedBy, merged } from './merge.ts';
import { instancePathOf, labelOf, sharedKind } from './shared-paths.ts';
import { compareVersions } from './stamps.ts';

const tailMax = 20_000;
const gravesMax = 100_000;
const graveMs = 24 * 3_600_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The session of this node, as long as it hears enough of the others. */
export const sessionLease = 1n;

export interface StoreEntry {
  readonly text: string;
  /** Of an instance: the node whose stream has it. Otherwise none. */
  readonly author: string;
  readonly revision: number;
  readonly createRevision: number;
}

export interface SharedStoreOptions {
  readonly me: string;
  /** In front of every key. */
  readonly prefix: string;
  readonly wallMs: () => number;
  /** Whether an instance was heard at this node within its lease. */
  readonly isHeard: (path: string) => boolean;
  /** Whether this node may remove anything. */
  readonly hasSession: () => boolean;
  /** All that one revision has changed. */
  readonly changed: (revision: number, events: readonly KeyEvent[]) => void;
}

export class SharedStore {
  readonly #options: SharedStoreOptions;
  readonly #entries = new Map<string, StoreEntry>();
  /** By the key of a label, whose it is. */
  readonly #labels = new Map<string, string>();
  /** Of each tombstone when it may go; one that keeps a hold never. */
  readonly #graves = new Map<string, number>();
  #tail: { readonly revision: number; readonly path: string }[] = [];
  /** Changes up to it are not in the tail. */
  #tailFrom = 0;
  #revision: number;
  #hlc = 0;
  #operations = 0;
  #events: KeyEvent[] = [];
  merges = 0;
  conflicts = 0;

  constructor(options: SharedStoreOptions, revision: number) {
    this.#options = options;
    this.#revision = revision;
    this.#tailFrom = revision;
  }

  get revision(): number {
    return this.#revision;
  }

  /** What the data folder had. To be called before anything else. */
  load(entries: readonly Entry[]): void {
    for (const { key, value, modRevision } of entries.toSorted((a, b) => a.modRevision - b.modRevision)) {
      const path = key.slice(this.#options.prefix.length);
      const kind = sharedKind(path);
      const text = decoder.decode(value);
      const kept = kind === undefined ? undefined : keptOf(kind, parsed(text));
      if (kind !== undefined && kept === undefined) continue;
      this.#hlc = Math.max(this.#hlc, latestHlc(kept));
      this.#entries.set(path, {
        ...{ text, revision: modRevision, createRevision: modRevision },
        author: kept?.stamps.author ?? '',
      });
      if (kept?.kind === 'grave') this.#graves.set(path, goesAtMs(kept));
      if (kept?.kind === 'record') this.#claim(path, kept.fields);
    }
  }

  entries(): Entry[] {
    return [...this.#entries.keys()].flatMap((path) => this.entry(path) ?? []);
  }

  entry(path: string): Entry | undefined {
    const found = this.#entries.get(path);
    if (found === undefined) return undefined;
    const { text, revision: modRevision, createRevision } = found;
    const lease = path === `n/${this.#options.me}` && this.#options.hasSession() ? sessionLease : 0n;
    return { key: this.#options.prefix + path, value: encoder.encode(text), createRevision, modRevision, lease };
  }

  /** As it is kept, for a peer. */
  textOf(path: string): StoreEntry | undefined {
    return this.#entries.get(path);
  }

  /** The keys of instances and tombstones that have changed after a revision, in order; each once. */
  changedAfter(revision: number): string[] {
    if (revision >= this.#tailFrom) {
      const paths = new Set<string>();
      for (let at = this.#tail.length - 1; at >= 0; at--) {
        const one = this.#tail[at];
        if (one === undefined || one.revision <= revision) break;
        paths.add(one.path);
      }
      return [...paths].reverse();
    }
    return [...this.#entries].flatMap(([path, one]) => (one.author !== '' && one.revision > revision ? [path] : []));
  }

  /** This node's own writes. Each swap has its verdict and a revision of its own: there is no disk to share. */
  swap({ swaps, puts }: SwapGroup): { readonly revision: number; readonly verdicts: readonly SwapVerdict[] } {
    const own = encoder.encode(this.#options.me);
    const verdicts = swaps.map((one) => {
      const verdict = this.#swap(one);
      for (const { key } of puts) this.#plain(this.#path(key), own);
      this.#commit();
      return verdict;
    });
    return { revision: this.#revision, verdicts };
  }

  /** A key that no peer shares. */
  put(path: string, value: Uint8Array | undefined): void {
    if (value === undefined && !this.#entries.has(path)) return;
    this.#plain(path, value);
    this.#commit();
  }

  /** What a peer has of an instance; whether anything is other here now. */
  merge(path: string, theirs: Kept): boolean {
    this.merges++;
    const { me, wallMs, isHeard } = this.#options;
    this.#hlc = afterSeeing(this.#hlc, latestHlc(theirs), wallMs());
    const before = this.#kept(path);
    const result = merged(before, theirs, me);
    if (result.is === 'mine') return false;
    if (result.is === 'both') this.conflicts++;
    const { kept } = result;
    if (kept.kind === 'record') this.#putRecord(path, before, kept);
    else if (before?.kind === 'record' && isLetGo(before, kept) && isHeard(path)) this.#reassert(path, before, kept);
    else this.#putGrave(path, before, kept);
    this.#plain(serialKey, encoder.encode(me));
    this.#commit();
    return true;
  }

  /** Tombstones of a day, but for those with a hold. To be called now and then. */
  expire(): void {
    const nowMs = this.#options.wallMs();
    for (const [path, goesMs] of this.#graves) if (nowMs > goesMs || this.#graves.size > gravesMax) this.#delete(path);
    this.#commit();
  }

  #swap({ conditions, writes, reads }: Swap): SwapVerdict {
    if (!conditions.every((one) => this.#holds(one)))
      return { verdict: 'lost', found: reads.flatMap((key) => this.entry(this.#path(key)) ?? []) };
    const values = new Map(writes.map((write) => [this.#path(write.key), write]));
    for (const [path, write] of values) this.#write(path, write, values);
    return { verdict: 'won' };
  }

  #holds(condition: Condition): boolean {
    const path = this.#path(condition.key);
    switch (condition.is) {
      case 'at':
        return (this.#entries.get(path)?.revision ?? 0) === condition.modRevision;
      case 'absent':
        return !this.#entries.has(path) && !this.#labels.has(path);
      case 'leased':
        return condition.lease === sessionLease && this.#options.hasSession();
    }
  }

  #write(path: string, write: Write, beside: ReadonlyMap<string, Write>): void {
    const key = readKey(path);
    const before = this.#kept(instancePathOf(path));
    switch (key?.kind) {
      // Labels are those of the records.
      case 'label':
        return;
      case 'instance':
        if (write.value !== undefined)
          this.#putRecord(path, before, written(before, fieldsOf(write.value), this.#writer()));
        return;
      case 'tombstone': {
        if (write.value === undefined || before?.kind !== 'record') return;
        const hold = beside.get(`h${path.slice(1)}`)?.value;
        const left = hold === undefined ? undefined : withoutVersion(fieldsOf(hold));
        const grave = removed(before, fieldsOf(write.value), left, this.#writer());
        this.#putGrave(instancePathOf(path), before, grave);
        return;
      }
      case 'hold':
        this.#hold(instancePathOf(path), before, write.value, beside);
        return;
      default:
        this.#plain(path, write.value);
    }
  }

  /** Of an instance that is not registered; one that is removed or registered has it in that. */
  #hold(
    path: string,
    before: Kept | undefined,
    value: Uint8Array | undefined,
    beside: ReadonlyMap<string, Write>,
  ): void {
    if (before?.kind === 'record' || beside.has(path) || (before === undefined && value === undefined)) return;
    const hold = value === undefined ? undefined : withoutVersion(fieldsOf(value));
    this.#putGrave(path, before, held(before, hold, this.#writer()));
  }

  /** `before`: of the same instance. */
  #putRecord(path: string, before: Kept | undefined, record: KeptRecord): void {
    const named = this.#named(path, record);
    const old = before?.kind === 'record' ? before.fields : undefined;
    const { d: given, ...fields } = named.fields;
    const isSame =
      before?.kind === 'record' &&
      compareVersions(before.stamps.registration, named.stamps.registration) === 0 &&
      isSameData(before.fields, fields);
    const number = isSame ? (old?.['d'] ?? given ?? this.#entries.get(path)?.revision) : undefined;
    const kept: KeptRecord = { ...named, fields: number === undefined ? fields : { ...fields, d: number } };
    if (before?.kind === 'grave') this.#dropGrave(path);
    if (old !== undefined) this.#free(path, old);
    this.#claim(path, fields);
    this.#set(path, keptText(kept), kept.stamps.author);
  }

  #putGrave(path: string, before: Kept | undefined, grave: KeptGrave): void {
    const gravePath = `g${path.slice(1)}`;
    this.#set(gravePath, keptText(grave), grave.stamps.author);
    this.#graves.delete(gravePath);
    this.#graves.set(gravePath, goesAtMs(grave));
    if (before?.kind === 'record') {
      this.#free(path, before.fields);
      this.#delete(path);
    }
    const hold = holdOf(grave);
    const holdPath = `h${path.slice(1)}`;
    if (hold !== undefined) this.#plain(holdPath, encoder.encode(JSON.stringify({ v: 1, ...(hold as KeptFields) })));
    else if (this.#entries.has(holdPath)) this.#delete(holdPath);
  }

  #dropGrave(path: string): void {
    this.#delete(`g${path.slice(1)}`);
    const holdPath = `h${path.slice(1)}`;
    if (this.#entries.has(holdPath)) this.#delete(holdPath);
  }

  #reassert(path: string, mine: KeptRecord, grave: KeptGrave): void {
    const { me, hlc } = this.#writer();
    const later = Math.max(hlc, grave.stamps.evictedOwner.hlc + 1);
    this.#putRecord(path, mine, reasserted(mine, { me, hlc: later }, `${me}k${later}-${++this.#operations}`));
  }

  /** Two nodes that could not ask each other may have given one label to two instances: the later one gets another. */
  #named(path: string, record: KeptRecord): KeptRecord {
    const labelKey = labelOf(path, record.fields);
    const holder = labelKey === undefined ? undefined : this.#labels.get(labelKey);
    const other = holder === undefined || holder === path ? undefined : this.#kept(holder);
    if (holder === undefined || other?.kind !== 'record') return record;
    const order = compareVersions(record.stamps.registration, other.stamps.registration);
    const isFirst = order === 0 ? path < holder : order < 0;
    if (!isFirst) return this.#relabelled(path, record);
    this.#free(holder, other.fields);
    if (labelKey !== undefined) this.#labels.set(labelKey, path);
    const moved = this.#relabelled(holder, other);
    const { d: _d, ...fields } = moved.fields;
    this.#claim(holder, fields);
    this.#set(holder, keptText({ ...moved, fields }), moved.stamps.author);
    // A change of its own, with a number of its own.
    this.#plain(serialKey, encoder.encode(this.#options.me));
    this.#commit();
    return record;
  }

  #relabelled(path: string, record: KeptRecord): KeptRecord {
    const isTaken = (label: string): boolean => {
      const holder = this.#labels.get(labelOf(path, { l: label }) ?? '');
      return label === record.fields['l'] || (holder !== undefined && holder !== path);
    };
    const label = instanceLabel(String(record.fields['n']), isTaken);
    return { ...record, fields: { ...record.fields, l: label } };
  }

  #claim(path: string, fields: KeptFields): void {
    const label = labelOf(path, fields);
    if (label !== undefined) this.#labels.set(label, path);
  }

  #free(path: string, fields: KeptFields): void {
    const label = labelOf(path, fields);
    if (label !== undefined && this.#labels.get(label) === path) this.#labels.delete(label);
  }

  #plain(path: string, value: Uint8Array | undefined): void {
    if (value === undefined) this.#delete(path);
    else this.#set(path, decoder.decode(value), '');
  }

  #set(path: string, text: string, author: string): void {
    const revision = this.#revision + 1;
    const createRevision = this.#entries.get(path)?.createRevision ?? revision;
    this.#entries.delete(path);
    this.#entries.set(path, { text, author, revision, createRevision });
    if (author !== '') this.#tail.push({ revision, path });
    const entry = this.entry(path);
    if (entry !== undefined) this.#events.push({ kind: 'put', entry });
  }

  #delete(path: string): void {
    if (!this.#entries.delete(path)) return;
    this.#graves.delete(path);
    this.#events.push({ kind: 'delete', key: this.#options.prefix + path, revision: this.#revision + 1 });
  }

  #commit(): void {
    if (this.#events.length === 0) return;
    const events = this.#events;
    this.#events = [];
    this.#revision++;
    if (this.#tail.length > tailMax) {
      const dropped = this.#tail.splice(0, tailMax / 2);
      this.#tailFrom = dropped.at(-1)?.revision ?? this.#tailFrom;
    }
    this.#options.changed(this.#revision, events);
  }

  #kept(path: string): Kept | undefined {
    const record = this.#entries.get(path);
    if (record !== undefined) return keptOf('record', parsed(record.text));
    const grave = this.#entries.get(`g${path.slice(1)}`);
    return grave === undefined ? undefined : keptOf('grave', parsed(grave.text));
  }

  #writer(): Writer {
    this.#hlc = nextStamp(this.#hlc, this.#options.wallMs());
    return { me: this.#options.me, hlc: this.#hlc };
  }

  #path(key: string): string {
    return key.slice(this.#options.prefix.length);
  }
}

function goesAtMs(grave: Kept): number {
  return holdOf(grave) === undefined ? latestHlc(grave) + graveMs : Number.POSITIVE_INFINITY;
}

/** Let go at the end of its lease, and not cancelled. */
function isLetGo(record: KeptRecord, { stamps }: KeptGrave): boolean {
  return !isRemovedBy(record.stamps, { ...stamps, evicted: { dirtyAtMs: 0, hlc: 0, node: '' } });
}

function withoutVersion({ v: _v, ...fields }: KeptFields): KeptFields {
  return fields;
}

/** Without the place among those that share a revision: here each has its own. */
function fieldsOf(value: Uint8Array): KeptFields {
  const { x: _place, ...fields } = parsed(decoder.decode(value)) as KeptFields;
  return fields;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
