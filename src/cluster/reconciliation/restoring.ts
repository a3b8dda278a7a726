// etcd's history is not the one that this node followed: it was wiped, or restored from an older copy. What this node runs
// is restored, what was removed since stays removed, and numbers go on above all that were used. DNS answers meanwhile as
// before. What other nodes run they restore themselves; until they have, it stays.
// Limits: `atOnceMax` swaps wait in the publisher, which groups them; it goes on until it has succeeded.

import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { NewChange } from '../../model/change.ts';
import type { ClusterDeps, ClusterSettings } from '../cluster-options.ts';
import { type Condition, type Entry, type Fault, isFault, type Listing, type Write } from '../engine.ts';
import { firstMeta, type Meta, metaText, numberAt, parseMeta, serialText } from '../records/epoch.ts';
import { labelPath, labelsPath, metaKey, readKey, serialKey, tombstonePath } from '../records/keys.ts';
import { parseRecord } from '../records/record.ts';
import { type Tombstone, tombstoneText } from '../records/tombstone.ts';
import type { Known } from '../replica/known-records.ts';
import type { ClusterReplica } from '../replica/replica.ts';
import { newIncarnation, raiseBase } from '../writes/number-space.ts';
import type { Publisher } from '../writes/publisher.ts';
import { type PlacedSwap, swapOf } from '../writes/swap-plan.ts';
import type { TombstoneLeases } from '../writes/tombstone-leases.ts';

const atOnceMax = 2000;
const swapMs = 5000;
const againMs = 1000;
/** Of work in one piece. */
const turnMs = 10;
const encoder = new TextEncoder();

export interface RestoringDeps {
  readonly deps: Pick<ClusterDeps, 'engine' | 'registry' | 'clock' | 'log' | 'copy'>;
  readonly settings: Pick<ClusterSettings, 'prefix' | 'node'>;
  readonly replica: ClusterReplica;
  readonly tombstones: TombstoneLeases;
  readonly publisher: Pick<Publisher, 'change'>;
  /** Whether this node restores what that one owned. */
  readonly actsFor: (node: string) => boolean;
  readonly isClosed: () => boolean;
  /** Of a record that is restored. */
  readonly operation: () => string;
}

export class Restoring {
  readonly #deps: RestoringDeps;

  constructor(deps: RestoringDeps) {
    this.#deps = deps;
  }

  /** The list to go on from; undefined: this node stops. */
  async run(): Promise<Listing | undefined> {
    const { deps, isClosed } = this.#deps;
    deps.log('error', {}, 'etcd was wiped or restored: restores what it had, and answers meanwhile as before');
    let logged = '';
    while (!isClosed()) {
      const reply = await this.#once();
      if (!isFault(reply)) {
        deps.copy?.replace(reply);
        deps.log('warn', { revision: reply.revision }, 'has restored in etcd what this node runs');
        return reply;
      }
      if (reply.detail !== logged) deps.log('error', { why: reply.detail }, 'cannot restore what etcd had');
      logged = reply.detail;
      await pause(againMs, undefined, { ref: false });
    }
    return undefined;
  }

