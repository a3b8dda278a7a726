// When apps left. Whoever waits for news of an app must hear that its last instance has gone, also when he asks
// afterwards; so the revision of the departure is kept for a while. What is forgotten is treated as "changed since":
// a caller then gets an answer at once, a needless one but never a missed one.

/** 20 000 departed apps are about 3 MB; an app that comes and goes takes one place. */
const departuresMax = 20_000;

export class Tombstones {
  /** Keyed by env and appid; neither contains a space. Insertion order is the order of departure. */
  readonly #revisions = new Map<string, number>();
  readonly #max: number;
  /** The newest revision that had to be forgotten. */
  #forgottenTo = 0;

  constructor(max = departuresMax) {
    this.#max = max;
  }

  remember(env: string, appid: string, revision: number): void {
    this.#revisions.set(`${env} ${appid}`, revision);
    if (this.#revisions.size <= this.#max) return;
    const [oldest, forgotten] = this.#revisions.entries().next().value as [string, number];
    this.#revisions.delete(oldest);
    this.#forgottenTo = forgotten;
  }

  forget(env: string, appid: string): void {
    this.#revisions.delete(`${env} ${appid}`);
  }

  /** The revision at which the app left, or one that is not older; 0 where nothing was forgotten. */
  revisionOf(env: string, appid: string): number {
    return this.#revisions.get(`${env} ${appid}`) ?? this.#forgottenTo;
  }
}
