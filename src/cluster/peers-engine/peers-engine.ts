// The engine of a cluster without etcd: what the nodes share is in each node's own store (shared-store.ts), so a list, a
// read and a swap are answered at once, and a session is proven as long as this node hears enough of the others. To the
// rest of the cluster's code it is an engine like etcd's, so that no rule is written twice.
// Limits: nothing orders the writes of two nodes; a condition is about what this node has.

import type {
  Engine,
  EngineStatus,
  Entry,
  Fault,
  FollowEvent,
  Following,
  KeyEvent,
  Listing,
  Session,
  SessionEvent,
  SessionOptions,
  SwapGroup,
  SwapReply,
} from '../engine.ts';
import { type SharedStore, sessionLease } from './shared-store.ts';

/** Of tombstones, which the store keeps for a day by itself. */
const graveLease = 2n;

export interface PeersEngineDeps {
  readonly store: SharedStore;
  readonly prefix: string;
  /** Of this node's numbers. */
  readonly life: string;
  readonly nowMs: () => number;
  /** Until when this node counts as not cut off. */
  readonly provenUntilMs: () => number;
  /** Why it is cut off. */
  readonly why: () => string;
  /** Settles when what was written is on the disk. */
  readonly kept: () => Promise<void>;
}

export class PeersEngine implements Engine {
  readonly #deps: PeersEngineDeps;
  #onEvent: ((event: FollowEvent) => void) | undefined;
  #onSession: ((event: SessionEvent) => void) | undefined;
  #session: { readonly value: Uint8Array; readonly path: string } | undefined;
  #isHeld = false;
  readonly connectionAttempts = 0;

  constructor(deps: PeersEngineDeps) {
    this.#deps = deps;
  }

  async list(prefix: string, { keysOnly = false } = {}): Promise<Listing | Fault> {
    const { store, life } = this.#deps;
    const entries = store.entries().filter(({ key }) => key.startsWith(prefix));
    const shown = keysOnly ? entries.map((entry): Entry => ({ ...entry, value: new Uint8Array() })) : entries;
    return { revision: store.revision, clusterId: life, entries: shown };
  }

  async read(key: string): Promise<{ readonly revision: number; readonly entry: Entry | undefined }> {
    const { store, prefix } = this.#deps;
    return { revision: store.revision, entry: store.entry(key.slice(prefix.length)) };
  }

  follow(_prefix: string, from: { readonly revision: number }, onEvent: (event: FollowEvent) => void): Following {
    const { store, nowMs } = this.#deps;
    this.#onEvent = onEvent;
    queueMicrotask(() => this.#onEvent?.({ kind: 'live', revision: store.revision }));
    return {
      get next() {
        return Math.max(from.revision, store.revision + 1);
      },
      get heardMs() {
        return nowMs();
      },
      close: () => {
        this.#onEvent = undefined;
      },
    };
  }

  /** The store has changed: what follows it hears of that in the same turn. */
  changed(revision: number, events: readonly KeyEvent[]): void {
    this.#onEvent?.({ kind: 'group', revision, events });
  }

  async swap(group: SwapGroup): Promise<SwapReply> {
    const reply = this.#deps.store.swap(group);
    await this.#deps.kept();
    return reply;
  }

  session({ key, value }: SessionOptions, onEvent: (event: SessionEvent) => void): Session {
    const { prefix, provenUntilMs, why } = this.#deps;
    this.#session = { path: key.slice(prefix.length), value };
    this.#onSession = onEvent;
    const isHeld = (): boolean => this.#isHeld;
    return {
      get lease() {
        return isHeld() ? sessionLease : undefined;
      },
      get provenUntilMs() {
        return isHeld() ? provenUntilMs() : Number.NEGATIVE_INFINITY;
      },
      get why() {
        return why();
      },
      noteDeleted: () => {},
      close: () => Promise.resolve(),
    };
  }

  /** What the others have is here, as far as they were reached. */
  ready(): void {
    if (this.#session === undefined || this.#isHeld) return;
    const { store } = this.#deps;
    this.#isHeld = true;
    store.put(this.#session.path, this.#session.value);
    this.#onSession?.({ kind: 'held', lease: sessionLease, revision: store.revision });
  }

  /** Another process has this node's name. `value`: its own report. */
  occupied(value: Uint8Array): void {
    const key = `${this.#deps.prefix}${this.#session?.path ?? ''}`;
    const holder = { key, value, createRevision: 0, modRevision: 0, lease: 0n };
    this.#onSession?.({ kind: 'occupied', holder });
  }

  async expiry(): Promise<{ readonly lease: bigint }> {
    return { lease: graveLease };
  }

  async status(): Promise<EngineStatus | Fault> {
    return { fault: 'refused', detail: 'this cluster has no etcd' };
  }

  close(): void {
    this.#onEvent = undefined;
  }
}
