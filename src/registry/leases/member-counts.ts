// The instances that take traffic, in each app and in all: the guard expects to hear of those alone. Also counted are those
// of them that were heard again after their registration, and those that joined recently and are on time
// (recent-joins.ts). Drained instances are not expected to renew: a deploy that drains, kills and does not cancel is no
// broken network.

import { RecentJoins } from '../apps/recent-joins.ts';
import type { Guard } from '../guard/guard.ts';
import type { ScopePresence } from '../guard/scope.ts';
import { type MutableRecord, replaceableMs } from '../mutable-record.ts';

export class MemberCounts {
  readonly registry: ScopePresence = { serving: 0, heard: 0, clientSum: 0, recentJoins: new RecentJoins() };
  readonly #app: (env: string, appid: string) => ScopePresence | undefined;

  /** `app`: an app, if it is there. */
  constructor(app: (env: string, appid: string) => ScopePresence | undefined) {
    this.#app = app;
  }

  /** The instance has its status from now on; `nowMs` undefined: it had it before this process began. */
  follow(stored: MutableRecord, nowMs: number | undefined, guard: Guard): void {
    const isMember = stored.instance.status === 'up';
    if (isMember === stored.isMember) return;
    if (isMember && nowMs !== undefined) stored.joinedSecond = Math.floor(nowMs / 1000);
    this.#set(stored, isMember, guard);
  }

  /** The instance leaves for a reason of its own. */
  drop(stored: MutableRecord, guard: Guard): void {
    if (stored.isMember) this.#set(stored, false, guard);
  }

  /** One that was late was evicted. */
  evicted(stored: MutableRecord): void {
    stored.isMember = false;
    for (const presence of this.#presencesOf(stored)) count(presence, stored, -1);
  }

  /** An instance on time is heard for the first time, or has another client. */
  identify(stored: MutableRecord, isHeard: boolean, client: number): void {
    const presences = stored.isMember ? this.#presencesOf(stored) : [];
    for (const presence of presences) count(presence, stored, -1);
    stored.isHeard = isHeard;
    stored.client = client;
    for (const presence of presences) count(presence, stored, 1);
  }

  /** An instance on time is late now. */
  late(stored: MutableRecord): void {
    if (stored.isMember) this.#countArrival(stored, false);
  }

  /** One that was late is on time again. */
  returned(stored: MutableRecord): void {
    if (stored.isMember) this.#countArrival(stored, true);
  }

  #set(stored: MutableRecord, isMember: boolean, guard: Guard): void {
    stored.isMember = isMember;
    for (const presence of this.#presencesOf(stored)) count(presence, stored, isMember ? 1 : -1);
    if (stored.phase === 'onTime') {
      this.#countArrival(stored, isMember);
      guard.resized(stored.instance);
    } else if (isMember) guard.missed(stored, replaceableMs(stored));
    else guard.found(stored, true, false);
  }

  #countArrival(stored: MutableRecord, isOnTime: boolean): void {
    const { joinedSecond } = stored;
    if (joinedSecond < 0) return;
    for (const { recentJoins } of this.#presencesOf(stored)) {
      if (isOnTime) recentJoins.add(joinedSecond);
      else recentJoins.remove(joinedSecond);
    }
  }

  #presencesOf({ instance: { env, appid } }: MutableRecord): ScopePresence[] {
    const app = this.#app(env, appid);
    return app === undefined ? [this.registry] : [this.registry, app];
  }
}

function count(presence: ScopePresence, { isHeard, client }: MutableRecord, by: 1 | -1): void {
  presence.serving += by;
  if (!isHeard) return;
  presence.heard += by;
  // In 32 bits, which V8 keeps without a box.
  presence.clientSum = (presence.clientSum + by * client) | 0;
}
