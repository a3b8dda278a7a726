// Which registry each place belongs to, by its replies (`rollcall-registry`): the nodes of one cluster send the same,
// and registries that know nothing of each other do not. An instance that is registered at one of those now and at another
// then is missing in the DNS of the first, so only places of the registry in use are called.
// A place whose registry is new since it was asked (a node that has joined the cluster, one that keeps nothing and was
// started again) is asked again after `recheckMs`. One that sends none (an earlier version) is taken for the same.

import type { NodePlace } from './places.ts';

const recheckMs = 60_000;

interface KnownIdentity {
  readonly registry: string;
  readonly atMs: number;
}

export class Identities {
  readonly #identity = new Map<string, KnownIdentity>();
  #current: { readonly registry: string; readonly name: string } | undefined;

  /** A reply of that place; null: it has none. */
  heard({ name }: NodePlace, registry: string | null, nowMs: number): void {
    if (registry !== null) this.#identity.set(name, { registry, atMs: nowMs });
  }

  /** The place is the one in use from now on. */
  use({ name }: NodePlace): void {
    const identity = this.#identity.get(name);
    if (identity !== undefined) this.#current = { registry: identity.registry, name };
  }

  /** Whether the place should be asked before it is used: it may be of another registry. */
  isToBeAsked(place: NodePlace, nowMs: number): boolean {
    if (this.#current === undefined || this.#current.name === place.name) return false;
    const identity = this.#identity.get(place.name);
    return (
      identity === undefined || (identity.registry !== this.#current.registry && nowMs - identity.atMs > recheckMs)
    );
  }

  /** Why the place is not used, as a sentence without its stop; undefined: nothing speaks against it. */
  objection({ name }: NodePlace): string | undefined {
    const identity = this.#identity.get(name);
    const current = this.#current;
    if (identity === undefined || current === undefined || identity.registry === current.registry) return undefined;
    if (current.name === name) return undefined;
    return (
      `${name} is another registry (${identity.registry}) than ${current.name} (${current.registry}), so it is not used: ` +
      'what is registered at one is not found in the DNS of the other; name nodes of one cluster'
    );
  }
}
