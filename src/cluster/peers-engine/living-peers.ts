// Who of the peers this node hears, by their hellos and by the streams of their changes, and what follows: which of them
// count, who is to be asked about, who is dead, and whether this node is cut off itself. Of one name one process counts:
// the one that was heard, as long as it is.

import type { ClusterLog } from '../cluster-log.ts';
import type { NodesTable } from '../nodes/nodes-table.ts';
import { type Hello, type NodeSelf, type Strike, strikesMax } from '../peer-link/messages.ts';
import { DeathWatch, type OtherNode, type Outlook, silenceMs } from './death-watch.ts';
import type { Slot } from './peer-slots.ts';

/** A hello that was on its way when its node took its leave. */
const leavingMs = 1500;

export interface LivingPeersDeps {
  readonly me: string;
  readonly ceilingMs: number;
  readonly nowMs: () => number;
  readonly slots: () => Iterable<Slot>;
  readonly table: () => NodesTable | undefined;
  /** Whether it counts as living. */
  readonly hasKey: (node: string) => boolean;
  /** Asks one peer when it has heard a node. */
  readonly ask: (peer: string, node: string) => Promise<unknown>;
  readonly bury: (node: string) => void;
  readonly log: ClusterLog;
}

/** The process that a name was last heard of, by itself. */
export interface KnownRun {
  readonly self: NodeSelf;
  readonly sinceMs: number;
  atMs: number;
}

