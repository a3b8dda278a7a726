// Decides the writes that were accepted without etcd, once it can be asked again and before this node counts as
// joined: what etcd has of each instance is read, reconcile.ts decides what becomes of each operation, and the result is
// written by compare-and-swap. Where all operations count and nothing else was done meanwhile, what this node shows is
// what is written, so that no answer changes; otherwise etcd's state is taken and the operations that count are done on it.
// Limits: `atOnceMax` instances at a time, `attemptsMax` swaps that are lost.

import type { Actor, NewChange } from '../../model/change.ts';
import type { Command, OutcomeOf } from '../../model/command.ts';
import type { InstanceKey } from '../../model/names.ts';
import type { ClusterLog } from '../cluster-log.ts';
import { type Engine, type Entry, isFault } from '../engine.ts';
import { instancePath, readKey, tombstonePath } from '../records/keys.ts';
import { parseRecord } from '../records/record.ts';
import { instanceOf, timesOf } from '../records/record-mapping.ts';
import { parseTombstone, type Tombstone } from '../records/tombstone.ts';
import type { RegistryPort } from '../registry-port.ts';
import type { PendingWrite, PendingWrites } from '../replica/pending-writes.ts';
import type { ClusterReplica } from '../replica/replica.ts';
import type { Publisher } from '../writes/publisher.ts';
import type { NoQuorum, Writes } from '../writes/writes.ts';
import {
  type FoundInEtcd,
  type OwnerLiveness,
  type PendingOperation,
  type Resolution,
  reconcile,
} from './reconcile.ts';

const atOnceMax = 64;
const attemptsMax = 5;

export interface SettlingDeps {
  readonly me: string;
  readonly prefix: string;
  readonly engine: Pick<Engine, 'read'>;
  readonly registry: RegistryPort;
  readonly replica: ClusterReplica;
  readonly publisher: Publisher;
  readonly writes: Pick<Writes, 'swapOf' | 'commitAs'>;
  readonly pending: PendingWrites;
  readonly nowMs: () => number;
  readonly heardMs: (path: string) => number | undefined;
  /** When any peer has heard them last. */
  readonly heardAtPeers: (paths: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  readonly isOwnerLive: (node: string) => boolean;
  readonly log: ClusterLog;
}

interface Found {
  readonly entry: Entry | undefined;
  readonly tombstone: Tombstone | undefined;
  readonly inEtcd: FoundInEtcd;
  readonly label: string | undefined;
  readonly operation: string | undefined;
  readonly owner: string | undefined;
}

export class PendingSettler {
  readonly #deps: SettlingDeps;

  constructor(deps: SettlingDeps) {
    this.#deps = deps;
  }

  /** Undefined: all are decided. Otherwise why not. */
  async all(): Promise<string | undefined> {
    const paths = this.#deps.pending.paths();
    const heard = await this.#deps.heardAtPeers(paths);
    let trouble: string | undefined;
    const next = paths.values();
    const worker = async (): Promise<void> => {
      for (const path of next) {
        if (trouble !== undefined) return;
        trouble = (await this.#settle(path, heard.get(path))) ?? trouble;
      }
    };
    await Promise.all(Array.from({ length: atOnceMax }, worker));
    return trouble;
  }

  async #settle(path: string, peersHeardMs: number | undefined): Promise<string | undefined> {
    const key = readKey(path);
    if (key?.kind !== 'instance') return undefined;
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const found = await this.#read(key.key);
      if (typeof found === 'string') return found;
      const writes = this.#left(path, found);
      const outcomes = this.#outcomes(writes, found, this.#liveness(key.key, writes, peersHeardMs));
      const whole = attempt === 1 && this.#isWhole(key.key, writes, outcomes, found);
      const done = whole
        ? await this.#putWhole(key.key, writes, found)
        : await this.#replay(key.key, writes, outcomes, found);
      if (done === true) return undefined;
      if (done !== false) return done;
    }
    return `others changed ${path} ${attemptsMax} times meanwhile`;
  }

