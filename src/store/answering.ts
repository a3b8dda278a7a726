// The end of a thread that answers calls (calls.ts): one after the other, errors included.

import type { MessagePort } from 'node:worker_threads';
import type { Call, Reply } from './calls.ts';

/** Answers until the port is closed. An error goes to the caller, with SQLite's own number and words. */
export function answerCalls<Functions extends object>(port: MessagePort, functions: Functions): void {
  port.on('message', ({ id, name, args }: Call) => {
    let reply: Reply;
    try {
      const called = functions[name as keyof Functions] as (...given: readonly unknown[]) => unknown;
      reply = { id, value: called(...args) };
    } catch (error) {
      const { message, errstr } = error as Error & { errstr?: string };
      reply = { id, error: new Error(errstr ?? message) };
    }
    port.postMessage(reply);
  });
}
