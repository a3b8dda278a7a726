// Several nodes' stores of a cluster without etcd, and what is written at each: the same swaps that the cluster's code
// makes, with records that have no more than the parts that are merged. Clocks are handed in.

import type { KeyEvent, SwapVerdict } from '../../../src/cluster/engine.ts';
import { keptOf } from '../../../src/cluster/peers-engine/kept-value.ts';
import { sharedKind } from '../../../src/cluster/peers-engine/shared-paths.ts';
import { SharedStore } from '../../../src/cluster/peers-engine/shared-store.ts';

export const prefix = '/peers/test/';
const encoder = new TextEncoder();
/** Of a registration, besides its addresses. */
const plain = { weight: 10, priority: 0, leaseSeconds: 9, dnsTtl: 5, status: 'up' };

export type Override = { readonly status: string; readonly by: string; readonly until: 'next-up' | 'unbounded' };

interface RecordFields {
  readonly o: string;
  readonly l: string;
  readonly s: { readonly wanted: string; readonly verdict: string; readonly override?: Override };
  readonly r: { readonly addrs: readonly string[] };
  readonly [field: string]: unknown;
}

export class StoreNode {
  readonly name: string;
  wallMs = 1_000_000;
  hasSession = true;
  readonly heard = new Set<string>();
  isHeard = (path: string): boolean => this.heard.has(path);
  /** In the turn of each change. */
  onGroup = (_events: readonly KeyEvent[]): void => {};
  readonly groups: { readonly revision: number; readonly events: readonly KeyEvent[] }[] = [];
  readonly store: SharedStore;
  #operations = 0;

  constructor(name: string) {
    this.name = name;
    this.store = new SharedStore(
      {
        ...{ me: name, prefix },
        wallMs: () => this.wallMs,
        isHeard: (path) => this.isHeard(path),
        hasSession: () => this.hasSession,
        changed: (revision, events) => {
          this.groups.push({ revision, events });
          this.onGroup(events);
        },
      },
      1000,
    );
  }

  /** Undefined: it is not there. */
  record(path: string): RecordFields | undefined {
    const text = this.store.textOf(path)?.text;
    return text === undefined ? undefined : (JSON.parse(text) as RecordFields);
  }

  register(
    path: string,
    address: string,
    dirtyAtMs = this.wallMs,
    label = path.split('/').at(-1) ?? '',
    operation = this.#operation(),
  ): boolean {
    const before = this.record(path);
    const kept = before?.s.override;
    const override = kept?.until === 'unbounded' ? { override: kept } : this.#heldBack(path);
    const value = {
      ...{ v: 1, n: path.split('/').at(-1), o: this.name, u: operation, l: label },
      ...{ r: { ...plain, addrs: [address] }, p: { kind: 'lease', atEnd: 'evict', deadline: 'first' } },
      s: { wanted: 'up', verdict: 'alive', ...override },
      t: { registeredAtMs: 1, updatedAtMs: 1, dirtyAtMs, isDirtyGiven: false, hlc: 1 },
      c: { why: before === undefined ? 'registered' : 'replaced' },
    };
    return this.#put(path, value, before === undefined) === 'won';
  }

  change(path: string, change: (record: RecordFields) => object): boolean {
    const before = this.record(path);
    if (before === undefined) return false;
    const { d: _d, ...rest } = before;
    return (
      this.#put(path, { ...rest, u: this.#operation(), c: { why: 'patched' }, ...change(before) }, false) === 'won'
    );
  }

  override(path: string, override: Override | undefined): boolean {
    return this.change(path, ({ s: { override: _old, ...s } }) => ({
      s: { ...s, ...(override === undefined ? {} : { override }) },
    }));
  }

  takeOver(path: string, operation = this.#operation()): boolean {
    const before = this.record(path);
    const number = this.store.textOf(path)?.revision ?? 0;
    if (before === undefined) return false;
    return this.#put(path, { ...before, o: this.name, u: operation, d: before['d'] ?? number }, false) === 'won';
  }

