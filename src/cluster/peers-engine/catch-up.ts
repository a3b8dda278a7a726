// What a node has written comes through another one where it cannot be had from itself: it is dead, and had reached only
// some of its peers, or the way to it is cut while others reach it. Asked for from where the last question ended.
// Limits: one question at a time to each peer about each node; of a living one each second.

import type { PeerCredentials } from '../peer-link/credentials.ts';
import { readStream } from './change-follower.ts';
import type { Kept } from './kept-value.ts';

const againMs = 1000;

export interface CatchUpDeps {
  readonly me: string;
  readonly run: string;
  readonly credentials: PeerCredentials;
  readonly nowMs: () => number;
  readonly merge: (path: string, kept: Kept) => void;
}

/** A peer by which a node's changes can be had. */
export interface Way {
  readonly node: string;
  readonly url: string;
}

interface Place {
  life: string;
  revision: number;
  isAsking: boolean;
  /** It was asked since it was last reached anew. */
  isAsked: boolean;
  atMs: number;
}

export class CatchUp {
  readonly #deps: CatchUpDeps;
  /** By peer, then by the node that is asked about. */
  readonly #places = new Map<string, Map<string, Place>>();
  readonly #stop = new AbortController();

  constructor(deps: CatchUpDeps) {
    this.#deps = deps;
  }

  /** A peer is reached again, or a node has died: it may have what was not asked for since. */
  again(peer: string): void {
    for (const place of this.#places.get(peer)?.values() ?? []) place.isAsked = false;
  }

  /** To be called several times a second while a node's own changes do not come. */
  look(node: string, ways: readonly Way[], isAlive: boolean): void {
    for (const way of ways) {
      const place = this.#placeOf(way.node, node);
      const isDue = (isAlive || !place.isAsked) && this.#deps.nowMs() - place.atMs >= againMs;
      if (isDue && !place.isAsking) void this.#ask(node, way, place);
    }
  }

  close(): void {
    this.#stop.abort();
  }

  async #ask(owner: string, { url }: Way, place: Place): Promise<void> {
    const { me, run, credentials, nowMs, merge } = this.#deps;
    place.isAsking = true;
    place.atMs = nowMs();
    const query = { owner, node: me, run, life: place.life, from: String(place.revision) };
    let life = '';
    const end = await readStream({ url, credentials, query, signal: this.#stop.signal }, (line) => {
      if (line.kind === 'head') life = line.head.life;
      if (line.kind === 'entry') merge(line.path, line.kept);
      if (line.kind === 'at') Object.assign(place, { life, revision: line.revision });
      return true;
    });
    place.isAsking = false;
    place.isAsked = end.kind === 'ended';
  }

  #placeOf(peer: string, node: string): Place {
    const known = this.#places.get(peer) ?? new Map<string, Place>();
    this.#places.set(peer, known);
    const place = known.get(node) ?? { life: '', revision: 0, isAsking: false, isAsked: false, atMs: -againMs };
    known.set(node, place);
    return place;
  }
}
