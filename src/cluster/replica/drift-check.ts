// Whether this node has what etcd has: some minutes apart, by chance, the keys and their revisions are listed and compared. A
// difference means that an event was lost on the way (etcd#18089: a delete, around a compaction). It is repaired, counted
// and reported. What has changed since the list is left out: it comes by the watch.

import type { ClusterDeps, ClusterSettings } from '../cluster-options.ts';
import { isFault } from '../engine.ts';
import { labelsPath, readKey } from '../records/keys.ts';
import type { PendingWrites } from './pending-writes.ts';
import type { ClusterReplica } from './replica.ts';

const appliedMs = 10_000;

export interface DriftCheckDeps extends Pick<ClusterDeps, 'engine' | 'log'> {
  readonly settings: Pick<ClusterSettings, 'prefix'>;
  readonly replica: ClusterReplica;
  readonly pending: Pick<PendingWrites, 'has'>;
  readonly isJoined: () => boolean;
  /** The numbers of this node have moved by the repair. */
  readonly repaired: () => Promise<unknown>;
}

export class DriftCheck {
  readonly #deps: DriftCheckDeps;
  drift = 0;

  constructor(deps: DriftCheckDeps) {
    this.#deps = deps;
  }

  /** How much was repaired. */
  async run(): Promise<number> {
    const { engine, settings, replica, isJoined, log, repaired } = this.#deps;
    if (!isJoined()) return 0;
    const listing = await engine.list(settings.prefix, { keysOnly: true, except: labelsPath });
    if (isFault(listing) || !(await replica.hasApplied(listing.revision, appliedMs)) || !isJoined()) return 0;
    const listed = new Map(
      listing.entries.map(({ key, modRevision }) => [key.slice(settings.prefix.length), modRevision]),
    );
    const different = this.#different(listed, listing.revision);
    for (const path of different) await this.#repair(path);
    if (different.length === 0) return 0;
    this.drift += different.length;
    log('error', { keys: different.slice(0, 10), count: different.length }, 'this node did not have what etcd has');
    await repaired();
    return different.length;
  }

  #different(listed: ReadonlyMap<string, number>, revision: number): string[] {
    const { replica, pending } = this.#deps;
    const different: string[] = [];
    for (const [path, modRevision] of listed) {
      if (readKey(path)?.kind !== 'instance' || pending.has(path)) continue;
      const known = replica.known(path);
      if (known === undefined ? !replica.isBad(path) : known.modRevision < modRevision) different.push(path);
    }
    for (const [path, { modRevision }] of replica.records.entries())
      if (!listed.has(path) && modRevision <= revision && !pending.has(path)) different.push(path);
    return different;
  }

  async #repair(path: string): Promise<void> {
    const { engine, settings, replica } = this.#deps;
    const read = await engine.read(settings.prefix + path);
    const key = readKey(path);
    if (!isFault(read) && key?.kind === 'instance') replica.repair(key.key, read.entry, read.revision);
  }
}
