// Doubt about a registry that suddenly has much less than before. After a restart, or behind a proxy that lost its backend,
// registries answer empty lists with a 200; to believe one would take every instance out of DNS at once. So a loss of all, or of
// more than half of at least `lossLeast`, is believed when it has lasted; until then what was there stays.
// A registry that is emptied on purpose is believed after the same time.

/** Below it, more than half is one deploy of a small system. */
const lossLeast = 3;

export interface Loss {
  /** Instances that the other registry lists now. */
  readonly listed: number;
  /** Of those that are mirrored, how many it has no more. */
  readonly gone: number;
  /** Mirrored. */
  readonly owned: number;
}

export class Doubt {
  readonly #doubtMs: number;
  #sinceMs: number | undefined;

  constructor(doubtMs: number) {
    this.#doubtMs = doubtMs;
  }

  /** Monotonic milliseconds until which the loss is not believed; undefined: it is, or there is none. */
  untilMs({ listed, gone, owned }: Loss, nowMs: number): number | undefined {
    const isSudden = gone > 0 && (listed === 0 || (gone >= lossLeast && gone * 2 > owned));
    if (!isSudden) {
      this.#sinceMs = undefined;
      return undefined;
    }
    this.#sinceMs ??= nowMs;
    const untilMs = this.#sinceMs + this.#doubtMs;
    return nowMs < untilMs ? untilMs : undefined;
  }
}
