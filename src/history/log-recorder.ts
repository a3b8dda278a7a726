// The flight recorder of a registry that keeps nothing on disk: it reads the log of the latest changes. A query walks
// the log from its end, which is as long as its own limit allows and lies in memory; what the log has dropped, and what
// was before the process, is not known, and every page marks that.

import type { Change } from '../model/change.ts';
import { instanceKey } from '../model/names.ts';
import type { EventPage, EventQuery, Recorder } from './recorder.ts';

/** What of a change log is read. */
export interface KeptChanges {
  /** Every change after this revision is kept. */
  readonly completeSince: number;
  /** Where changes were missed last, and when by the wall clock. */
  readonly anew?: { readonly revision: number; readonly atMs: number } | undefined;
  newestFirst(): Iterable<Change>;
  /** Those after a revision, oldest first; undefined where that one is not kept. */
  since(revision: number): Iterable<Change> | undefined;
}

export class LogRecorder implements Recorder {
  readonly #log: KeptChanges;
  readonly #first: number;
  readonly #firstMs: number;
  readonly #pause: () => Promise<void>;

  /**
   * `startedMs`: the wall-clock time at which the log began, empty. `pause` lets others go on between the queries of one
   * that needs many.
   */
  constructor(log: KeptChanges, startedMs: number, pause: () => Promise<void> = async () => {}) {
    this.#log = log;
    this.#first = log.completeSince;
    this.#firstMs = startedMs;
    this.#pause = pause;
  }

  async events(query: EventQuery): Promise<EventPage> {
    const changes: Change[] = [];
    const isAsked = matcher(query);
    for (const change of this.#log.newestFirst()) {
      if (changes.length >= query.limit) break;
      if (isAsked(change)) changes.push(change);
    }
    const { completeSince } = this.#log;
    const page = { changes, completeSince, completeSinceMs: this.#completeSinceMs(), unreadable: [] };
    await this.#pause();
    return page;
  }

  #completeSinceMs(): number {
    const { completeSince, anew } = this.#log;
    if (completeSince === anew?.revision) return anew.atMs;
    if (completeSince === this.#first) return this.#firstMs;
    // The first one that is kept came after the last one that is not.
    for (const { atMs } of this.#log.since(completeSince) ?? []) return atMs;
    return this.#firstMs;
  }
}

/** Whether a change is one of those wanted. */
export function matcher(query: EventQuery): (change: Change) => boolean {
  const { env, appid, why, before = Number.POSITIVE_INFINITY } = query;
  const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = query;
  const id = query.instance === undefined ? undefined : instanceKey(query.instance);
  return (change) => {
    if (change.revision >= before || change.atMs < fromMs || change.atMs > toMs) return false;
    if (why !== undefined && !why.includes(change.cause.why)) return false;
    const instance = change.after ?? change.before;
    if (env !== undefined && instance.env !== env) return false;
    if (appid !== undefined && instance.appid !== appid) return false;
    return id === undefined || instanceKey(instance.instance) === id;
  };
}
