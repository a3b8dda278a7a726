// Requests of a mirror to the other registry, over the client's HTTP: a base address with a path, a limit of time, and the
// answer whole.
// Limits: `answerMs` beside what the other side was asked to wait; an answer has at most what a reply of ours may have.

import type { SourceHttp } from '../../bridges/source.ts';
import { httpRequest } from '../../client/registry/http-request.ts';
import { textOf } from '../../client/registry/reply.ts';
import { deadline, type Scheduler } from '../../runtime/scheduler.ts';

const answerMs = 10_000;

/** `base`: an origin with a path, without a slash at its end. */
export function sourceHttp(base: string, scheduler: Scheduler): SourceHttp {
  return async ({ method = 'GET', path, headers = {}, form, waitMs = 0 }, signal) => {
    const limitMs = answerMs + waitMs;
    const limit = deadline(scheduler, limitMs, `no answer within ${limitMs / 1000} s`, signal);
    const type = form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
    const request = {
      method,
      headers: { accept: 'application/json', ...type, ...headers },
      ...(form === undefined ? {} : { body: new URLSearchParams(form).toString() }),
      redirect: 'manual',
      signal: limit.signal,
    } as const;
    try {
      const response = await httpRequest(base + path, request);
      const text = await textOf(response);
      return { status: response.status, text, header: (name) => response.headers.get(name) ?? undefined };
    } catch (error) {
      return { fault: error instanceof Error ? error.message : String(error) };
    } finally {
      limit.clear();
    }
  };
}
