// What the guard knows of an app, or of the whole registry: who of it is missing, and whether it is held. Losses are the
// members that are late or suspect, and those that were evicted so short a time ago that they may be part of the same
// trouble; instances that joined since then make up for as many. Members are those that take traffic: whoever was drained
// is expected to fall silent, and no answer is the poorer for it.

import type { RecentJoins } from '../apps/recent-joins.ts';

/** A registry of one to six instances must never be held by a single crash, nor by a second one beside it. */
export const lossesMin = 3;

/** How large an app, or the registry, is now. Kept up to date by leases.ts. */
export interface Presence {
  /** Instances with status `up`. */
  serving: number;
  readonly arrivals: RecentJoins;
}

export class GuardScope {
  /** Undefined: the whole registry. */
  readonly app: { readonly env: string; readonly appid: string } | undefined;
  /** Members that are late, suspects among them. */
  late = 0;
  suspects = 0;
  /** Evicted a short while ago for their silence. */
  gone = 0;
  /** Monotonic milliseconds: whoever joined then or later may stand for one of the losses. */
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

  expected({ serving }: Presence): number {
    return serving + this.gone;
  }

  /** At least three losses, and fewer than `percent` of those expected are left. */
  isUnder(percent: number, presence: Presence): boolean {
    if (this.losses < lossesMin) return false;
    const losses = this.losses - presence.arrivals.since(this.lossesSinceMs);
    const expected = this.expected(presence);
    return losses >= lossesMin && (expected - losses) * 100 < percent * expected;
  }

  /** In words, ASCII. */
  reason(percent: number, presence: Presence): string {
    const whose = this.app === undefined ? "the registry's" : "the app's";
    return `${this.losses} of ${whose} ${this.expected(presence)} instances are not heard of, more than ${100 - percent} %`;
  }
}
