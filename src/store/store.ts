// The store, as the main thread sees it: a listener of the change stream that writes it down in a thread, and the
// recorder that reads it back. Opening it reports what was found; `restore` hands the instances over in slices.
// Limits: one server a folder (data-folder.ts).

import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { matcher } from '../history/log-recorder.ts';
import type { EventPage, EventQuery, Recorder } from '../history/recorder.ts';
import type { Change } from '../model/change.ts';
import type { InstanceKey } from '../model/names.ts';
import type { PersistedInstance } from '../model/persisted-instance.ts';
import type { Problem } from '../model/problem.ts';
import type { Override } from '../model/status.ts';
import { type OpenOptions, type OpenReport, type SearchCalls, StoreThread, type WriterCalls } from './calls.ts';
import { PageReader } from './page-reader.ts';
import { changeOf, changeRow } from './rows.ts';
import { holdOf, holdRow, type StoredHold } from './supervision-rows.ts';
import { WriteQueue } from './write-queue.ts';
import { newWriterWorker } from './writer-worker.ts';

export interface StoreDeps {
  /** A worker of the writer that was made before. */
  readonly takeWorker?: (() => Worker | undefined) | undefined;
  monotonicMs(): number;
  wallMs(): number;
  /** Ends the opening and the restoring. */
  readonly stopping: AbortSignal;
  onTrouble(reason: string): void;
  /** Rows that are not as they were written, left out of a page. */
  onDamagedEvents(count: number): void;
  onHealed(lastedMs: number, written: number): void;
}

/** An instance that was written down and is not taken back, and why. */
export interface RefusedInstance extends InstanceKey {
  readonly problem: Problem;
}

/** Opens the folder; a problem is a sentence for a person. Reading a large file takes seconds: `stopping` ends it. */
export async function openStore(
  options: OpenOptions,
  deps: StoreDeps,
): Promise<Store | { problem: string } | 'stopped'> {
  const { stopping } = deps;
  // It came between two openings, without a listener: what was saved of a damaged file would not be reported.
  if (stopping.aborted) return 'stopped';
  const writer = new StoreThread<WriterCalls>(deps.takeWorker?.() ?? newWriterWorker());
  const end = () => void writer.terminate();
  stopping.addEventListener('abort', end);
  try {
    const report = await writer.call('open', options);
    if (!('problem' in report) && !stopping.aborted) return new Store(writer, options.folder, report, deps);
    await writer.terminate();
    return 'problem' in report ? report : 'stopped';
  } catch (error) {
    // What it was about to do is done again by the next start, as after a kill.
    if (stopping.aborted) return 'stopped';
    throw error;
  } finally {
    stopping.removeEventListener('abort', end);
  }
}

/** How long the event loop is held at a time while instances are recovered, or events are read. */
const sliceMs = 5;
/** Between looks at the files where nothing is written. */
const lookEveryMs = 5000;

export class Store implements Recorder {
  readonly #writer: StoreThread<WriterCalls>;
  readonly #folder: string;
  readonly #deps: StoreDeps;
  readonly #queue: WriteQueue;
  readonly #looking: NodeJS.Timeout;
  #search: { readonly thread: StoreThread<SearchCalls>; readonly opened: Promise<void> } | undefined;
  #isClosing = false;
  /** Settles a turn after the page of events that was asked for last. */
  #latestPage: Promise<void> = Promise.resolve();
  /** What was found in the folder. */
  readonly report: OpenReport;

