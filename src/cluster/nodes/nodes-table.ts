// The nodes of the cluster as this one sees them, and who of them is dead. A session that is gone proves nothing: etcd has
// ended those of all nodes at once when its leader was stopped for some seconds. Dead is a node whose session is gone and
// without a hello for three seconds, or whose session stays gone though it sends them, or that sent goodbye. While
// this node is cut off from etcd it sees no sessions, and no node dies.

import type { NodeDns } from '../../model/cluster-status.ts';
import type { Losses } from '../../model/losses.ts';
import type { RemoteMark } from '../../model/remote-mark.ts';
import { mixed, textHash } from '../../runtime/text-hash.ts';

const silenceMs = 3000;
/** Without a hello for so long, its records are answered with a TTL of a second. */
const unprovenMs = 2000;

export interface NodeInfo {
  readonly url: string;
  readonly version: string;
  readonly startedAtMs: number;
  /** Undefined: it is of a version before. */
  readonly dns: NodeDns | undefined;
}

export interface NodeState {
  readonly node: string;
  info: NodeInfo | undefined;
  hasSession: boolean;
  /** While it has none: since when. */
  sessionGoneMs: number;
  /** Of the last hello; before the first: since when it is known. */
  provenMs: number;
  hasSentHello: boolean;
  isJoined: boolean;
  /** What it owned at its last hello. */
  owned: number;
  /** What it reports of instances that are not on time. */
  marks: ReadonlyMap<string, RemoteMark>;
  isAllMarked: boolean;
  isDead: boolean;
  hasLeft: boolean;
  /** Its death is written down, and it was neither back nor struck off since. */
  isMissed: boolean;
  /** By how much its clock is ahead of this one's, and the way of the message. */
  skewMs: number;
  /** What it misses of its own. */
  losses: Losses | undefined;
  /** Without etcd: its changes do not come, so what it runs may be other than it is here. */
  isBehind: boolean;
}

export class NodesTable {
  readonly #me: string;
  readonly #sessionMs: number;
  readonly #isEachExecutor: boolean;
  readonly #nodes = new Map<string, NodeState>();

  /** `isEachExecutor`: nothing is shared that two nodes could remove twice, so each acts for all that are dead. */
  constructor(me: string, sessionSeconds: number, isEachExecutor = false) {
    this.#me = me;
    this.#sessionMs = sessionSeconds * 1000;
    this.#isEachExecutor = isEachExecutor;
  }

  all(): IterableIterator<NodeState> {
    return this.#nodes.values();
  }

  get(node: string): NodeState | undefined {
    return this.#nodes.get(node);
  }

  /** Another one that has a session, or sends hello without. */
  peers(nowMs: number): NodeState[] {
    return [...this.#nodes.values()].filter(
      (one) => one.node !== this.#me && (one.hasSession || (one.hasSentHello && nowMs - one.provenMs < silenceMs)),
    );
  }

  /** The owner of a record, which may have no session. */
  known(node: string, nowMs: number): NodeState {
    const found = this.#nodes.get(node);
    if (found !== undefined) return found;
    const state: NodeState = {
      node,
      info: undefined,
      hasSession: false,
      sessionGoneMs: nowMs,
      provenMs: nowMs,
      hasSentHello: false,
      isJoined: false,
      owned: 0,
      marks: new Map(),
      isAllMarked: false,
      isDead: false,
      hasLeft: false,
      isMissed: false,
      skewMs: 0,
      losses: undefined,
      isBehind: false,
    };
    this.#nodes.set(node, state);
    return state;
  }

  opened(node: string, info: NodeInfo, nowMs: number): void {
    const state = this.known(node, nowMs);
    if (!state.hasSession) state.provenMs = Math.max(state.provenMs, nowMs);
    state.info = info;
    state.hasSession = true;
    state.hasLeft = false;
  }

  ended(node: string, nowMs: number): void {
    const state = this.known(node, nowMs);
    if (!state.hasSession) return;
    state.hasSession = false;
    state.sessionGoneMs = nowMs;
  }

  left(node: string, nowMs: number): void {
    this.known(node, nowMs).hasLeft = true;
  }

  /** Of the nodes that have a session, by name. */
  nameServers(): readonly NodeDns[] {
    return this.#living().flatMap(({ info }) => info?.dns ?? []);
  }

  /** Of the nodes that have a session, the first one by name. */
  firstLiving(): string | undefined {
    return this.#living()[0]?.node;
  }

  #living(): NodeState[] {
    const living = [...this.#nodes.values()].filter(({ hasSession }) => hasSession);
    return living.sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  /** It was dead for so long that nothing of it is left. */
  forget(node: string): void {
    this.#nodes.delete(node);
  }

  /** Who died and who is back since the last call. To be called while this node is joined. */
  changes(nowMs: number): { readonly dead: readonly NodeState[]; readonly back: readonly NodeState[] } {
    const dead: NodeState[] = [];
    const back: NodeState[] = [];
    for (const state of this.#nodes.values()) {
      const isDead = this.#isDead(state, nowMs);
      if (isDead === state.isDead) continue;
      state.isDead = isDead;
      (isDead ? dead : back).push(state);
    }
    return { dead, back };
  }

  /** The dead ones that this node acts for: each has one executor, the same at all nodes that see the same sessions. */
  executedBy(node: string): ReadonlySet<string> {
    if (this.#isEachExecutor)
      return new Set([...this.#nodes.values()].filter(({ isDead }) => isDead).map((one) => one.node));
    const living = [...this.#nodes.values()].filter(({ hasSession }) => hasSession).map((one) => one.node);
    const dead = [...this.#nodes.values()].filter(({ isDead }) => isDead).map((one) => one.node);
    return new Set(dead.filter((one) => executorOf(one, living) === node));
  }

  isUnproven({ node, provenMs, isBehind }: NodeState, nowMs: number): boolean {
    return node !== this.#me && (isBehind || nowMs - provenMs > unprovenMs);
  }

  /** Since when a node was not heard, monotonic milliseconds; undefined: it was, or nothing is known of it. */
  unheardSinceMs(node: string, nowMs: number): number | undefined {
    const state = this.#nodes.get(node);
    return state !== undefined && this.isUnproven(state, nowMs) ? state.provenMs : undefined;
  }

  #isDead({ node, hasSession, hasLeft, sessionGoneMs, provenMs }: NodeState, nowMs: number): boolean {
    if (node === this.#me || hasSession) return false;
    return hasLeft || nowMs - provenMs >= silenceMs || nowMs - sessionGoneMs >= this.#sessionMs;
  }
}

/** Rendezvous hashing: a node that comes or goes moves only what is its own. */
function executorOf(dead: string, living: readonly string[]): string | undefined {
  const weight = (node: string): number => mixed(textHash(`${dead} ${node}`));
  return living.toSorted((a, b) => weight(b) - weight(a) || (a < b ? -1 : 1))[0];
}
