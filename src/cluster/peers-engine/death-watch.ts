// Who of the peers lives, and whether this node may judge that at all. Without etcd no session ends by itself, so a node is
// dead only when no peer that answers has heard it for three seconds either; each is asked once. A node that hears fewer
// than half of the others is the one that is cut off: it declares no node dead and removes nothing. Of two nodes neither
// can know which of them it is, so the other one is dead only after the guard's ceiling. Pure: times are handed in.

export const silenceMs = 3000;
/** Until a peer that was found alive by others is asked about again. */
const againMs = 1000;

/** A node that counts: neither has it taken its leave, nor was it struck off. */
export interface OtherNode {
  /** Undefined: an address whose node was never reached. */
  readonly node: string | undefined;
  readonly heardMs: number;
  readonly isDead: boolean;
}

export interface Outlook {
  readonly isCut: boolean;
  /** This node counts as not cut until then, if it hears nothing more. */
  readonly provenUntilMs: number;
  readonly heard: number;
  readonly others: number;
  /** Those to ask the peers about. */
  readonly ask: readonly string[];
  /** Dead without a witness: the only other node, for longer than the ceiling. */
  readonly expired: readonly string[];
}

export class DeathWatch {
  readonly #ceilingMs: number;
  readonly #asked = new Map<string, number>();
  /** Before then it has heard nobody. */
  #startedMs: number | undefined;

  constructor(ceilingMs: number) {
    this.#ceilingMs = ceilingMs;
  }

  look(nowMs: number, others: readonly OtherNode[]): Outlook {
    this.#startedMs ??= nowMs;
    const sinceMs = this.#startedMs;
    const needed = Math.ceil(others.length / 2);
    const heardMs = others.map((one) => one.heardMs).toSorted((a, b) => b - a);
    const provenUntilMs = needed === 0 ? nowMs + silenceMs : (heardMs[needed - 1] ?? 0) + silenceMs;
    const isCut = nowMs >= provenUntilMs;
    const silent = others.filter((one) => nowMs - one.heardMs >= silenceMs && !one.isDead);
    const names = silent.flatMap(({ node }) => node ?? []);
    for (const node of this.#asked.keys()) if (!names.includes(node)) this.#asked.delete(node);
    const ask = isCut ? [] : names.filter((node) => nowMs >= (this.#asked.get(node) ?? 0));
    for (const node of ask) this.#asked.set(node, Number.POSITIVE_INFINITY);
    const [only] = others;
    const isExpired =
      others.length === 1 && only !== undefined && nowMs - Math.max(only.heardMs, sinceMs) >= this.#ceilingMs;
    const heard = others.filter((one) => nowMs - one.heardMs < silenceMs).length;
    const expired = isExpired && !only.isDead ? names : [];
    return { isCut, provenUntilMs, heard, others: others.length, ask, expired };
  }

  /** The peers' answers; whether the node is dead. `heard`: of each that answered, whether it has heard it lately. */
  answered(node: string, heard: readonly boolean[], isCut: boolean, nowMs: number): boolean {
    // It was heard meanwhile.
    if (!this.#asked.has(node)) return false;
    this.#asked.set(node, nowMs + againMs);
    return !isCut && heard.length > 0 && !heard.includes(true);
  }
}
