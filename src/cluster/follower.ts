// Keeps the registry at what etcd has: the watch goes on from the list, and where etcd has dropped what lies between,
// everything is listed again and the difference applied. If etcd's history is another one (it was wiped, or restored from
// an older copy), nothing of it is applied: this node goes on answering with what it has, and says so.

import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../runtime/clock.ts';
import type { Tell } from './cluster-options.ts';
import { type Engine, type FollowEvent, type Following, isFault } from './engine.ts';
import type { Membership } from './membership.ts';
import type { Replica } from './replica.ts';

export interface FollowerDeps {
  readonly engine: Engine;
  readonly prefix: string;
  readonly replica: Replica;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly tell: Tell;
  readonly onGap: () => void;
}

export class Follower {
  readonly #deps: FollowerDeps;
  #following: Following | undefined;
  #isClosed = false;
  readonly resumed = { resumed: 0, compacted: 0, rewound: 0 };
  #hasBeenLive = false;

  constructor(deps: FollowerDeps) {
    this.#deps = deps;
  }

  follow({ revision, clusterId }: { readonly revision: number; readonly clusterId: string }): void {
    const { engine, prefix, membership } = this.#deps;
    const from = { revision: revision + 1, clusterId };
    this.#following = engine.follow(prefix, from, (event) => this.#onEvent(event, clusterId));
    membership.follow(this.#following);
  }

  /** Since etcd was heard. */
  silentMs(): number {
    return this.#following === undefined ? 0 : Math.max(0, this.#deps.clock.monotonicMs() - this.#following.heardMs);
  }

  close(): void {
    this.#isClosed = true;
    this.#following?.close();
  }

  #onEvent(event: FollowEvent, clusterId: string): void {
    const { replica, membership, tell } = this.#deps;
    switch (event.kind) {
      case 'group':
        replica.group(event.revision, event.events);
        break;
      case 'live':
        if (this.#hasBeenLive) this.resumed.resumed++;
        this.#hasBeenLive = true;
        membership.setLive(true);
        break;
      case 'broken':
        membership.setLive(false);
        break;
      case 'compacted':
        membership.setLive(false);
        this.resumed.compacted++;
        tell(
          'warn',
          { compactRevision: event.compactRevision },
          'etcd has dropped what this node missed: it lists again',
        );
        void this.#again(clusterId);
        break;
      case 'denied':
        membership.setLive(false);
        tell('error', { why: event.detail }, 'etcd does not permit the watch: check the user, its role and the prefix');
        void this.#again(clusterId);
        break;
      case 'rewound':
        membership.setLive(false);
        this.resumed.rewound++;
        membership.rewound();
        tell(
          'error',
          { clusterId: event.clusterId, revision: event.revision },
          'etcd was wiped or restored: this node answers with what it had; restart the nodes to go on with what etcd has',
        );
    }
  }

  async #again(clusterId: string): Promise<void> {
    const { engine, prefix, replica, membership, tell, onGap } = this.#deps;
    while (!this.#isClosed) {
      const listing = await engine.list(prefix);
      if (this.#isClosed) return;
      if (isFault(listing)) await pause(1000, undefined, { ref: false });
      else if (listing.clusterId !== clusterId || listing.revision < replica.applied) {
        membership.rewound();
        return;
      } else {
        const different = replica.compare(listing);
        onGap();
        tell('info', { different, revision: listing.revision }, 'has what etcd has again');
        this.follow(listing);
        return;
      }
    }
  }
}
