// The main thread's handle on one DNS thread: started, posted to, listened to, and gone at some time.

import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { ListenFailure } from '../transport/listen.ts';
import type { Asked, Listening, Report, ThreadMessage, ThreadStart, Told } from './thread-message.ts';

export class DnsThread {
  readonly #worker: Worker;
  /** Settles with the first `listen`; rejects where the thread ends before. */
  readonly listening: Promise<Listening | ListenFailure>;
  /** Resolves with the first `reach`, or when the thread is gone. */
  readonly reached: Promise<void>;
  /** Resolves when it is gone; with the error, where it was not told to. */
  readonly ended: Promise<unknown>;
  #isOver = false;
  /** Open sockets that do not close with the thread. */
  #descriptors: number[] = [];
  /** By the number of the posting that asked. */
  readonly #asked = new Map<number, (told: Told) => void>();

  constructor(start: ThreadStart, onFault: (error: unknown, question: string) => void) {
    this.#worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData: start });
    const { promise, resolve, reject } = Promise.withResolvers<Listening | ListenFailure>();
    this.listening = promise;
    const caughtUp = Promise.withResolvers<void>();
    this.reached = caughtUp.promise;
    // Whoever wants to hear it asks for `ended`.
    promise.catch(() => {});
    this.#worker.on('message', (report: Report) => {
      if (report.kind === 'listening') resolve(report);
      else if (report.kind === 'opened') this.#descriptors.push(report.descriptor);
      else if (report.kind === 'reached') caughtUp.resolve();
      else if (report.kind === 'closing') this.#descriptors = [];
      else if (report.kind === 'fault') onFault(report.error, report.question);
      else if (report.kind === 'told') this.#answered(report.sequence, report.told);
      else {
        // It has closed what was open.
        this.#descriptors = [];
        const code = report.code ?? '';
        resolve({ failed: report.failed, error: Object.assign(new Error(report.message), { code }) });
      }
    });
    this.ended = new Promise((done) => {
      let error: unknown;
      this.#worker.on('error', (thrown) => {
        error = thrown;
      });
      this.#worker.on('exit', (code) => {
        error ??= code === 0 ? undefined : new Error(`a DNS thread ended with ${code}`);
        reject(error ?? new Error('a DNS thread ended'));
        caughtUp.resolve();
        this.#isOver = true;
        if (error !== undefined) this.#closeLeftovers();
        for (const sequence of this.#asked.keys()) this.#answered(sequence, undefined);
        done(error);
      });
    });
  }

  post(posting: ThreadMessage): void {
    this.#worker.postMessage(posting);
  }

  /** The same, for a posting that asks. Undefined: it has ended, and nobody can say. */
  ask<Kind extends keyof Asked>(posting: ThreadMessage & { readonly kind: Kind }): Promise<Asked[Kind] | undefined> {
    if (this.#isOver) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<Told>();
    this.#asked.set(posting.sequence, resolve);
    this.post(posting);
    return promise as Promise<Asked[Kind] | undefined>;
  }

  /** Ends it wherever it is. */
  terminate(): void {
    void this.#worker.terminate();
  }

  /** Queries would go on to be given to sockets that nobody reads. */
  #closeLeftovers(): void {
    for (const descriptor of this.#descriptors) closeSync(descriptor);
  }

  #answered(sequence: number, told: Told): void {
    this.#asked.get(sequence)?.(told);
    this.#asked.delete(sequence);
  }
}
