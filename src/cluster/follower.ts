// Keeps the registry at what etcd has: the watch goes on from the list, and where etcd has dropped what lies between,
// everything is listed again and the difference applied. If etcd's history is another one (it was wiped, or restored from
// an older copy), restoring.ts restores what it has lost, and the watch goes on from there.

import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../runtime/clock.ts';
import type { ClusterLog } from './cluster-log.ts';
import { type Engine, type FollowEvent, type Following, isFault, type Listing } from './engine.ts';
import { labelsPath } from './keys.ts';
import type { LocalCopy } from './local-copy.ts';
import type { NodeMembership } from './membership.ts';
import type { ClusterReplica } from './replica.ts';

export interface FollowerDeps {
  readonly engine: Engine;
  readonly prefix: string;
  readonly replica: ClusterReplica;
  readonly membership: NodeMembership;
  readonly clock: Clock;
  readonly log: ClusterLog;
  readonly onGap: () => void;
  readonly copy: LocalCopy | undefined;
  /** etcd's history is another one; settles with the list to go on from, or undefined to stay as it is. */
  readonly rewound: () => Promise<Pick<Listing, 'revision' | 'clusterId'> | undefined>;
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
    const { replica, membership, log } = this.#deps;
    switch (event.kind) {
      case 'group':
        replica.group(event.revision, event.events);
        this.#deps.copy?.note(event.revision, event.events);
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
        log(
          'warn',
          { compactRevision: event.compactRevision },
          'etcd has dropped what this node missed: it lists again',
        );
        void this.#again(clusterId);
        break;
      case 'denied':
        membership.setLive(false);
        log('error', { why: event.detail }, 'etcd does not permit the watch: check the user, its role and the prefix');
        void this.#again(clusterId);
        break;
      case 'rewound':
        membership.setLive(false);
        this.resumed.rewound++;
        void this.#rewound();
    }
  }

  async #rewound(): Promise<void> {
    this.#deps.membership.rewound();
    const listing = await this.#deps.rewound();
    if (listing === undefined || this.#isClosed) return;
    this.follow(listing);
    this.#deps.membership.restored();
  }

  async #again(clusterId: string): Promise<void> {
    const { engine, prefix, replica, log, onGap } = this.#deps;
    while (!this.#isClosed) {
      const listing = await engine.list(prefix, { except: labelsPath });
      if (this.#isClosed) return;
      if (isFault(listing)) await pause(1000, undefined, { ref: false });
      else if (listing.clusterId !== clusterId || listing.revision < replica.applied) return this.#rewound();
      else {
        const different = replica.compare(listing);
        this.#deps.copy?.replace(listing);
        onGap();
        log('info', { different, revision: listing.revision }, 'has what etcd has again');
        this.follow(listing);
        return;
      }
    }
  }
}
