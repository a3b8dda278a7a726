// Follows the other nodes: their keys in etcd, when they were last heard, who died and who is back, and for whom this node
// acts. What it finds goes to the ownership of instances.

import type { NodeDns } from '../model/cluster-status.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ClusterLog } from './cluster-log.ts';
import type { LeaseRunner } from './leases/lease-runner.ts';
import { deadText, ownedOfDead, parseNode } from './nodes/node-value.ts';
import type { NodeState, NodesTable } from './nodes/nodes-table.ts';
import { deadNodeKey, nodeKey } from './records/keys.ts';
import type { ClusterReplica } from './replica/replica.ts';
import type { Publisher } from './writes/publisher.ts';

export interface NodeWatchDeps {
  readonly me: string;
  readonly prefix: string;
  readonly table: NodesTable;
  readonly runner: LeaseRunner;
  readonly replica: ClusterReplica;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly log: ClusterLog;
  /** This node's own key was deleted at a revision of etcd's. */
  /** A key of a node was put that has another address, or deleted. */
  readonly onNameServers: (servers: readonly NodeDns[]) => void;
  readonly ownDeleted: (revision: number) => void;
}

export class NodeWatch {
  readonly #deps: NodeWatchDeps;
  readonly #unproven = new Set<string>();
  #executes: ReadonlySet<string> = new Set();
  #servers = '[]';

  constructor(deps: NodeWatchDeps) {
    this.#deps = deps;
  }

  /** The dead nodes that this one acts for. */
  get executes(): ReadonlySet<string> {
    return this.#executes;
  }

  /** Several times a second. While this node is cut off it sees no sessions, and declares no node dead. */
  look(nowMs: number, isJoined: boolean): void {
    for (const state of this.#deps.table.all()) this.#judgeProof(state, nowMs);
    if (isJoined) this.#judge(nowMs);
  }

  /** A key of a node was put or deleted. */
  seen(kind: 'node' | 'dead', node: string, value: Uint8Array | undefined, revision: number): void {
    const nowMs = this.#deps.clock.monotonicMs();
    if (kind === 'dead') {
      const state = this.#deps.table.known(node, nowMs);
      state.isMissed = value !== undefined;
      const owned = value === undefined ? undefined : ownedOfDead(value);
      if (owned !== undefined && !state.hasSentHello) state.owned = owned;
      return;
    }
    if (value === undefined) {
      this.#deps.table.ended(node, nowMs);
      if (node === this.#deps.me) this.#deps.ownDeleted(revision);
      else this.#lookAtServers();
      return;
    }
    const info = parseNode(value);
    if (Array.isArray(info)) this.#deps.log('warn', { node, problem: info[0] }, 'cannot read the entry of a node');
    else {
      this.#deps.table.opened(node, info, nowMs);
      this.#lookAtServers();
    }
  }

  #lookAtServers(): void {
    const servers = this.#deps.table.nameServers();
    const text = JSON.stringify(servers);
    if (text === this.#servers) return;
    const isFirst = this.#servers === '[]';
    this.#servers = text;
    this.#deps.onNameServers(servers);
    // What all nodes answer for the origin is another, so its serial moves; one of them is enough.
    if (isFirst || this.#deps.table.firstLiving() !== this.#deps.me) return;
    void this.#deps.publisher.change({ conditions: [], writes: [], reads: [], isOwn: () => false });
  }

  #judgeProof(state: NodeState, nowMs: number): void {
    const isUnproven = this.#deps.table.isUnproven(state, nowMs);
    if (isUnproven === this.#unproven.has(state.node)) return;
    if (isUnproven) this.#unproven.add(state.node);
    else this.#unproven.delete(state.node);
    this.#deps.runner.trust(state, true, []);
  }

  #judge(nowMs: number): void {
    const { dead, back } = this.#deps.table.changes(nowMs);
    for (const state of back) {
      this.#deps.runner.guard.forget(state.node);
      this.#deps.runner.handle({ kind: 'back', node: state.node });
      this.#deps.log('info', { node: state.node }, 'a node of the cluster is back');
    }
    for (const state of dead) {
      if (!state.hasSentHello) state.owned = Math.max(state.owned, this.#deps.replica.records.ownedBy(state.node));
      if (!state.hasLeft) this.#deps.runner.handle({ kind: 'dead', node: state.node });
      this.#deps.log('warn', { node: state.node, owned: state.owned, hasLeft: state.hasLeft }, 'a node has gone');
      if (!state.hasLeft && !state.isMissed) void this.#noteDeath(state);
    }
    const executes = this.#deps.table.executedBy(this.#deps.me);
    if (executes.size === this.#executes.size && [...executes].every((one) => this.#executes.has(one))) return;
    this.#executes = executes;
    this.#deps.runner.handle({ kind: 'executor', of: executes });
  }

  /** So that the node that acts for it later knows how much it had. */
  async #noteDeath({ node, owned }: NodeState): Promise<void> {
    const { prefix } = this.#deps;
    const key = prefix + deadNodeKey(node);
    const value = new TextEncoder().encode(deadText(owned, Math.floor(this.#deps.clock.wallMs())));
    const conditions = [key, prefix + nodeKey(node)].map((one) => ({ key: one, is: 'absent' }) as const);
    await this.#deps.publisher.move({ conditions, writes: [{ key, value }], reads: [], isOwn: () => false });
  }
}
