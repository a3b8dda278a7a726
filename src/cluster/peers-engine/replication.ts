// How far the peers have this node's changes: each reports it when it has applied some, and once a second. A write is
// replicated when every node that is not known to be dead has it; a node that does not follow at present is not waited for.

const followingMs = 3000;
/** After its start a node is followed anew by the others. */
const startingMs = 5000;

interface Acknowledged {
  readonly life: string;
  readonly revision: number;
  readonly atMs: number;
}

interface Waiting {
  readonly revision: number;
  readonly settle: (isReplicated: boolean) => void;
}

export interface ReplicationDeps {
  /** Of this node's numbers. */
  readonly life: string;
  readonly nowMs: () => number;
  /** The nodes that count and are not dead; undefined: an address whose node was never reached. */
  readonly expected: () => readonly (string | undefined)[];
}

export class Replication {
  readonly #deps: ReplicationDeps;
  readonly #acknowledged = new Map<string, Acknowledged>();
  #waiting: Waiting[] = [];
  #startedMs = Number.NEGATIVE_INFINITY;

  constructor(deps: ReplicationDeps) {
    this.#deps = deps;
  }

  /** This node answers from now on. */
  begin(): void {
    this.#startedMs = this.#deps.nowMs();
  }

  acknowledged(node: string, life: string, revision: number): void {
    this.#acknowledged.set(node, { life, revision, atMs: this.#deps.nowMs() });
    const left: Waiting[] = [];
    for (const one of this.#waiting) {
      const state = this.#stateOf(one.revision);
      if (state === 'waits') left.push(one);
      else one.settle(state === 'replicated');
    }
    this.#waiting = left;
  }

  /** Whether all have everything up to a revision of this node's; false: not in time, or one does not follow. */
  confirmed(revision: number, withinMs: number): Promise<boolean> {
    const state = this.#stateOf(revision);
    if (state !== 'waits') return Promise.resolve(state === 'replicated');
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiting: Waiting = { revision, settle: resolve };
    this.#waiting.push(waiting);
    const timer = setTimeout(() => {
      this.#waiting = this.#waiting.filter((one) => one !== waiting);
      resolve(false);
    }, withinMs);
    return promise.finally(() => clearTimeout(timer));
  }

  #stateOf(revision: number): 'replicated' | 'waits' | 'not followed' {
    const { life, nowMs, expected } = this.#deps;
    let isWaiting = false;
    const nodes = expected();
    if (nodes.length === 0) return 'not followed';
    for (const node of nodes) {
      if (node === undefined) return 'not followed';
      const found = this.#acknowledged.get(node);
      const isKnown = found?.life === life;
      if (isKnown ? nowMs() - found.atMs >= followingMs : nowMs() - this.#startedMs >= startingMs)
        return 'not followed';
      isWaiting ||= !isKnown || found.revision < revision;
    }
    return isWaiting ? 'waits' : 'replicated';
  }
}
