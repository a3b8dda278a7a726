// The side of a store thread that answers calls: one after the other, errors included.

import type { MessagePort } from 'node:worker_threads';
import { answerCall, type Call, type CallReply } from '../runtime/worker-calls.ts';

/** Answers until the port is closed. An error goes to the caller in SQLite's own words, where it has some. */
export function answerCalls<Functions extends { [Name in keyof Functions]: (...args: never[]) => unknown }>(
  port: MessagePort,
  functions: Functions,
): void {
  const reply = (answer: CallReply) =>
    port.postMessage('error' in answer ? { ...answer, error: inSqlWords(answer.error) } : answer);
  port.on('message', (call: Call) => answerCall(call, functions, reply));
}

function inSqlWords(error: Error & { errstr?: string }): Error {
  return new Error(error.errstr ?? error.message);
}
