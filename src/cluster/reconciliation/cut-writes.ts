// What becomes of a write while this node is cut off from etcd. A joined peer writes it, under the same id, so that it is
// never applied twice. Where none answers, mode `ap` applies it here and keeps it until etcd decides (settling.ts), and the
// peers that can be reached take it in as well, so that an app is not found at one node alone; mode `cp` refuses it. Verdicts
// of checks are kept in both modes, since the next look would find the same. What has a precondition needs etcd.

import type { Actor, NewChange } from '../../model/change.ts';
import type { Command, OutcomeOf } from '../../model/command.ts';
import type { ChangeGroup } from '../../model/decision.ts';
import type { Instance } from '../../model/instance.ts';
import type { InstanceKey } from '../../model/names.ts';
import type { ClusterSettings } from '../cluster-options.ts';
import type { Entry } from '../engine.ts';
import type { JoinState } from '../nodes/membership.ts';
import type { NodesTable } from '../nodes/nodes-table.ts';
import type { OwnedRecord } from '../ownership/ownership-events.ts';
import type { Peers } from '../peer-link/peers.ts';
import { pendingTaken, writeReplyOf } from '../peer-link/write-reply.ts';
import { type WriteBody, writeToJson } from '../records/command-json.ts';
import { instancePath } from '../records/keys.ts';
import { ownedOf, recordOf } from '../records/record-mapping.ts';
import type { RegistryPort } from '../registry-port.ts';
import { type PendingWrites, pendingMax } from '../replica/pending-writes.ts';
import type { ClusterReplica } from '../replica/replica.ts';
import type { NoQuorum } from '../writes/writes.ts';

/** A message holds a mebibyte, a registration at most 64 KiB. */
const announcedMax = 12;

export interface CutWritesDeps {
  readonly me: string;
  readonly prefix: string;
  readonly mode: ClusterSettings['mode'];
  readonly registry: RegistryPort;
  readonly replica: ClusterReplica;
  readonly pending: PendingWrites;
  readonly table: NodesTable;
  readonly peers: () => Peers;
  readonly state: () => JoinState;
  readonly now: () => ChangeGroup['at'];
  readonly nowMs: () => number;
  readonly stamp: () => number;
  readonly commitWaitMs: number;
  /** It is run here, or by the node that accepted it, from now on. */
  readonly registered: (path: string, key: InstanceKey, record: OwnedRecord) => void;
  readonly removed: (path: string, operation: string) => void;
}

export class CutWrites {
  readonly #deps: CutWritesDeps;
  #isAnnouncing = false;

  constructor(deps: CutWritesDeps) {
    this.#deps = deps;
  }

