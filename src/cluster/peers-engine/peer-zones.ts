// Which zone files the other nodes have, where there is no etcd to write that in: each hello has one hash for all of a node's,
// and when it is another than before, that node is asked for the hashes of its files. They are kept under the key that
// they have in etcd, so that all else is the same.
// Limits: one question a node at a time; one that was not answered is put again with the next hello.

import { isObject } from '../../model/instance.ts';

export interface PeerZonesDeps {
  /** The reply to the call `zones`; undefined: none. */
  readonly ask: (node: string) => Promise<unknown>;
  readonly keep: (node: string, text: string) => void;
}

export class PeerZones {
  readonly #deps: PeerZonesDeps;
  readonly #known = new Map<string, string>();
  readonly #asking = new Set<string>();

  constructor(deps: PeerZonesDeps) {
    this.#deps = deps;
  }

  /** With a hello. */
  async heard(node: string, digest: string): Promise<void> {
    if (this.#known.get(node) === digest || this.#asking.has(node)) return;
    this.#asking.add(node);
    const reply = await this.#deps.ask(node);
    this.#asking.delete(node);
    const text = isObject(reply) ? reply['zones'] : undefined;
    if (typeof text !== 'string') return;
    this.#known.set(node, digest);
    this.#deps.keep(node, text);
  }

  forget(node: string): void {
    this.#known.delete(node);
  }
}
