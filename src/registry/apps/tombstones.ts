// The revisions at which apps lost their last instance. A client that waits for changes of an app must learn that it is
// empty, also if it asks afterwards; so that revision is kept for a while. An app that was forgotten, or that left before this
// process began, counts as changed: the client gets an answer at once, which may be needless but never misses a change.

/** 20 000 departed apps are about 3 MB; an app that comes and goes takes one place. */
const tombstonesMax = 20_000;

export class Tombstones {
  /** Keyed by env and appid; neither contains a space. Insertion order is the order of departure. */
  readonly #revisions = new Map<string, number>();
  readonly #max: number;
  /** The newest revision that had to be forgotten. */
  #forgottenTo: number;

  /** Before `beganAt` nothing is known. */
  constructor(beganAt: number, max = tombstonesMax) {
    this.#forgottenTo = beganAt;
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

  /** The revision at which the app left, or one that is not older. */
  revisionOf(env: string, appid: string): number {
    return this.#revisions.get(`${env} ${appid}`) ?? this.#forgottenTo;
  }
}
