// The main thread's handle on one DNS thread: starts it, posts messages to it, calls it, and reports its end.

import { closeSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import type { ListenFailure } from '../../model/listen.ts';
import { answerCall, type CallReply, Calls } from '../../runtime/worker-calls.ts';
import { newDnsWorker } from './dns-worker.ts';
import type { Listening, MainCalls, ThreadCalls, ThreadEvent, ThreadMessage, ThreadStart } from './thread-message.ts';

export interface ThreadHooks {
  onFault(error: unknown, question: string): void;
  /** What the thread may ask, and how the reply is posted: in the order of all other messages. */
  readonly main: MainCalls;
  reply(reply: CallReply): void;
}

export class DnsThread {
  readonly #worker: Worker;
  /** Settles with the first `listen`; rejects where the thread ends before. */
  readonly listening: Promise<Listening | ListenFailure>;
  /** Resolves with the first `reach`, or when the thread is gone. */
  readonly reached: Promise<void>;
  /** Resolves when it is gone; with the error, where it was not asked to end. */
  readonly ended: Promise<unknown>;
  /** Open sockets that do not close with the thread. */
  #descriptors: number[] = [];
  readonly #calls = new Calls<ThreadCalls>();

  /** `worker`: one that has nothing to do yet. */
  constructor(start: ThreadStart, hooks: ThreadHooks, worker = newDnsWorker()) {
    this.#worker = worker;
    worker.postMessage(start);
    const { promise, resolve, reject } = Promise.withResolvers<Listening | ListenFailure>();
    this.listening = promise;
    const caughtUp = Promise.withResolvers<void>();
    this.reached = caughtUp.promise;
    // `ended` has it too.
    promise.catch(() => {});
    this.#worker.on('message', (event: ThreadEvent) => {
      if (event.kind === 'listening') resolve(event);
      else if (event.kind === 'opened') this.#descriptors.push(event.descriptor);
      else if (event.kind === 'reached') caughtUp.resolve();
      else if (event.kind === 'closing') this.#descriptors = [];
      else if (event.kind === 'fault') hooks.onFault(event.error, event.question);
      else if (event.kind === 'reply') this.#calls.settle(event.reply);
      else if (event.kind === 'call') answerCall(event.call, hooks.main, (reply) => hooks.reply(reply));
      else {
        // It has closed what was open.
        this.#descriptors = [];
        const code = event.code ?? '';
        resolve({ failed: event.failed, error: Object.assign(new Error(event.message), { code }) });
      }
    });
    this.ended = new Promise((done) => {
      let error: unknown;
      this.#worker.on('error', (thrown) => {
        error = thrown;
      });
      this.#worker.on('exit', (code) => {
        error ??= code === 0 ? undefined : new Error(`a DNS thread ended with ${code}`);
        const ended = (error as Error | undefined) ?? new Error('a DNS thread ended');
        reject(ended);
        caughtUp.resolve();
        if (error !== undefined) this.#closeLeftovers();
        this.#calls.end(ended);
        done(error);
      });
    });
  }

  post(message: ThreadMessage): void {
    this.#worker.postMessage(message);
  }

  /** Calls a function of the thread, in the order of the messages. Undefined: it has ended, or the function failed. */
  async ask<Name extends keyof ThreadCalls>(
    sequence: number,
    name: Name,
    ...args: Parameters<ThreadCalls[Name]>
  ): Promise<{ readonly value: Awaited<ReturnType<ThreadCalls[Name]>> } | undefined> {
    const { call, result } = this.#calls.open(name, ...args);
    this.post({ kind: 'call', call, sequence });
    return result.then(
      (value) => ({ value }),
      () => undefined,
    );
  }

  /** Ends it wherever it is. */
  terminate(): void {
    void this.#worker.terminate();
  }

  /** The kernel would go on giving queries to sockets that are not read. */
  #closeLeftovers(): void {
    for (const descriptor of this.#descriptors) closeSync(descriptor);
  }
}
