// Runs the ownership of instances: feeds it what this node's watch, clients, peers and clocks bring, and carries out what
// follows. The registry keeps the guard of this node's own instances and lets each of them go; those of dead nodes are
// let go by dead-node-guard.ts. Ten times a second it looks what is due.
// Limits: `evictionsPerLook` leases that end are looked at each time.

import type { ChangeGroup } from '../../model/decision.ts';
import type { InstanceKey } from '../../model/names.ts';
import type { RemoteMark } from '../../model/remote-mark.ts';
import type { NodeState, NodesTable } from '../nodes/nodes-table.ts';
import { Ownership } from '../ownership/ownership.ts';
import type { Intent, OwnedRecord, OwnershipEvent, RemovedWhy } from '../ownership/ownership-events.ts';
import { type Hello, keptBeyond, keysMax } from '../peer-link/messages.ts';
import type { Peers } from '../peer-link/peers.ts';
import { instancePath, readKey } from '../records/keys.ts';
import type { Known } from '../replica/known-records.ts';
import { DeadNodeGuard } from './dead-node-guard.ts';
import { OwnerSwaps, type OwnerSwapsDeps } from './owner-swaps.ts';

const evictionsPerLook = 500;
/** What the guard lets go is asked for again after a second. */
const permitMs = 3000;
/** Two hellos apart: what is left when the next one comes late is a second still. */
const reportedMs = 2000;

export interface LeaseRunnerDeps extends Omit<OwnerSwapsDeps, 'heardMs' | 'answer' | 'isDead'> {
  readonly table: NodesTable;
  readonly peers: () => Peers;
  readonly nowMs: () => number;
  readonly idPrefix: string;
  readonly guardPercent: number;
  readonly evictionPercentPerMinute: number;
  readonly guardCeilingSeconds: number;
  readonly onOwner: (key: InstanceKey, isOwn: boolean) => void;
  /** An orphan without a lease that another node is to have, whose service file names it. */
  readonly isLeft: (path: string) => boolean;
}

export class LeaseRunner {
  readonly #deps: LeaseRunnerDeps;
  readonly ownership: Ownership;
  readonly guard: DeadNodeGuard;
  readonly swaps: OwnerSwaps;
  /** Until when the registry's guard lets an own instance go. */
  readonly #permits = new Map<string, number>();
  /** Own ones whose lease ends soon or has ended. */
  readonly #marks = new Set<string>();
  #owners = new Map<string, string>();

  constructor(deps: LeaseRunnerDeps) {
    this.#deps = deps;
    const { guardPercent, evictionPercentPerMinute, table } = deps;
    this.guard = new DeadNodeGuard({
      ...{ guardPercent, evictionPercentPerMinute, ceilingMs: deps.guardCeilingSeconds * 1000 },
      ended: (node, nowMs) => this.ownership.endedOrphans(node, nowMs),
      owned: (node) => table.get(node)?.owned ?? 0,
    });
    this.ownership = new Ownership({
      me: deps.me,
      idPrefix: deps.idPrefix,
      mayEvict: (key, owner, nowMs) => this.#mayEvict(key, owner, nowMs),
      isLeft: deps.isLeft,
    });
    this.swaps = new OwnerSwaps({
      ...deps,
      heardMs: (path) => this.ownership.heardMs(path),
      isDead: (node) => table.get(node)?.isDead === true,
      answer: (event) => this.handle(event),
    });
  }

