// Carries out what the ownership decides to write: removals at the end of a lease, take-overs, instances that come back.
// Each swap has exactly one answer, which goes back to the ownership.

import type { NewChange } from '../../model/change.ts';
import type { TakeoverWhy } from '../../model/cluster-status.ts';
import type { ChangeGroup } from '../../model/decision.ts';
import type { InstanceRecord } from '../../model/instance-record.ts';
import type { InstanceKey } from '../../model/names.ts';
import { type Condition, type Entry, isFault, type Swap } from '../engine.ts';
import type { OwnershipEvent, SwapIntent } from '../ownership/ownership-events.ts';
import { instancePath, nodeKey, readKey } from '../records/keys.ts';
import { parseRecord, recordText } from '../records/record.ts';
import { ownedOf, recordOf } from '../records/record-mapping.ts';
import { parseTombstone } from '../records/tombstone.ts';
import type { RegistryPort } from '../registry-port.ts';
import type { Known } from '../replica/known-records.ts';
import type { ClusterReplica } from '../replica/replica.ts';
import type { Publisher } from '../writes/publisher.ts';
import { isWrittenBy, type PlacedSwap } from '../writes/swap-plan.ts';
import type { Writes } from '../writes/writes.ts';

type Verdict = Extract<OwnershipEvent, { readonly kind: 'swapped' }>['verdict'];

export interface OwnerSwapsDeps {
  readonly me: string;
  readonly prefix: string;
  readonly registry: RegistryPort;
  readonly replica: ClusterReplica;
  readonly writes: Writes;
  readonly publisher: Publisher;
  readonly now: () => ChangeGroup['at'];
  readonly sessionLease: () => bigint | undefined;
  /** Of a node. */
  readonly isDead: (node: string) => boolean;
  readonly heardMs: (path: string) => number | undefined;
  readonly answer: (event: OwnershipEvent) => void;
}

export class OwnerSwaps {
  readonly #deps: OwnerSwapsDeps;
  readonly #withdrawn = new Set<string>();
  /** Instances that were removed while they were heard, until they are back or evicted. */
  readonly #removed = new Map<string, { readonly record: InstanceRecord; readonly known: Known }>();
  readonly takeovers = { dead: 0, unreachable: 0, unleased: 0 };
  evictions = 0;

  constructor(deps: OwnerSwapsDeps) {
    this.#deps = deps;
  }

  /** It leaves the registry, and may have to come back as it was. */
  remember(path: string, record: InstanceRecord, known: Known): void {
    this.#removed.set(path, { record: copyOf(record), known });
  }

  forget(path: string): void {
    this.#removed.delete(path);
  }

  withdraw(id: string): void {
    this.#withdrawn.add(id);
  }

  async carry(intent: SwapIntent): Promise<void> {
    const { id, key } = intent;
    const verdict = await this.#verdict(intent);
    this.#withdrawn.delete(id);
    this.#deps.answer({ kind: 'swapped', key, id, verdict });
  }

  async #verdict(intent: SwapIntent): Promise<Verdict> {
    const { publisher, replica } = this.#deps;
    const known = replica.known(intent.key);
    // What it was decided on is not what there is.
    if (intent.expected !== 'absent' && known?.modRevision !== intent.expected) return 'failed';
    const swap = await this.#swapOf(intent);
    if (swap === undefined || this.#withdrawn.has(intent.id)) return 'failed';
    const isMove = !('at' in swap);
    const result = await (isMove ? publisher.move(swap) : publisher.change(swap));
    if (isFault(result)) return 'failed';
    if (result.verdict.verdict === 'lost') return this.#foundOf(result.verdict.found);
    if (isMove) this.takeovers[this.#whyTaken(intent.key, known)]++;
    if (intent.change === 'evict') this.evictions++;
    return 'won';
  }

  #whyTaken(path: string, known: Known | undefined): TakeoverWhy {
    const key = readKey(path);
    const stored = key?.kind === 'instance' ? this.#deps.registry.find(key.key) : undefined;
    if (known !== undefined && !this.#deps.isDead(known.owner)) return 'unreachable';
    const kind = stored?.instance.liveness.kind ?? 'lease';
    return kind.startsWith('lease') ? 'dead' : 'unleased';
  }

  /** A change of data gets a place; a take-over has none. */
  async #swapOf(intent: SwapIntent): Promise<Swap | PlacedSwap | undefined> {
    const fence = this.#fenceOf(intent);
    if (fence === undefined) return undefined;
    const key = readKey(intent.key);
    if (key?.kind !== 'instance') return undefined;
    if (intent.change === 'take-over') return this.#takeOver(intent, key.key);
    const change = this.#changeOf(intent, key.key);
    if (change === undefined) return undefined;
    const swap = await this.#deps.writes.swapOf(change, { operation: intent.id, more: fence });
    return 'kind' in swap ? undefined : swap;
  }

