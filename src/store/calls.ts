// Calls to a thread and their replies: what both ends agree on, and the end that calls. A thread does its calls one after
// the other, in the order in which they were made.

import { Worker } from 'node:worker_threads';
import type { EventQuery } from '../history/recorder.ts';
import type { InstanceKey } from '../model/names.ts';
import type { CheckedPage } from './checked-reading.ts';
import type { Damage } from './data-folder.ts';
import type { DatabaseOptions } from './database.ts';
import type { FoundEvents } from './event-search.ts';
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
  /** `nowMs`: wall-clock time, by which old events are let go. */
  commit(rows: readonly ChangeRow[], nowMs: number): void;
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
  /** Something follows the last commit of the log: what the last life could not finish. */
  readonly isUnfinished: boolean;
  /** Where a log is kept of which the end is lost. */
  readonly brokenLog: string | undefined;
}

export interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

export type Reply = { readonly id: number } & ({ readonly value: unknown } | { readonly error: Error });

/** Calls functions of a thread. After its end, expected or not, every call fails. */
export class Thread<Functions extends { [Name in keyof Functions]: (...args: never[]) => unknown }> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #ended: Error | undefined;
  #next = 1;

  constructor(program: URL) {
    this.#worker = new Worker(program);
    this.#worker.on('message', (reply: Reply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if ('error' in reply) waiting?.reject(reply.error);
      else waiting?.resolve(reply.value);
    });
    this.#worker.on('error', (error) => this.#end(error as Error));
    this.#worker.on('exit', () => this.#end(new Error('The thread of the store has ended')));
  }

  call<Name extends keyof Functions & string>(
    name: Name,
    ...args: Parameters<Functions[Name]>
  ): Promise<ReturnType<Functions[Name]>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = this.#next++;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#worker.postMessage({ id, name, args } satisfies Call);
    return waiting.promise as Promise<ReturnType<Functions[Name]>>;
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}
