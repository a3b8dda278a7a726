// The events of a watch for as long as they are wanted: where the stream ends it is opened again, with its position, at another
// address where there is one. A server that stops sends when to come back (`retry`),
// which counts where there is no other address; beyond that the waits grow from failure to failure.

import { type BackoffLimits, backoffMs } from '../../runtime/backoff.ts';
import { pause, type Scheduler } from '../../runtime/scheduler.ts';
import { readEvents, type ServerEvent } from './event-reader.ts';
import type { RegistryLink } from './registry-link.ts';
import type { FailedReply } from './reply.ts';

export interface EventStreamOptions {
  readonly link: RegistryLink;
  readonly scheduler: Scheduler;
  readonly random: () => number;
  /** Where to begin; undefined: with snapshots. */
  readonly lastEventId?: string;
  /** The process does not end while the stream is down (default: it may). */
  readonly keepsProcess?: boolean;
}

export type StreamItem =
  | ServerEvent
  | { readonly kind: 'connected' }
  | {
      readonly kind: 'disconnected';
      readonly reason: string;
      /** Milliseconds until the next try. */
      readonly retryInMs: number;
      /** Undefined: the stream was open, and has ended. */
      readonly reply: FailedReply | undefined;
    };

const backoff: BackoffLimits = { firstMs: 250, longestMs: 15_000 };

/** `path` with its query. Ends when the signal aborts, and never throws. */
export async function* followEvents(
  path: string,
  { link, scheduler, random, lastEventId, keepsProcess = false }: EventStreamOptions,
  signal: AbortSignal,
): AsyncGenerator<StreamItem, void> {
  let position = lastEventId;
  let serverRetryMs: number | undefined;
  let failures = 0;
  while (!signal.aborted) {
    const opened = await link.stream(path, position, signal);
    if (signal.aborted) return;
    let reason: string;
    let askedMs: number | undefined;
    if (opened.kind === 'open') {
      yield { kind: 'connected' };
      const { address } = opened;
      const onId = (id: string): void => {
        position = id;
        // The stream works: the next loss is a first failure again.
        failures = 0;
      };
      const onRetryMs = (ms: number): void => {
        serverRetryMs = ms;
      };
      reason = `${address}: ${yield* readEvents(opened, { scheduler, onId, onRetryMs })}`;
      if (link.isSingle) askedMs = serverRetryMs;
    } else {
      reason = opened.text;
      if (opened.kind === 'busy') askedMs = opened.retryAfterMs;
    }
    if (signal.aborted) return;
    failures++;
    const retryInMs = Math.max(backoffMs(failures, backoff, random), Math.min(askedMs ?? 0, backoff.longestMs));
    yield { kind: 'disconnected', reason, retryInMs, reply: opened.kind === 'open' ? undefined : opened };
    await pause(scheduler, retryInMs, signal, keepsProcess);
  }
}