  async #once(): Promise<Listing | Fault> {
    const { deps, settings, replica } = this.#deps;
    const meta = await this.#numbers();
    if (isFault(meta)) return meta;
    const before = await deps.engine.list(settings.prefix, { except: labelsPath });
    if (isFault(before)) return before;
    this.#deps.tombstones.forget();
    const fault = await this.#restore(before);
    if (fault !== undefined) return fault;
    const listing = await deps.engine.list(settings.prefix, { except: labelsPath });
    if (isFault(listing)) return listing;
    const newest = this.#metaIn(listing);
    if (isFault(newest)) return newest;
    await this.#inTurns(replica.rebase(listing, newest));
    return listing;
  }

  /** There are numbers, of this cluster's life, above all that this node has used. */
  async #numbers(): Promise<Meta | Fault> {
    const { deps, settings, replica } = this.#deps;
    const { engine, registry, clock } = deps;
    const key = settings.prefix + metaKey;
    const read = await engine.read(key);
    if (isFault(read)) return read;
    const life = replica.meta?.life ?? '';
    if (read.entry === undefined) {
      const meta = firstMeta(registry.revision, clock.wallMs() / 1000, life, newIncarnation());
      const put = { key, value: encoder.encode(metaText(meta)) };
      const swap = { conditions: [{ key, is: 'absent' } as const], writes: [put], reads: [], isOwn: () => false };
      const reply = await engine.swap({ swaps: [swap], puts: [this.#serial()] }, swapMs);
      if (isFault(reply)) return reply;
      return this.#numbers();
    }
    const meta = parseMeta(read.entry.value, read.entry.modRevision);
    if (Array.isArray(meta)) return { fault: 'refused', detail: `${key} cannot be read: ${meta[0]?.message}` };
    if (meta.life !== life) return { fault: 'refused', detail: otherCluster(settings.prefix, meta.life, life) };
    // Said by the first node that sees it: one that comes later may find a revision that is no longer lower than its own.
    const isSaid = meta.incarnation !== replica.meta?.incarnation;
    if (isSaid && numberAt(meta, read.revision) > registry.revision) return meta;
    const raised = await raiseBase(deps, settings, registry.revision, isSaid ? undefined : newIncarnation());
    return isFault(raised) ? raised : this.#numbers();
  }

  async #restore(listing: Listing): Promise<Fault | undefined> {
    const { deps, settings, replica, publisher, actsFor } = this.#deps;
    const listed = new Map(listing.entries.map((entry) => [entry.key.slice(settings.prefix.length), entry]));
    const swaps: PlacedSwap[] = [];
    for (const [path, tombstone] of replica.records.graves(deps.clock.wallMs())) {
      const lease = await this.#deps.tombstones.next();
      if (isFault(lease)) return lease;
      swaps.push(...this.#buried(path, tombstone, lease.lease, listed));
    }
    const lost = function* (this: Restoring): Generator<void> {
      for (const [path, known] of [...replica.records.entries()]) {
        const swap = actsFor(known.owner) ? this.#record(path, known, listed.get(path)) : undefined;
        if (swap !== undefined) swaps.push(swap);
        yield;
      }
    };
    await this.#inTurns(lost.call(this));
    for (let from = 0; from < swaps.length; from += atOnceMax) {
      const results = swaps.slice(from, from + atOnceMax).map((swap) => publisher.change(swap));
      const fault = (await Promise.all(results)).find(isFault);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** Renewals and DNS come between: ten thousand records take a second or more. */
  async #inTurns(steps: Iterable<void>): Promise<void> {
    const { clock } = this.#deps.deps;
    let untilMs = clock.monotonicMs() + turnMs;
    for (const _ of steps) {
      if (clock.monotonicMs() < untilMs) continue;
      await nextTurn();
      untilMs = clock.monotonicMs() + turnMs;
    }
  }

  /** A tombstone again; a record that it is later than goes. */
  #buried(path: string, tombstone: Tombstone, lease: bigint, listed: ReadonlyMap<string, Entry>): PlacedSwap[] {
    const { prefix } = this.#deps.settings;
    const key = readKey(path);
    if (key?.kind !== 'instance') return [];
    const grave = prefix + tombstonePath(key.key);
    const entry = listed.get(path);
    const record = entry === undefined ? undefined : parseRecord(entry.value);
    const buried = (condition: Condition, removed: readonly Write[]): PlacedSwap => ({
      keys: [grave, ...removed.map((one) => one.key)],
      at: (place) => {
        const value = encoder.encode(tombstoneText({ ...tombstone, place }));
        const writes = [{ key: grave, value, lease }, ...removed];
        return { conditions: [condition], writes, reads: [], isOwn: () => false };
      },
    });
    if (entry === undefined || record === undefined || Array.isArray(record))
      return listed.has(tombstonePath(key.key)) ? [] : [buried({ key: grave, is: 'absent' }, [])];
    if (record.times.hlc > tombstone.hlc) return [];
    const { env, appid } = key.key;
    const removed = [{ key: entry.key }, { key: prefix + labelPath(env, appid, record.label) }];
    return [buried({ key: entry.key, is: 'at', modRevision: entry.modRevision }, removed)];
  }

  /** Undefined: etcd has it as it is here, or a later one. */
  #record(path: string, known: Known, entry: Entry | undefined): PlacedSwap | undefined {
    const { deps, settings, operation } = this.#deps;
    const key = readKey(path);
    const stored = key?.kind === 'instance' ? deps.registry.find(key.key) : undefined;
    const listed = entry === undefined ? undefined : parseRecord(entry.value);
    if (stored === undefined) return undefined;
    if (listed !== undefined && !Array.isArray(listed))
      if (listed.operation === known.operation || listed.times.hlc > known.hlc) return undefined;
    const { instance, registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs } = stored;
    const times = { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs };
    const origin = { kind: 'system', front: 'recovery', address: '' } as const;
    const same = { origin, times, cause: { why: 'replaced' } } as const;
    const change: NewChange =
      entry === undefined
        ? { kind: 'registered', after: instance, ...same }
        : { kind: 'updated', before: instance, after: instance, isRenewal: false, ...same };
    const id = operation();
    const plan = { operation: id, isDirtyGiven: known.isDirtyGiven, number: known.number };
    const stamps = { me: known.owner, prefix: settings.prefix, hlc: known.hlc, lease: undefined };
    return swapOf(change, { ...known, modRevision: entry?.modRevision ?? 0 }, plan, stamps);
  }

  #metaIn({ entries }: Listing): Meta | Fault {
    const entry = entries.find(({ key }) => key === this.#deps.settings.prefix + metaKey);
    const meta = entry === undefined ? undefined : parseMeta(entry.value, entry.modRevision);
    if (meta !== undefined && !Array.isArray(meta)) return meta;
    return { fault: 'unavailable', detail: 'the key meta is missing or cannot be read', sent: false };
  }

  #serial(): Write {
    const { prefix, node } = this.#deps.settings;
    return { key: prefix + serialKey, value: encoder.encode(serialText(node, 0)) };
  }
}

/** A sentence for a person. */
export function otherCluster(prefix: string, theirs: string, ours: string): string {
  return `etcd has the registry of another cluster below ${prefix} (its life is ${theirs}, this node's ${ours}): check clusterName and clusterEtcdEndpoints, or start with an empty data folder to join that one`;
}
