// When a node that starts has what its peers have, as far as they can be reached: at once when all have given everything,
// soon when half of them have (the others may be dead), and in any case after the time that a start waits.

const halfMs = 2000;

interface Source {
  readonly isSelf: boolean;
  readonly isSynced: boolean;
}

export class StartUp {
  readonly #waitMs: number;
  startedMs = 0;
  isOver = false;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  begin(nowMs: number): void {
    this.startedMs = nowMs;
  }

  isLate(nowMs: number): boolean {
    return nowMs - this.startedMs >= this.#waitMs;
  }

  /** Whether it may answer now. */
  look(nowMs: number, sources: readonly Source[]): boolean {
    const others = sources.filter(({ isSelf }) => !isSelf);
    const synced = others.filter(({ isSynced }) => isSynced).length;
    if (synced === others.length || this.isLate(nowMs)) return true;
    return synced > 0 && synced * 2 >= others.length && nowMs - this.startedMs >= halfMs;
  }

  end(): void {
    this.isOver = true;
  }
}
