// DNS as the HTTP plane sees it, behind the registry until the test lets it catch up.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Visible } from '../../../src/control/visible.ts';

export class LateDns {
  readonly #registry: { readonly revision: number };
  #waiting: (() => void)[] = [];
  /** It shows all changes up to this one. */
  shownTo: number;

  constructor(registry: { readonly revision: number }) {
    this.#registry = registry;
    this.shownTo = registry.revision;
  }

  readonly visible: Visible = () => {
    if (this.shownTo === this.#registry.revision) return undefined;
    return new Promise<void>((resolve) => this.#waiting.push(resolve));
  };

  /** Shows what there is now; settles when all have heard of it who waited. */
  async catchUp(): Promise<void> {
    this.shownTo = this.#registry.revision;
    for (const resolve of this.#waiting.splice(0)) resolve();
    await nextTurn();
  }
}
