// Keeps the registry at what etcd has: the watch goes on from the list, and where etcd has dropped what lies between,
// everything is listed again and the difference applied. If etcd's history is another one (it was wiped, or restored from
// an older copy), restoring.ts restores what it has lost, and the watch goes on from there. That it is another one is seen by the
// cluster's id, by a revision lower than the one followed, and, by a node that comes when others have written so much that it is lower no
// more, by `meta.incarnation`, which the first of them has made new.

import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../runtime/clock.ts';
import type { ClusterLog } from '../cluster-log.ts';
import { type Engine, type Entry, type FollowEvent, type Following, isFault, type Listing } from '../engine.ts';
import type { NodeMembership } from '../nodes/membership.ts';
import { parseMeta } from '../records/epoch.ts';
import { labelsPath, metaKey } from '../records/keys.ts';
import type { LocalCopy } from './local-copy.ts';
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
  readonly #metaName: string;
  #following: Following | undefined;
  #isClosed = false;
  readonly resumed = { resumed: 0, compacted: 0, rewound: 0 };
  #hasBeenLive = false;
  #breaks = 0;
  /** It is being restored. */
  #isRewound = false;

  constructor(deps: FollowerDeps) {
    this.#deps = deps;
    this.#metaName = deps.prefix + metaKey;
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
        if (event.events.some((one) => one.kind === 'put' && this.#isOtherMeta(one.entry))) {
          this.#following?.close();
          this.#onRewound();
          break;
        }
        replica.group(event.revision, event.events);
        this.#deps.copy?.note(event.revision, event.events);
        break;
      case 'live':
        void this.#goOn();
        break;
      case 'broken':
        this.#breaks++;
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
        this.#onRewound();
    }
  }

  /** The watch is open: it goes on from where it was, if etcd's history is still the one that was followed. */
  async #goOn(): Promise<void> {
    const { engine, membership } = this.#deps;
    const following = this.#following;
    const breaks = this.#breaks;
    const isOver = () => this.#isClosed || this.#following !== following || this.#breaks !== breaks;
    while (!isOver()) {
      const read = await engine.read(this.#metaName);
      if (isOver()) return;
      if (isFault(read)) {
        await pause(1000, undefined, { ref: false });
        continue;
      }
      if (read.entry !== undefined && this.#isOtherMeta(read.entry)) {
        following?.close();
        this.#onRewound();
        return;
      }
      if (this.#hasBeenLive) this.resumed.resumed++;
      this.#hasBeenLive = true;
      membership.setLive(true);
      return;
    }
  }

  /** It is the cluster's `meta`, and of another history than the one followed. */
  #isOtherMeta({ key, value, modRevision }: Entry): boolean {
    if (key !== this.#metaName) return false;
    const known = this.#deps.replica.meta;
    const meta = parseMeta(value, modRevision);
    return known !== undefined && !Array.isArray(meta) && meta.incarnation !== known.incarnation;
  }

  #onRewound(): void {
    if (this.#isRewound) return;
    this.#isRewound = true;
    this.#deps.membership.setLive(false);
    this.resumed.rewound++;
    void this.#rewound();
  }

  async #rewound(): Promise<void> {
    this.#deps.membership.rewound();
    const listing = await this.#deps.rewound();
    this.#isRewound = false;
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
      else if (listing.clusterId !== clusterId || listing.revision < replica.applied) return this.#onRewound();
      else if (listing.entries.some((entry) => this.#isOtherMeta(entry))) return this.#onRewound();
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