  /** Those that no peer has put already. */
  #left(path: string, { operation }: Found): readonly PendingWrite[] {
    const writes = this.#deps.pending.of(path);
    return writes.slice(writes.findIndex((one) => one.operation === operation) + 1);
  }

  #outcomes(writes: readonly PendingWrite[], { inEtcd, owner }: Found, liveness: OwnerLiveness): Resolution[] {
    let found = inEtcd;
    return writes.map((write) => {
      // A verdict counts while its node runs the checks.
      if (write.command.kind === 'judge' && owner !== undefined && owner !== this.#deps.me) return 'drop';
      const resolution = reconcile(operationOf(write), found, liveness);
      found = after(found, write, resolution);
      return resolution;
    });
  }

  /** Whether what is shown here is what all of them lead to. */
  #isWhole(key: InstanceKey, writes: readonly PendingWrite[], outcomes: readonly Resolution[], found: Found): boolean {
    const [first] = writes;
    if (first === undefined || outcomes.some((one) => one !== 'put' && one !== 'apply' && one !== 'remove'))
      return false;
    const local = this.#deps.registry.find(key);
    if (local !== undefined && found.label !== undefined && found.label !== local.instance.label) return false;
    const number = found.inEtcd.kind === 'record' ? found.inEtcd.dataRevision : undefined;
    return number === undefined || first.basis === number;
  }

  /** False: something else was there. */
  async #putWhole(key: InstanceKey, writes: readonly PendingWrite[], found: Found): Promise<boolean | string> {
    const { replica, publisher, pending, writes: swaps, prefix } = this.#deps;
    const path = instancePath(key);
    const change = this.#changeOf(key, writes, found);
    const last = writes.at(-1);
    if (change === undefined || last === undefined) {
      // Registered and cancelled again: nothing of it is in etcd.
      pending.settle(path);
      return true;
    }
    replica.know(key, found.entry);
    pending.sent(path, last.operation);
    const registration = writes.findLast(({ command }) => command.kind === 'register');
    const isDirtyGiven = registration?.command.kind === 'register' && registration.command.dirtyAtMs !== undefined;
    const plan = { operation: last.operation, isDirtyGiven, hlc: (registration ?? last).hlc };
    const swap = await swaps.swapOf(change, plan);
    if ('kind' in swap) return swap.reason;
    const result = await publisher.change(swap);
    if (isFault(result)) return result.detail;
    if (result.verdict.verdict === 'lost') return false;
    if (await replica.hasApplied(result.revision, 5000)) return true;
    return `its watch is late with ${prefix}${path}`;
  }

  #changeOf(key: InstanceKey, writes: readonly PendingWrite[], { entry }: Found): NewChange | undefined {
    const { registry } = this.#deps;
    const local = registry.find(key);
    const record = entry === undefined ? undefined : parseRecord(entry.value);
    const origin: Actor = writes.at(-1)?.actor ?? { kind: 'system', front: 'recovery', address: '' };
    const known = record === undefined || Array.isArray(record) ? undefined : record;
    if (local === undefined) {
      if (known === undefined) return undefined;
      const before = instanceOf(key, known);
      return { kind: 'cancelled', before, origin, cause: { why: 'cancelled' }, times: timesOf(known) };
    }
    const { instance: after, registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs } = local;
    const times = { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs };
    if (known === undefined) return { kind: 'registered', after, origin, cause: { why: 'registered' }, times };
    const why = writes.some(({ command }) => command.kind === 'register') ? 'replaced' : 'patched';
    return { kind: 'updated', before: after, after, origin, cause: { why }, times, isRenewal: false };
  }

  async #replay(
    key: InstanceKey,
    writes: readonly PendingWrite[],
    outcomes: readonly Resolution[],
    { entry, tombstone }: Found,
  ): Promise<boolean | string> {
    const { replica, pending, log } = this.#deps;
    pending.settle(instancePath(key));
    replica.adopt(key, entry, tombstone);
    for (const [index, write] of writes.entries()) {
      const outcome = outcomes[index];
      if (outcome === 'conflict') {
        pending.conflicts++;
        const { env, appid, instance } = key;
        const facts = { env, appid, instance, kind: write.command.kind, operation: write.operation };
        log('warn', facts, 'a write that was accepted without etcd does not count: another was made after it');
      }
      if (outcome !== 'put' && outcome !== 'apply' && outcome !== 'remove') continue;
      const done = await this.#perform(write);
      if (done.kind !== 'no-quorum') continue;
      // The rest waits for the next time.
      for (const one of writes.slice(index)) pending.add(one);
      return done.reason;
    }
    return true;
  }

  #perform({ actor, command, operation, hlc }: PendingWrite): Promise<OutcomeOf<Command> | NoQuorum> {
    return this.#deps.writes.commitAs(actor, command, operation, hlc);
  }

  async #read(key: InstanceKey): Promise<Found | string> {
    const { engine, prefix, replica, isOwnerLive } = this.#deps;
    const replies = await Promise.all(
      [instancePath(key), tombstonePath(key)].map((path) => engine.read(prefix + path)),
    );
    const [record, grave] = replies;
    if (record === undefined || grave === undefined) return 'no reply';
    if (isFault(record)) return record.detail;
    if (isFault(grave)) return grave.detail;
    const { entry } = record;
    const parsed = entry === undefined ? undefined : parseRecord(entry.value);
    const buried = grave.entry === undefined ? undefined : parseTombstone(grave.entry.value);
    const tombstone = buried === undefined || Array.isArray(buried) ? undefined : buried;
    if (entry === undefined || parsed === undefined || Array.isArray(parsed)) {
      const inEtcd = { kind: 'absent', tombstone } as const;
      return {
        entry: undefined,
        tombstone,
        inEtcd,
        label: undefined,
        operation: tombstone?.operation,
        owner: undefined,
      };
    }
    const { hlc, dirtyAtMs, isDirtyGiven } = parsed.times;
    const dataRevision = parsed.dataRevision ?? replica.numberOf(entry.modRevision, parsed.place);
    const inEtcd = {
      kind: 'record',
      dataRevision,
      hlc,
      dirtyAtMs,
      isDirtyGiven,
      isOwnerLive: isOwnerLive(parsed.owner),
    } as const;
    return { entry, tombstone, inEtcd, label: parsed.label, operation: parsed.operation, owner: parsed.owner };
  }

  #liveness(key: InstanceKey, writes: readonly PendingWrite[], peersHeardMs = Number.NEGATIVE_INFINITY): OwnerLiveness {
    const { registry, nowMs, heardMs } = this.#deps;
    const stored = registry.find(key);
    if (stored === undefined) return { isHeardWithinLease: false, hasLease: true };
    const { liveness, leaseSeconds } = stored.instance;
    const hasLease = liveness.kind === 'lease' || liveness.kind === 'lease-then-waiting';
    const registered = writes.filter(({ command }) => command.kind === 'register').map(({ acceptedMs }) => acceptedMs);
    const lastMs = Math.max(peersHeardMs, heardMs(instancePath(key)) ?? Number.NEGATIVE_INFINITY, ...registered);
    return { isHeardWithinLease: nowMs() - lastMs < leaseSeconds * 1000, hasLease };
  }
}

function operationOf({ command, basis, hlc }: PendingWrite): PendingOperation {
  const dirtyAtMs = command.kind === 'register' ? command.dirtyAtMs : undefined;
  const kind = command.kind === 'up' || command.kind === 'judge' ? 'patch' : command.kind;
  return { kind, basis, hlc, dirtyAtMs: dirtyAtMs ?? hlc, isDirtyGiven: dirtyAtMs !== undefined };
}

/** What the next operation of the same instance finds. */
function after(found: FoundInEtcd, { hlc, command }: PendingWrite, resolution: Resolution): FoundInEtcd {
  if (resolution === 'remove') return { kind: 'absent', tombstone: undefined };
  if (resolution !== 'put') return found;
  const dirtyAtMs = command.kind === 'register' ? command.dirtyAtMs : undefined;
  const isDirtyGiven = dirtyAtMs !== undefined;
  return { kind: 'record', dataRevision: -1, hlc, dirtyAtMs: dirtyAtMs ?? hlc, isDirtyGiven, isOwnerLive: true };
}
