// What the guard knows of an app, or of the whole registry: which members are missing, and whether it is held. Losses are
// members that are late or suspect, and those evicted so recently that they may be part of the same trouble; instances
// that joined since make up for as many. Members are those that take traffic: drained instances are not expected to renew.
// A loss is evidence of a broken network only if the instance had been heard again after its registration, and losses of
// one client are none where the scope has others: a client must not be able to hold the registry by registering
// instances and leaving. Behind a proxy all may be one client; ratio and number then decide alone.

import type { OthersShare } from '../../model/losses.ts';
import type { RecentJoins } from '../apps/recent-joins.ts';

/** A registry of one to six instances must never be held by a single crash, nor by a second one beside it. */
export const lossesMin = 3;

const nowhereElse: OthersShare = { serving: 0, losses: 0 };

/** How large an app, or the registry, is now. Kept up to date by leases.ts. */
export interface ScopePresence {
  /** Instances with status `up`. */
  serving: number;
  /** Of them, those that were heard again after their registration. */
  heard: number;
  /** The sum of their clients' numbers modulo 2^32: `heard` times one number where they are all of one client. */
  clientSum: number;
  readonly recentJoins: RecentJoins;
}

export class GuardScope {
  /** Undefined: the whole registry. */
  readonly app: { readonly env: string; readonly appid: string } | undefined;
  /** Members that are late, suspects among them. */
  late = 0;
  suspects = 0;
  /** Evicted a short while ago for their silence. */
  gone = 0;
  /** Losses that are evidence, by client. */
  readonly #evidence = new Map<number, number>();
  #evidenceCount = 0;
  /** Monotonic milliseconds: an instance that joined then or later may replace one of the losses. */
  lossesSinceMs = Number.POSITIVE_INFINITY;
  /** Since when it is held; undefined while it is not. */
  held: { readonly sinceMs: number; readonly wallMs: number } | undefined;
  /** Monotonic milliseconds at which its last hold ended. */
  releasedMs = Number.NEGATIVE_INFINITY;

  constructor(app?: { readonly env: string; readonly appid: string }) {
    this.app = app;
  }

  get losses(): number {
    return this.late + this.gone;
  }

  expected({ heard }: ScopePresence, elsewhere: OthersShare = nowhereElse): number {
    return heard + this.gone + elsewhere.serving;
  }

  /** Losses that are evidence, for the guards of other nodes. */
  get evidence(): number {
    return this.#evidenceCount;
  }

  addEvidence(client: number, replaceableMs = Number.POSITIVE_INFINITY): void {
    this.lossesSinceMs = this.#evidenceCount === 0 ? replaceableMs : Math.min(this.lossesSinceMs, replaceableMs);
    this.#evidence.set(client, (this.#evidence.get(client) ?? 0) + 1);
    this.#evidenceCount++;
  }

  removeEvidence(client: number): void {
    const count = this.#evidence.get(client) ?? 0;
    if (count === 1) this.#evidence.delete(client);
    else this.#evidence.set(client, count - 1);
    this.#evidenceCount--;
  }

  /** At least three losses, of more than one client where there are more, and fewer than `percent` of those expected left. */
  isUnder(percent: number, presence: ScopePresence, elsewhere: OthersShare = nowhereElse): boolean {
    const missed = this.#evidenceCount + elsewhere.losses;
    if (this.#evidenceCount === 0 || missed < lossesMin) return false;
    const losses = missed - presence.recentJoins.since(this.lossesSinceMs);
    const expected = this.expected(presence, elsewhere);
    if (losses < lossesMin || (expected - losses) * 100 >= percent * expected) return false;
    // Losses at another node are of other clients, as far as is known.
    return elsewhere.losses > 0 || elsewhere.serving > 0 || !this.#isOneOfMany(presence);
  }

  /** In words, ASCII. */
  reason(percent: number, presence: ScopePresence, elsewhere: OthersShare = nowhereElse): string {
    const whose = this.app === undefined ? "the registry's" : "the app's";
    return `${this.#evidenceCount + elsewhere.losses} of ${whose} ${this.expected(presence, elsewhere)} instances are silent, more than ${100 - percent} %`;
  }

  /** All losses are of one client, and the scope has others. */
  #isOneOfMany({ heard, clientSum }: ScopePresence): boolean {
    const [client, another] = this.#evidence.keys();
    return another === undefined && client !== undefined && clientSum !== Math.imul(heard, client);
  }
}