  handle(event: OwnershipEvent): void {
    for (const intent of this.ownership.handle(event, this.#deps.nowMs())) this.#carry(intent);
  }

  record(path: string, key: InstanceKey, record: OwnedRecord, isRegistration: boolean): void {
    const { me, table, nowMs, registry, onOwner } = this.#deps;
    const owner = table.known(record.owner, nowMs());
    this.swaps.forget(path);
    const was = this.#owners.get(path);
    this.#owners.set(path, record.owner);
    this.handle({ kind: 'record', key: path, record, isRegistration });
    if (record.owner !== me) {
      this.#marks.delete(path);
      const mark = this.#markOf(owner, path);
      if (mark !== 'on-time' || was !== undefined) registry.markRemote(key, mark);
    }
    if ((was === me) !== (record.owner === me)) onOwner(key, record.owner === me);
  }

  removed(path: string, why: RemovedWhy, operation: string, known: Known | undefined): void {
    const { registry } = this.#deps;
    const key = keyAt(path);
    const stored = key === undefined ? undefined : registry.find(key);
    if (stored !== undefined && known !== undefined) this.swaps.remember(path, stored, known);
    const owner = this.#owners.get(path);
    if (why === 'evicted' && owner !== undefined && this.#deps.table.get(owner)?.isDead === true)
      this.guard.evicted(owner, this.#deps.nowMs());
    this.#marks.delete(path);
    this.#owners.delete(path);
    this.handle({ kind: 'removed', key: path, why, operation });
    if (this.ownership.stateOf(path) === undefined) this.swaps.forget(path);
  }

  /** A client's, at this node, of an instance that the registry has. Called with every renewal. */
  renewed(key: InstanceKey): void {
    const [path, nowMs] = [instancePath(key), this.#deps.nowMs()];
    const owner = this.ownership.remoteHeard(path, nowMs);
    if (owner === undefined) this.handle({ kind: 'renewal', key: path });
    else this.#deps.peers().forward(owner, path, nowMs);
  }

  /** A peer has heard them. */
  forwarded(heard: readonly (readonly [path: string, agoMs: number])[]): void {
    const { nowMs, registry, now } = this.#deps;
    const { monotonicMs, wallMs } = now();
    const atMs = nowMs();
    for (const [path, agoMs] of heard) {
      const state = this.ownership.stateOf(path);
      const key = state === 'own' ? keyAt(path) : undefined;
      const at = { monotonicMs: monotonicMs - agoMs, wallMs: wallMs - agoMs };
      if (key !== undefined && registry.renew(key, at).kind === 'lapsed') continue;
      if (state !== undefined) this.handle({ kind: 'forwarded', key: path, heardMs: atMs - agoMs });
    }
  }

  /** Its lease ends soon, or no longer. Of this node's own. */
  marked(key: InstanceKey, isMarked: boolean): void {
    const path = instancePath(key);
    if (isMarked && this.#owners.get(path) === this.#deps.me) this.#marks.add(path);
    else this.#marks.delete(path);
  }

  get marks(): Pick<Hello, 'marks' | 'leftMs' | 'isAllMarked'> {
    if (this.#marks.size > keysMax) return { marks: [], leftMs: [], isAllMarked: true };
    const nowMs = this.#deps.now().monotonicMs;
    const marks = [...this.#marks];
    return { marks, leftMs: marks.map((path) => this.#leftMs(path, nowMs)), isAllMarked: false };
  }

  /** At a peer it goes on until the next hello, and no answer there is to have a TTL of less than a second. */
  #leftMs(path: string, nowMs: number): number {
    const key = keyAt(path);
    const stored = key === undefined ? undefined : this.#deps.registry.find(key);
    const leftMs = stored === undefined || stored.isSuspect ? 0 : stored.deadlineMs - nowMs;
    return leftMs < reportedMs ? keptBeyond : Math.floor(leftMs);
  }

  /** A peer's instances are answered with the TTL that it reported, or with one of a second while it is silent. */
  trust(state: NodeState, isAll: boolean, paths: Iterable<string>): void {
    const { registry } = this.#deps;
    const all = isAll ? [...this.#owners].filter(([, owner]) => owner === state.node).map(([path]) => path) : paths;
    for (const path of all) {
      const key = this.#owners.get(path) === state.node ? keyAt(path) : undefined;
      if (key !== undefined) registry.markRemote(key, this.#markOf(state, path));
    }
  }

  /** What is due by now. */
  look(now: ChangeGroup['at'], nowMs: number): void {
    const { registry } = this.#deps;
    for (const key of registry.takeExpired(now, evictionsPerLook))
      this.#permits.set(instancePath(key), nowMs + permitMs);
    for (const [path, untilMs] of this.#permits) if (untilMs <= nowMs) this.#permits.delete(path);
    for (const key of registry.endedHolds(now)) this.handle({ kind: 'hold-ended', key: instancePath(key) });
    const tickMs = this.ownership.nextTickMs();
    if (tickMs !== undefined && tickMs <= nowMs) this.handle({ kind: 'tick' });
  }

  #mayEvict(path: string, owner: string, nowMs: number): boolean {
    if (owner === this.#deps.me) return (this.#permits.get(path) ?? 0) > nowMs;
    const deadlineMs = this.ownership.deadlineMs(path) ?? nowMs;
    return this.guard.mayEvict(owner, deadlineMs, nowMs);
  }

  #markOf(state: NodeState, path: string): RemoteMark {
    const { table, nowMs } = this.#deps;
    if (table.isUnproven(state, nowMs()) || state.isAllMarked) return 'suspect';
    return state.marks.get(path) ?? 'on-time';
  }

  #carry(intent: Intent): void {
    const { peers } = this.#deps;
    switch (intent.kind) {
      case 'swap':
        void this.swaps.carry(intent);
        break;
      case 'withdraw':
        this.swaps.withdraw(intent.id);
        break;
      case 'forward':
        peers().forward(intent.owner, intent.key, intent.heardMs);
        break;
      case 'relay':
        peers().relay(intent.owner, intent.key, intent.heardMs);
        break;
      case 'forward-joined':
        peers().forwardToJoined(intent.key, intent.heardMs);
        break;
      case 'ask-lately':
        peers().ask(intent.key);
        break;
      default:
        // Replies are given by the registry, which has what the watch has brought; suspects of its own it marks itself.
        break;
    }
  }
}

function keyAt(path: string): InstanceKey | undefined {
  const key = readKey(path);
  return key?.kind === 'instance' ? key.key : undefined;
}