export class LivingPeers {
  readonly #deps: LivingPeersDeps;
  readonly #deaths: DeathWatch;
  readonly #aliveMs = new Map<string, number>();
  readonly #leftMs = new Map<string, number>();
  readonly #struck = new Set<string>();
  /** When each was last struck off, here or at another node, by the wall clock of that node. */
  readonly #struckAtMs = new Map<string, number>();
  readonly runs = new Map<string, KnownRun>();
  #outlook: Outlook = {
    isCut: true,
    provenUntilMs: Number.NEGATIVE_INFINITY,
    heard: 0,
    others: 0,
    ask: [],
    expired: [],
  };

  constructor(deps: LivingPeersDeps) {
    this.#deps = deps;
    this.#deaths = new DeathWatch(deps.ceilingMs);
  }

  /** Why this node is cut off. */
  get why(): string {
    const { heard, others } = this.#outlook;
    return `it hears ${heard} of the ${others} other nodes`;
  }

  get provenUntilMs(): number {
    return this.#outlook.provenUntilMs;
  }

  get isCut(): boolean {
    return this.#deps.nowMs() >= this.#outlook.provenUntilMs;
  }

  /** All that were heard since this node started. */
  heardNodes(): Set<string> {
    return new Set([...this.#aliveMs.keys(), ...this.runs.keys()]);
  }

  /** Its stream has sent something. */
  alive(node: string): void {
    this.#aliveMs.set(node, this.#deps.nowMs());
  }

  /** False: another process of that name is heard, and this one is not listened to. */
  hello({ node, self }: Pick<Hello, 'node' | 'self'>): boolean {
    if (self === undefined) return true;
    if (this.holderOf(node, self.run) !== undefined) return false;
    const nowMs = this.#deps.nowMs();
    const known = this.runs.get(node);
    if (known?.self.run === self.run) known.atMs = nowMs;
    else this.runs.set(node, { self, sinceMs: nowMs, atMs: nowMs });
    return true;
  }

  /** The other process that has the name and is heard. */
  holderOf(node: string, run: string): NodeSelf | undefined {
    const known = this.runs.get(node);
    const isHeard = known !== undefined && this.#deps.nowMs() - known.atMs < silenceMs;
    return isHeard && known.self.run !== run ? known.self : undefined;
  }

  left(node: string): void {
    this.#leftMs.set(node, this.#deps.nowMs());
    this.runs.delete(node);
  }

  strike(node: string, atMs: number): void {
    this.#struck.add(node);
    this.#struckAtMs.set(node, atMs);
  }

  /** For the other nodes, until it is back. */
  get strikes(): readonly Strike[] {
    return [...this.#struck].slice(-strikesMax).map((node) => [node, this.#struckAtMs.get(node) ?? 0]);
  }

  /** Of what another node has struck off: those that this one neither hears nor has heard of having been struck off then. */
  newStrikes(strikes: readonly Strike[]): readonly Strike[] {
    const fresh = strikes.filter(([node, atMs]) => atMs > (this.#struckAtMs.get(node) ?? 0));
    for (const [node, atMs] of fresh) this.#struckAtMs.set(node, atMs);
    return fresh.filter(([node]) => node !== this.#deps.me && !this.isHeard(node));
  }

  /** It is heard, and so it counts. */
  returned(node: string): void {
    this.#struck.delete(node);
    this.#leftMs.delete(node);
  }

  heardMs(node: string): number {
    const state = this.#deps.table()?.get(node);
    const helloMs = state?.hasSentHello === true ? state.provenMs : Number.NEGATIVE_INFINITY;
    return Math.max(helloMs, this.#aliveMs.get(node) ?? Number.NEGATIVE_INFINITY);
  }

  isHeard(node: string): boolean {
    return this.#deps.nowMs() - this.heardMs(node) < silenceMs;
  }

  hasLeft(node: string): boolean {
    const leftMs = this.#leftMs.get(node);
    return leftMs !== undefined && this.heardMs(node) < leftMs + leavingMs;
  }

  /** Those that count: they neither took their leave nor were struck off. */
  others(): OtherNode[] {
    const { me, slots, table, hasKey } = this.#deps;
    const names = new Set<string>();
    let unnamed = 0;
    for (const slot of slots()) {
      if (slot.isSelf) continue;
      const node = slot.node ?? this.#nodeAt(slot.url);
      if (node !== undefined) names.add(node);
      else if (slot.isConfigured) unnamed++;
    }
    for (const state of table()?.all() ?? []) if (state.hasSentHello || state.info !== undefined) names.add(state.node);
    const counted = [...names].filter((node) => node !== me && !this.#struck.has(node) && !this.hasLeft(node));
    const known = counted.map((node) => ({ node, heardMs: this.heardMs(node), isDead: !hasKey(node) }));
    const never = { node: undefined, heardMs: Number.NEGATIVE_INFINITY, isDead: false };
    return [...known, ...Array.from({ length: unnamed }, () => never)];
  }

  /** To be called several times a second. */
  look(mayBury: boolean): void {
    const { nowMs, log, bury } = this.#deps;
    this.#outlook = this.#deaths.look(nowMs(), this.others());
    if (!mayBury) return;
    for (const node of this.#outlook.ask) void this.#askAbout(node);
    for (const node of this.#outlook.expired) {
      log('warn', { node }, 'the only other node was not heard until the ceiling: it counts as dead');
      this.#struck.add(node);
      bury(node);
    }
  }

  /** An earlier run may have met it there. */
  #nodeAt(url: string): string | undefined {
    for (const { node, info } of this.#deps.table()?.all() ?? []) if (info?.url === url) return node;
    return undefined;
  }

  /** Whether a peer that answers hears it. */
  async isHeardElsewhere(node: string): Promise<boolean> {
    return (await this.#askOthers(node)).heard.includes(true);
  }

  async #askOthers(node: string) {
    const witnesses = this.others().flatMap((one) =>
      one.node !== undefined && one.node !== node && this.isHeard(one.node) ? [one.node] : [],
    );
    const replies = await Promise.all(witnesses.map((one) => this.#deps.ask(one, node)));
    const heard = replies.flatMap((reply) => {
      const ago = witnessed(reply);
      return ago === 'no answer' ? [] : [ago !== undefined && ago < silenceMs];
    });
    return { witnesses, heard };
  }

  async #askAbout(node: string): Promise<void> {
    const { log, bury, nowMs } = this.#deps;
    const { witnesses, heard } = await this.#askOthers(node);
    if (!this.#deaths.answered(node, heard, this.isCut, nowMs())) return;
    log('warn', { node, asked: witnesses }, 'no node hears it: it counts as dead');
    bury(node);
  }
}

/** How long ago a peer has heard a node; undefined: never. */
function witnessed(reply: unknown): number | 'no answer' | undefined {
  if (typeof reply !== 'object' || reply === null || !('node' in reply)) return 'no answer';
  const ago = 'heardMsAgo' in reply ? reply.heardMsAgo : undefined;
  return typeof ago === 'number' ? ago : undefined;
}