  /** See `WithoutEtcd`. */
  async commit<C extends Command>(
    actor: Actor,
    command: C,
    operation: string,
    reason: string,
  ): Promise<OutcomeOf<C> | NoQuorum> {
    const { mode, pending, state, me, stamp, replica } = this.#deps;
    const refused: NoQuorum = { kind: 'no-quorum', reason, isUnknown: false };
    if (state() !== 'cut' || command.precondition !== undefined) return refused;
    const basis = replica.known(instancePath(command.key))?.number;
    const write: WriteBody = { operation, node: me, hlc: stamp(), agoMs: 0, basis, actor, command };
    const isSent = command.kind !== 'judge' && (await this.#atPeer(write, command));
    if (typeof isSent === 'object') return isSent;
    if (mode === 'cp' && command.kind !== 'judge') return { ...refused, isUnknown: isSent };
    if (pending.isFull) return { ...refused, reason: `${reason}; ${pendingMax} writes wait for etcd already` };
    const outcome = this.#accept(write, command);
    void this.announce();
    return outcome;
  }

  /** Accepted by a peer that is cut off as well, or by an earlier run of this node. */
  take(write: WriteBody, isKept = false): void {
    if (this.#deps.pending.knows(write.operation) || this.#deps.pending.isFull) return;
    this.#accept(write, write.command, isKept);
  }

  /** To be called each second, and does one thing at a time: what the peers may not know yet. */
  async announce(): Promise<void> {
    if (this.#isAnnouncing) return;
    this.#isAnnouncing = true;
    await this.#announceAll();
    this.#isAnnouncing = false;
  }

  async #announceAll(): Promise<void> {
    const { table, pending, peers, nowMs, state } = this.#deps;
    if (pending.size === 0 || state() !== 'cut') return;
    const cut = table.peers(nowMs()).filter((one) => one.hasSentHello && !one.isJoined);
    await Promise.all(
      cut.map(async ({ node }) => {
        for (;;) {
          const writes = pending.unannounced(node, announcedMax);
          const bodies = writes.map((one) => writeToJson({ ...one, agoMs: nowMs() - one.acceptedMs }));
          if (writes.length === 0) return;
          if (!pendingTaken(await peers().call(node, 'pending', { writes: bodies }))) return;
          const operations = writes.map(({ operation }) => operation);
          pending.announced(node, operations);
        }
      }),
    );
  }

  #accept<C extends Command>(write: WriteBody, command: C, isKept = false): OutcomeOf<C> {
    const { registry, replica, pending, now, nowMs, registered, removed, me, mode } = this.#deps;
    const decision = registry.decide(command, write.actor, now());
    if (decision.kind !== 'changes') {
      if (decision.kind === 'unchanged' && decision.renewal !== undefined) registry.reregister(decision.renewal, now());
      return decision.outcome;
    }
    const path = instancePath(command.key);
    pending.add({ ...write, acceptedMs: nowMs() - write.agoMs }, isKept || mode === 'cp');
    for (const change of decision.changes) {
      replica.applyOwn(change, change.kind === 'registered' && write.node !== me);
      if (change.after === undefined) removed(path, write.operation);
      else if (change.kind === 'registered') registered(path, change.after, this.#ownedOf(change, write));
    }
    return { ...decision.outcome(), replicated: false };
  }

  #ownedOf(change: NewChange & { readonly after: Instance }, { node, operation, hlc }: WriteBody): OwnedRecord {
    return ownedOf(recordOf(change, undefined, { node, operation, hlc }), 0);
  }

  /** The outcome at a joined peer; false: none was asked; true: one was asked and did not answer. */
  async #atPeer<C extends Command>(write: WriteBody, command: C): Promise<OutcomeOf<C> | NoQuorum | boolean> {
    const { table, peers, nowMs, commitWaitMs } = this.#deps;
    const joined = table.peers(nowMs()).filter((one) => one.isJoined && !table.isUnproven(one, nowMs()));
    let isSent = false;
    for (const { node } of joined) {
      const reply = writeReplyOf(await peers().call(node, 'write', writeToJson(write), commitWaitMs + 500));
      if (reply === undefined || reply.kind === 'not-joined') {
        isSent ||= reply === undefined;
        continue;
      }
      if (reply.kind === 'refused') return { kind: 'no-quorum', reason: reply.reason, isUnknown: false };
      return this.#taken(command, reply);
    }
    return isSent;
  }

  /** Shown here before this node's own watch brings it. */
  #taken<C extends Command>(
    { key, kind }: C,
    {
      outcome,
      record,
    }: { readonly outcome: string; readonly record: Pick<Entry, 'value' | 'modRevision'> | undefined },
  ): OutcomeOf<C> | NoQuorum {
    const { registry, replica, prefix } = this.#deps;
    const before = registry.find(key);
    const entry = record && { key: prefix + instancePath(key), createRevision: 0, lease: 0n, ...record };
    replica.adopt(key, entry, undefined);
    const stored = kind === 'cancel' ? before : registry.find(key);
    if (stored === undefined) return { kind: 'no-quorum', reason: 'it was removed meanwhile', isUnknown: true };
    const { revision } = registry;
    return { kind: outcome, stored, replicated: true, revision } as unknown as OutcomeOf<C>;
  }
}
