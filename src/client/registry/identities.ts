// Which registry each place belongs to, as its replies say it (`rollcall-registry`): the nodes of one cluster say the same,
// and registries that know nothing of each other do not. An instance that is registered at one of those now and at another
// then is missing in the DNS of the first, so only places of the registry in use are called.
// A place whose registry is new since it was asked (a node that has joined the cluster, one that keeps nothing and was
// started again) is asked again after `recheckMs`. One that does not say (an earlier version) is taken for the same.

import type { NodePlace } from './places.ts';

const recheckMs = 60_000;

interface Said {
  readonly registry: string;
  readonly atMs: number;
}

export class Identities {
  readonly #said = new Map<string, Said>();
  #current: { readonly registry: string; readonly name: string } | undefined;

  /** A reply of that place; null: it does not say. */
  heard({ name }: NodePlace, registry: string | null, nowMs: number): void {
    if (registry !== null) this.#said.set(name, { registry, atMs: nowMs });
  }

  /** The place is the one in use from now on. */
  use({ name }: NodePlace): void {
    const said = this.#said.get(name);
    if (said !== undefined) this.#current = { registry: said.registry, name };
  }

  /** Whether the place should be asked before it is used: it may be of another registry. */
  isToBeAsked(place: NodePlace, nowMs: number): boolean {
    if (this.#current === undefined || this.#current.name === place.name) return false;
    const said = this.#said.get(place.name);
    return said === undefined || (said.registry !== this.#current.registry && nowMs - said.atMs > recheckMs);
  }

  /** Why the place is not used, as a sentence without its stop; undefined: nothing speaks against it. */
  objection({ name }: NodePlace): string | undefined {
    const said = this.#said.get(name);
    const current = this.#current;
    if (said === undefined || current === undefined || said.registry === current.registry) return undefined;
    if (current.name === name) return undefined;
    return (
      `${name} is another registry (${said.registry}) than ${current.name} (${current.registry}), so it is not used: ` +
      'what is registered at one is not found in the DNS of the other; name nodes of one cluster'
    );
  }
}
