// A renewal of an instance that this node does not know: before the client gets a 404 and registers again, which would move
// its owner, the other nodes are asked. One that knows it replies with etcd's revision of it, and this node's own watch is
// waited for. Without etcd nothing is certain, and no client gets a 404.
// Limits: questions of `collectMs` go together, `keysMax` a call.

import { isObject } from '../../model/instance.ts';
import { type InstanceKey, parseInstanceKey } from '../../model/names.ts';
import type { NodesTable } from '../nodes/nodes-table.ts';
import { keysMax, knownOf } from '../peer-link/messages.ts';
import type { Peers } from '../peer-link/peers.ts';
import { instancePath } from '../records/keys.ts';

const collectMs = 20;
const appliedMs = 1000;

/** `here`: it is in the registry now. Otherwise why it cannot be decided. */
export type Elsewhere = 'here' | 'nowhere' | { readonly reason: string };

export interface HeardElsewhereDeps {
  readonly table: NodesTable;
  readonly peers: Pick<Peers, 'call'>;
  readonly nowMs: () => number;
  readonly trouble: () => string | undefined;
  readonly isHere: (key: InstanceKey) => boolean;
  readonly hasApplied: (revision: number, withinMs: number) => Promise<boolean>;
  /** Without etcd's watch: what a peer knows comes with its reply. */
  readonly bring?: ((entries: unknown) => void) | undefined;
}

export class HeardElsewhere {
  readonly #deps: HeardElsewhereDeps;
  #asked = new Set<string>();
  #asking: Promise<ReadonlyMap<string, number>> | undefined;
  readonly counts = { found: 0, unknown: 0 };

  constructor(deps: HeardElsewhereDeps) {
    this.#deps = deps;
  }

  async ask(keys: readonly InstanceKey[]): Promise<Elsewhere> {
    const { trouble, isHere, hasApplied } = this.#deps;
    const sound = keys.filter(({ env, appid, instance }) => !Array.isArray(parseInstanceKey(env, appid, instance)));
    const missing = sound.filter((key) => !isHere(key)).map(instancePath);
    if (missing.length === 0) return sound.length === keys.length ? 'here' : 'nowhere';
    const known = await this.#question(missing);
    const revisions = missing.flatMap((path) => known.get(path) ?? []);
    if (revisions.length > 0 && !sound.every(isHere)) await hasApplied(Math.max(...revisions), appliedMs);
    const left = sound.filter((key) => !isHere(key));
    this.counts.found += missing.length - left.length;
    if (left.length === 0) return 'here';
    const reason = trouble();
    if (reason !== undefined) return { reason };
    if (left.some((key) => known.has(instancePath(key))))
      return { reason: 'another node has it, and its watch is late' };
    this.counts.unknown += left.length;
    return 'nowhere';
  }

  #question(paths: readonly string[]): Promise<ReadonlyMap<string, number>> {
    for (const path of paths) this.#asked.add(path);
    this.#asking ??= new Promise((resolve) => {
      setTimeout(() => {
        const asked = [...this.#asked];
        this.#asked = new Set();
        this.#asking = undefined;
        resolve(this.#knownAtPeers(asked));
      }, collectMs);
    });
    return this.#asking;
  }

  async #knownAtPeers(paths: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const { table, peers, nowMs, bring } = this.#deps;
    const known = new Map<string, number>();
    for (let from = 0; from < paths.length; from += keysMax) {
      const keys = paths.slice(from, from + keysMax);
      const replies = await Promise.all(table.peers(nowMs()).map(({ node }) => peers.call(node, 'heard', { keys })));
      for (const reply of replies) if (isObject(reply)) bring?.(reply['entries']);
      for (const [path, revision] of replies.flatMap((reply) => knownOf(reply) ?? []))
        known.set(path, Math.max(revision, known.get(path) ?? 0));
    }
    return known;
  }
}
