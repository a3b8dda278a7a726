// Holds by instance: an operator's override that outlives the registration it was made for, so it is kept beside it and
// given to the next registration under the same name.
// Limits: `holdsMax`; of those whose instance is gone, ended ones leave when the table is looked through.

import { type InstanceKey, instanceKey } from '../model/names.ts';
import { isHold, type Override } from '../model/status.ts';

/** Operators make them by hand; some 3 MB. */
export const holdsMax = 10_000;

export interface Hold {
  readonly key: InstanceKey;
  readonly override: Override;
}

export class Holds {
  /** Keyed by env, appid and folded id, joined by what none of them contains. */
  readonly #holds = new Map<string, Hold>();
  /** Wall-clock milliseconds at which the first one ends, or earlier. */
  #firstEndMs = Number.POSITIVE_INFINITY;

  /** Those of instances that are not registered too. */
  all(): Iterable<Hold> {
    return this.#holds.values();
  }

  get isFull(): boolean {
    return this.#holds.size >= holdsMax;
  }

  /** The hold of an instance at wall-clock `nowMs`; undefined: none, or it has ended. */
  at(key: InstanceKey, nowMs: number): Override | undefined {
    // Of every registration: most registries have none, and the text of a key costs more than the rest of one.
    if (this.#holds.size === 0) return undefined;
    const override = this.#holds.get(textOf(key))?.override;
    return override === undefined || endMs(override) <= nowMs ? undefined : override;
  }

  has(key: InstanceKey): boolean {
    return this.#holds.has(textOf(key));
  }

  /** To be called with the override of an instance after each change of it. */
  set({ env, appid, instance }: InstanceKey, override: Override | undefined): void {
    const key = { env, appid, instance };
    if (!isHold(override)) {
      this.#holds.delete(textOf(key));
      return;
    }
    this.#holds.set(textOf(key), { key, override });
    this.#firstEndMs = Math.min(this.#firstEndMs, endMs(override));
  }

  delete(key: InstanceKey): boolean {
    return this.#holds.delete(textOf(key));
  }

  /** Wall-clock milliseconds before which none ends; infinite: none will. */
  get firstEndMs(): number {
    return this.#firstEndMs;
  }

  /** Those that have ended by `nowMs`. They stay until `delete` or `set`. */
  ended(nowMs: number): Hold[] {
    if (nowMs < this.#firstEndMs) return [];
    const ended: Hold[] = [];
    let firstMs = Number.POSITIVE_INFINITY;
    for (const hold of this.#holds.values()) {
      const ms = endMs(hold.override);
      if (ms <= nowMs) ended.push(hold);
      firstMs = Math.min(firstMs, ms);
    }
    this.#firstEndMs = firstMs;
    return ended;
  }
}

function endMs({ until }: Override): number {
  return typeof until === 'number' ? until : Number.POSITIVE_INFINITY;
}

/** Neither an env nor an appid has a space in it. */
function textOf({ env, appid, instance }: InstanceKey): string {
  return `${env} ${appid} ${instanceKey(instance)}`;
}
