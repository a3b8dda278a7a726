// The event stream of the API for a command that shows it: the stream is opened again where it is lost or the server
// restarts, from the last event on, and the loss is reported once. What no repetition can mend ends it: a refusal (a wrong
// filter, no token), a server that is not rollcall, and one that was not there to begin with.

import { followEvents } from '../client/registry/event-stream.ts';
import { systemScheduler } from '../runtime/scheduler.ts';
import { faultOf, linkTo } from './api-call.ts';
import type { ServerConnection } from './connection.ts';
import type { Fields } from './document-fields.ts';
import type { CommandFault } from './fault.ts';
import { printable } from './terminal/printable.ts';

export type WatchItem =
  | { readonly kind: 'event'; readonly event: string; readonly data: Fields }
  /** The stream is lost; it comes back by itself. */
  | { readonly kind: 'disconnected'; readonly reason: string; readonly retryInMs: number }
  | { readonly kind: 'reconnected' }
  | ({ readonly kind: 'refused' } & CommandFault);

const headTimeoutMs = 60_000;

/**
 * `path` with its query. `lastEventId`: where to begin; undefined: with snapshots. Ends after `refused`, or when the
 * signal aborts.
 */
export async function* watchEvents(
  connection: ServerConnection,
  path: string,
  lastEventId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<WatchItem> {
  const link = linkTo(connection, headTimeoutMs);
  const options = {
    link,
    scheduler: systemScheduler,
    random: Math.random,
    keepsProcess: true,
    ...(lastEventId === undefined ? {} : { lastEventId }),
  };
  let [wasReached, isDisconnected] = [false, false];
  for await (const item of followEvents(path, options, signal)) {
    if (item.kind === 'event') {
      yield item;
      continue;
    }
    if (item.kind === 'connected') {
      if (isDisconnected) yield { kind: 'reconnected' };
      [wasReached, isDisconnected] = [true, false];
      continue;
    }
    const { reason, retryInMs, reply } = item;
    const isFinal = reply !== undefined && (reply.kind === 'refused' || (!wasReached && reply.kind !== 'busy'));
    if (isFinal) {
      yield { kind: 'refused', ...faultOf(connection, reply) };
      return;
    }
    wasReached = true;
    if (!isDisconnected) yield { kind: 'disconnected', reason: printable(reason), retryInMs };
    isDisconnected = true;
  }
}