  remove(path: string, why: 'cancelled' | 'evicted', operation = this.#operation()): boolean {
    const before = this.record(path);
    if (before === undefined) return false;
    const grave = { v: 1, why, u: operation, hlc: this.wallMs, dirtyAt: 0 };
    const { override } = before.s;
    const key = prefix + path;
    const hold = override?.until === 'unbounded' ? [{ key: prefix + beside(path, 'h'), value: text(override) }] : [];
    const [verdict] = this.#swap(
      [{ key, is: 'at', modRevision: this.store.textOf(path)?.revision ?? 0 }],
      [{ key: prefix + beside(path, 'g'), value: text(grave) }, { key }, ...hold],
    );
    return verdict?.verdict === 'won';
  }

  keepHold(path: string, override: Override): void {
    const writes = [{ key: prefix + beside(path, 'h'), value: text({ v: 1, ...override }) }];
    const conditions = [{ key: prefix + path, is: 'absent' } as const];
    this.store.swap({ swaps: [{ conditions, writes, reads: [], isOwn: () => false }], puts: [] });
  }

  releaseHold(path: string): void {
    this.store.swap({
      swaps: [{ conditions: [], writes: [{ key: prefix + beside(path, 'h') }], reads: [], isOwn: () => false }],
      puts: [],
    });
  }

  /** All that the other one has, or that of one instance. */
  hear(other: StoreNode, path?: string): void {
    for (const { key } of other.store.entries()) {
      const name = key.slice(prefix.length);
      const kind = sharedKind(name);
      if (kind === undefined || (path !== undefined && name !== path && name !== beside(path, 'g'))) continue;
      const { d: _d, ...value } = JSON.parse(other.store.textOf(name)?.text ?? '{}') as Record<string, unknown>;
      const kept = keptOf(kind, value);
      if (kept !== undefined) this.store.merge(kind === 'grave' ? beside(name, 'i') : name, kept);
    }
  }

  /** What every node must have alike: no numbers of its own, and not by whose stream it came. */
  shared(): Record<string, unknown> {
    const all = this.store.entries().flatMap(({ key }) => {
      const path = key.slice(prefix.length);
      if (!/^[igh]\//.test(path)) return [];
      const { d: _d, w, u: _u, c: _c, t: _t, ...fields } = JSON.parse(this.store.textOf(path)?.text ?? '{}');
      return [[path, { ...fields, w: typeof w === 'string' ? w.slice(w.indexOf(';')) : '' }] as const];
    });
    return Object.fromEntries(all.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  #heldBack(path: string): object {
    const held = this.store.textOf(beside(path, 'h'))?.text;
    if (held === undefined) return {};
    const { v: _v, ...override } = JSON.parse(held) as Record<string, unknown>;
    return { override };
  }

  #put(path: string, value: object, isNew: boolean): SwapVerdict['verdict'] {
    const key = prefix + path;
    const at = { key, is: 'at', modRevision: this.store.textOf(path)?.revision ?? 0 } as const;
    const absent = [key, `${prefix}l/${path.split('/').slice(1, 3).join('/')}/${(value as RecordFields).l}`];
    const conditions = isNew ? absent.map((one) => ({ key: one, is: 'absent' }) as const) : [at];
    return this.#swap(conditions, [{ key, value: text(value) }])[0]?.verdict ?? 'lost';
  }

  #swap(conditions: Parameters<SharedStore['swap']>[0]['swaps'][0]['conditions'], writes: readonly Written[]) {
    const swap = { conditions, writes, reads: [], isOwn: () => false };
    return this.store.swap({ swaps: [swap], puts: [{ key: `${prefix}s`, value: encoder.encode(this.name) }] }).verdicts;
  }

  #operation(): string {
    return `${this.name}-${++this.#operations}`;
  }
}

type Written = { readonly key: string; readonly value: Uint8Array } | { readonly key: string };

function beside(path: string, kind: 'g' | 'h' | 'i'): string {
  return kind + path.slice(1);
}

function text(value: object): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}
