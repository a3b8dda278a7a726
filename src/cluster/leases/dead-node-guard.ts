// Self-protection for the instances of a dead node. They fell silent together with it, so an app's own guard would not
// see why: the node is a scope of its own. Lost are those whose lease has ended and that no other node has taken over,
// out of what it owned when it was last heard (at the moment of its death most have moved already, and a hundred of a
// hundred left would look like all). Beyond the ratio all of them are kept, until the ceiling.

import { RollingMinute } from '../../runtime/rolling-minute.ts';

const lossesMin = 3;

export interface DeadNodeGuardOptions {
  readonly guardPercent: number;
  readonly evictionPercentPerMinute: number;
  readonly ceilingMs: number;
  /** Of the orphans of a node, those whose lease has ended. */
  readonly ended: (node: string, nowMs: number) => number;
  /** What it owned at its last proof. */
  readonly owned: (node: string) => number;
}

export class DeadNodeGuard {
  readonly #options: DeadNodeGuardOptions;
  readonly #evicted = new Map<string, RollingMinute>();

  constructor(options: DeadNodeGuardOptions) {
    this.#options = options;
  }

  /** Whether an orphan of the node, whose lease ended at `deadlineMs`, may be let go now. */
  mayEvict(node: string, deadlineMs: number, nowMs: number): boolean {
    const { guardPercent, evictionPercentPerMinute, ceilingMs } = this.#options;
    if (nowMs - deadlineMs >= ceilingMs) return true;
    if (guardPercent > 0 && this.isHeld(node, nowMs)) return false;
    const room = Math.max(1, Math.floor((this.#options.owned(node) * evictionPercentPerMinute) / 100));
    return this.#evictedOf(node).count(nowMs) < room;
  }

  isHeld(node: string, nowMs: number): boolean {
    const { ended, owned, guardPercent } = this.#options;
    const lost = ended(node, nowMs) + this.#evictedOf(node).count(nowMs);
    return lost >= lossesMin && lost * 100 > owned(node) * (100 - guardPercent);
  }

  evicted(node: string, nowMs: number): void {
    this.#evictedOf(node).add(nowMs);
  }

  forget(node: string): void {
    this.#evicted.delete(node);
  }

  #evictedOf(node: string): RollingMinute {
    const found = this.#evicted.get(node) ?? new RollingMinute();
    this.#evicted.set(node, found);
    return found;
  }
}
