// What the threads of the store can be asked, and the end that asks (runtime/worker-calls.ts carries it).

import type { Worker } from 'node:worker_threads';
import type { EventQuery } from '../history/recorder.ts';
import type { InstanceKey } from '../model/names.ts';
import { type CallReply, Calls } from '../runtime/worker-calls.ts';
import type { CheckedPage } from './checked-reading.ts';
import type { Damage } from './data-folder.ts';
import type { DatabaseOptions } from './database.ts';
import type { FoundEvents } from './event-search.ts';
import type { EntriesByFile } from './file-entries.ts';
import type { ChangeRow } from './rows.ts';
import type { Totals } from './soundness.ts';
import type { HoldRow } from './supervision-rows.ts';

/** By name: what is given, and what comes back. */
export interface WriterCalls {
  open(options: OpenOptions): OpenReport | { readonly problem: string };
  /** The next instances, from the first one on; after damage nothing is open any more. */
  instances(): CheckedPage;
  forget(places: readonly InstanceKey[]): void;
  holds(): readonly HoldRow[];
  /** The hold of an instance that is not registered is over. */
  lift(place: InstanceKey): void;
  /** A hold of an instance that is not registered begins. */
  hold(row: HoldRow): void;
  /** `nowMs`: wall-clock time, by which old events are let go. */
  commit(rows: readonly ChangeRow[], nowMs: number): void;
  readFileEntries(): EntriesByFile;
  writeFileEntries(file: string, entries: string): void;
  /** Rejects where the files are not those that were opened. */
  checkFiles(): void;
  /** Undefined: the registry's revision is not to be noted. */
  close(revision: number | undefined): void;
}

export interface SearchCalls {
  open(folder: string): void;
  find(query: EventQuery): FoundEvents;
  close(): void;
}

export interface OpenOptions extends DatabaseOptions {
  readonly folder: string;
  /** Where counting goes on if there is no database. */
  readonly revision: number;
  /** Wall-clock time. */
  readonly nowMs: number;
}

export interface OpenReport {
  readonly totals: Totals;
  readonly isNew: boolean;
  readonly damage: Damage | undefined;
  /** Something follows the last commit of the log: what the last run could not finish. */
  readonly isUnfinished: boolean;
  /** Where a log is kept of which the end is lost. */
  readonly brokenLog: string | undefined;
}

/** Calls functions of a thread, which does them one after the other, in the order in which they were made. */
export class StoreThread<Functions extends { [Name in keyof Functions]: (...args: never[]) => unknown }> {
  readonly #worker: Worker;
  readonly #calls = new Calls<Functions>();
  #hasEnded = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#worker.on('message', (reply: CallReply) => this.#calls.settle(reply));
    const ended = (why: string) => {
      this.#hasEnded = true;
      this.#calls.end(new Error(`the thread of the store has ended${why}: writes need a restart of rollcall`));
    };
    this.#worker.on('error', (error) => ended(` (${(error as Error).message})`));
    this.#worker.on('exit', () => ended(''));
  }

  /** Every call fails from then on. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  call<Name extends keyof Functions & string>(
    name: Name,
    ...args: Parameters<Functions[Name]>
  ): Promise<Awaited<ReturnType<Functions[Name]>>> {
    const { call, result } = this.#calls.open(name, ...args);
    this.#worker.postMessage(call);
    return result;
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}