  constructor(writer: StoreThread<WriterCalls>, folder: string, report: OpenReport, deps: StoreDeps) {
    this.#writer = writer;
    this.#folder = folder;
    this.#deps = deps;
    this.report = report;
    this.#queue = new WriteQueue({
      commit: (changes) => writer.call('commit', changes.map(changeRow), deps.wallMs()),
      onTrouble: (reason) => deps.onTrouble(reason),
      onHealed: (lastedMs) => deps.onHealed(lastedMs, this.#queue.written),
      monotonicMs: () => deps.monotonicMs(),
    });
    this.#looking = setInterval(() => this.#look(), lookEveryMs);
    this.#looking.unref();
  }

  /** Readiness shows within seconds that the folder is gone, without a write. */
  #look(): void {
    this.#writer.call('checkFiles').catch((error: Error) => this.#queue.fail(error.message));
  }

  /** A change listener; what was restored is on disk already. */
  changed(change: Change): void {
    if (change.cause.why !== 'restored') this.#queue.push(change);
  }

  /** See WriteQueue. */
  durable(): Promise<void> {
    return this.#queue.durable();
  }

  get trouble(): string | undefined {
    return this.#queue.trouble;
  }

  get counts(): {
    readonly written: number;
    readonly pending: number;
    readonly commits: number;
    readonly commitMs: number;
  } {
    const { written, pending, commits, commitMs } = this.#queue;
    return { written, pending: pending.length, commits, commitMs };
  }

  /**
   * Hands every instance to `put`, in the order of registration, and lets other work in between. What `put` refuses is
   * taken out of the file, and returned. Ends early when it is to stop. A text is the damage: what was put is not
   * to be used then, and nothing can be written any more.
   */
  async restore(put: (saved: PersistedInstance) => Problem | undefined): Promise<readonly RefusedInstance[] | string> {
    const { stopping } = this.#deps;
    const refused: RefusedInstance[] = [];
    const reader = new PageReader();
    let page = await this.#writer.call('instances');
    while (page !== 'end' && !('damage' in page) && !stopping.aborted) {
      const next = this.#writer.call('instances');
      reader.take(page);
      let endsMs = performance.now() + sliceMs;
      for (let read = reader.next(); read !== undefined; read = reader.next()) {
        const { saved, place } = read;
        const problem = 'message' in saved ? saved : put(saved);
        if (problem !== undefined) refused.push({ ...place, problem });
        if (performance.now() < endsMs) continue;
        await nextTurn();
        endsMs = performance.now() + sliceMs;
      }
      page = await next;
    }
    if (page !== 'end' && 'damage' in page) return page.damage;
    if (page === 'end' && refused.length > 0) await this.#writer.call('forget', refused);
    return refused;
  }

  /** The holds that were written down. To be called once, after `restore`. */
  async holds(): Promise<readonly StoredHold[]> {
    const rows = await this.#writer.call('holds');
    return rows.flatMap((row) => holdOf(row) ?? []);
  }

  /** The hold of an instance that is not registered is over. If that cannot be written, it is there again at the next start. */
  holdReleased(key: InstanceKey): void {
    this.#writer.call('lift', key).catch((error: unknown) => this.#deps.onTrouble((error as Error).message));
  }

  /** A hold of an instance that is not registered begins. Settles when it is on disk; rejects where it cannot be written. */
  holdKept(key: InstanceKey, override: Override): Promise<void> {
    return this.#writer.call('hold', holdRow(key, override));
  }

  /** The entries of each service file last applied, by instance. */
  async fileEntries(): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    const rows = await this.#writer.call('readFileEntries');
    return new Map([...rows].map(([file, entries]) => [file, new Map(JSON.parse(entries) as [string, string][])]));
  }

  /** Written after the changes that it made: an entry stored before its change could lose the change. */
  async saveFileEntries(file: string, fileEntries: ReadonlyMap<string, string>): Promise<void> {
    await this.#queue.durable();
    await this.#writer.call('writeFileEntries', file, fileEntries.size === 0 ? '' : JSON.stringify([...fileEntries]));
  }

  /**
   * Changes that are not on disk yet are found as well. One page after the other: each is read in slices, and two hundred
   * at a time would make one turn of two hundred slices, with the rows of all in memory.
   */
  events(query: EventQuery): Promise<EventPage> {
    const page = this.#latestPage.then(() => this.#readEvents(query));
    this.#latestPage = page.then(
      () => nextTurn(),
      () => nextTurn(),
    );
    return page;
  }

  async #readEvents(query: EventQuery): Promise<EventPage> {
    // The API has closed before: no request waits for the remaining pages.
    if (this.#isClosing) return new Promise<never>(() => {});
    const { pending } = this.#queue;
    const [first] = pending;
    const recent = pending.filter(matcher(query)).reverse().slice(0, query.limit);
    // They may reach the disk before the search begins.
    const before = Math.min(query.before ?? Number.MAX_SAFE_INTEGER, first?.revision ?? Number.MAX_SAFE_INTEGER);
    const found = await this.#find({ ...query, before, limit: query.limit - recent.length });
    const changes = [...recent];
    let endsMs = performance.now() + sliceMs;
    for (const row of found.rows) {
      const change = changeOf(row);
      if (change !== undefined) changes.push(change);
      if (performance.now() < endsMs) continue;
      await nextTurn();
      endsMs = performance.now() + sliceMs;
    }
    const { completeSince, completeSinceMs, unreadable } = found;
    if (unreadable.length > 0) this.#deps.onDamagedEvents(unreadable.length);
    return { changes, completeSince, completeSinceMs, unreadable };
  }

  /** Writes what is left, notes the revision and leaves one file. Returns how many changes could not be written. */
  async close(revision: number): Promise<number> {
    this.#isClosing = true;
    clearInterval(this.#looking);
    const lost = await this.#queue.stop();
    if (this.#search !== undefined) {
      const { thread, opened } = this.#search;
      await opened.then(() => thread.call('close')).catch(() => {});
      await thread.terminate();
    }
    await this.#writer.call('close', lost === 0 ? revision : undefined).catch(() => {});
    await this.#writer.terminate();
    return lost;
  }

  async #find(query: EventQuery): Promise<Awaited<ReturnType<SearchCalls['find']>>> {
    try {
      const thread = await this.#searcher();
      return await thread.call('find', query);
    } catch (error) {
      // Ended by `close` while this was waiting for its turn: as above.
      if (this.#isClosing) return new Promise<never>(() => {});
      throw error;
    }
  }

  /** It reads alone, so another one may take its place; what writes is not replaced, since how far it came is not known. */
  async #searcher(): Promise<StoreThread<SearchCalls>> {
    if (this.#search === undefined || this.#search.thread.hasEnded) {
      const thread = new StoreThread<SearchCalls>(new Worker(new URL('./search-thread.ts', import.meta.url)));
      this.#search = { thread, opened: thread.call('open', this.#folder) };
    }
    const { thread, opened } = this.#search;
    try {
      await opened;
    } catch (error) {
      // The next question tries again.
      this.#search = undefined;
      await thread.terminate();
      throw error;
    }
    return thread;
  }
}