  /** Undefined: this node has no session, and may remove nothing. */
  #fenceOf({ fence }: SwapIntent): Condition[] | undefined {
    const { me, prefix, sessionLease } = this.#deps;
    const conditions: Condition[] = [];
    if (fence.session) {
      const lease = sessionLease();
      if (lease === undefined) return undefined;
      conditions.push({ key: prefix + nodeKey(me), is: 'leased', lease });
    }
    if (fence.without !== undefined) conditions.push({ key: prefix + nodeKey(fence.without), is: 'absent' });
    return conditions;
  }

  #changeOf({ key: path, change }: SwapIntent, key: InstanceKey): NewChange | undefined {
    const { registry, now, heardMs } = this.#deps;
    if (change === 'return') return this.#returned(path);
    if (change === 'end-hold') return registry.decideEnd(key, 'hold', now());
    const decided = registry.decideEnd(key, 'lease', now());
    if (decided?.cause.why !== 'evicted' || Number.isFinite(decided.cause.silentMs)) return decided;
    // The registry runs no lease of another node's; the peers report when it was heard.
    const leaseMs = (decided.before?.leaseSeconds ?? 0) * 1000;
    const lastMs = heardMs(path);
    const silentMs = lastMs === undefined ? leaseMs : Math.max(0, now().monotonicMs - lastMs);
    return { ...decided, cause: { why: 'evicted', silentMs, heldMs: 0 } };
  }

  #returned(path: string): NewChange | undefined {
    const removed = this.#removed.get(path);
    if (removed === undefined) return undefined;
    const { instance, registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs } = removed.record;
    const origin = { kind: 'system', front: 'leases', address: '', reason: 'heard though it was removed' } as const;
    const times = { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs };
    return { kind: 'registered', after: instance, origin, cause: { why: 'registered' }, times };
  }

  /** Nothing of its data changes, so it keeps the number of its last change. */
  #takeOver({ id, expected }: SwapIntent, key: InstanceKey): Swap | undefined {
    const { me, prefix, registry, replica } = this.#deps;
    const stored = registry.find(key);
    const path = instancePath(key);
    const known = replica.known(path);
    if (stored === undefined || known === undefined || expected === 'absent') return undefined;
    const { instance, registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs } = stored;
    const times = { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs };
    const origin = { kind: 'system', front: 'leases', address: '' } as const;
    const same: NewChange = {
      ...{ kind: 'updated', before: instance, after: instance, origin, times, isRenewal: false },
      cause: { why: 'replaced' },
    };
    const stamp = { node: me, operation: id, hlc: known.hlc };
    const record = recordOf(same, known, stamp, known.isDirtyGiven);
    const text = recordText({ ...record, dataRevision: known.number, unknown: known.unknown });
    const at = prefix + path;
    return {
      conditions: [{ key: at, is: 'at', modRevision: expected }],
      writes: [{ key: at, value: new TextEncoder().encode(text) }],
      reads: [at],
      isOwn: (found) => isWrittenBy(found, id),
    };
  }

  #foundOf(found: readonly Entry[]): Verdict {
    const { prefix } = this.#deps;
    for (const entry of found) {
      const kind = readKey(entry.key.slice(prefix.length))?.kind;
      if (kind === 'instance') {
        const record = parseRecord(entry.value);
        return Array.isArray(record) ? 'failed' : { found: ownedOf(record, entry.modRevision) };
      }
      const tombstone = kind === 'tombstone' ? parseTombstone(entry.value) : undefined;
      if (tombstone !== undefined && 'why' in tombstone) return { found: { absent: tombstone.why } };
    }
    return { found: { absent: 'missing' } };
  }
}

function copyOf(record: InstanceRecord): InstanceRecord {
  const { instance, deadlineMs, isSuspect, isNearExpiry, revision } = record;
  const { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs } = record;
  const times = { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs };
  return { instance, deadlineMs, isSuspect, isNearExpiry, revision, ...times };
}
