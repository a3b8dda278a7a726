// The event stream of the API, for as long as somebody listens: it comes back by itself where a connection breaks or the
// server starts anew, behind the last event that it has seen, and says so. What no repetition can mend ends it: a refusal
// (a wrong filter, no token), a server that is something else, and one that was not there at all to begin with.
// Limits: one connection; waits double from 1 s to 30 s, are at least what the server asks for, and have some chance in
// them, so that a thousand watchers do not come back at once. A connection that is silent for 60 s, four beats of the
// server, is dead.

import type { IncomingMessage, RequestOptions } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRefusal, unreachable } from './api-call.ts';
import type { Connection } from './connection.ts';
import type { Fields } from './document-fields.ts';
import { exitCodes } from './exit-codes.ts';
import type { Fault } from './fault.ts';
import { ServerSentEvents } from './server-sent-events.ts';
import { printable } from './terminal/printable.ts';

export type Followed =
  | { readonly kind: 'event'; readonly event: string; readonly data: Fields; readonly id: string }
  /** The connection is gone; it comes back by itself. */
  | { readonly kind: 'away'; readonly reason: string; readonly againMs: number }
  | { readonly kind: 'back' }
  | ({ readonly kind: 'refused' } & Fault);

const silenceMsMax = 60_000;
const againMs = { least: 1000, most: 30_000 };

/**
 * `path` with its query. `lastEventId`: where to go on; undefined: from the beginning, with snapshots. Ends after
 * `refused`, or when `signal` says so.
 */
export async function* followChanges(
  connection: Connection,
  path: string,
  lastEventId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Followed> {
  const parser = new ServerSentEvents();
  parser.lastEventId = lastEventId ?? '';
  let waitMs = againMs.least;
  let isAway = false;
  let wasThere = false;
  for (;;) {
    parser.reset();
    let reason = 'the server ended the stream';
    try {
      const response = await open(connection, path, parser.lastEventId, signal);
      const { statusCode = 0, headers } = response;
      wasThere = true;
      if (statusCode !== 200) {
        const refusal = await readRefusal(connection, { path }, response);
        // Too busy, starting, stopping: that passes.
        if (statusCode !== 503 && statusCode !== 429) {
          yield { kind: 'refused', ...refusal };
          return;
        }
        reason = refusal.problem;
      } else if (!(headers['content-type'] ?? '').startsWith('text/event-stream')) {
        response.destroy();
        const problem = `${connection.url.origin} answered without a stream of events, which is not rollcall's way.`;
        yield { kind: 'refused', problem, code: exitCodes.failed };
        return;
      } else {
        if (isAway) yield { kind: 'back' };
        isAway = false;
        response.setEncoding('utf8');
        for await (const text of response as AsyncIterable<string>) {
          const events = parser.push(text);
          if (events === undefined) throw new Error('an event is too long');
          for (const { event, data } of events) {
            waitMs = againMs.least;
            yield { kind: 'event', event, data: JSON.parse(data) as Fields, id: parser.lastEventId };
          }
        }
      }
    } catch (error) {
      if (!wasThere && !signal.aborted) {
        const problem = unreachable(connection, error as NodeJS.ErrnoException, silenceMsMax);
        yield { kind: 'refused', problem, code: exitCodes.failed };
        return;
      }
      reason = printable((error as Error).message);
    }
    if (signal.aborted) return;
    const thisMs = Math.round(Math.max(waitMs, parser.retryMs ?? 0) * (0.75 + Math.random() / 2));
    if (!isAway) yield { kind: 'away', reason, againMs: thisMs };
    isAway = true;
    await sleep(thisMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    waitMs = Math.min(waitMs * 2, againMs.most);
  }
}

async function open(
  { url, token }: Connection,
  path: string,
  lastEventId: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { request } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'));
  const options: RequestOptions = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port || undefined,
    path,
    agent: false,
    signal,
    timeout: silenceMsMax,
    headers: {
      accept: 'text/event-stream, application/problem+json',
      ...(lastEventId === '' ? {} : { 'last-event-id': lastEventId }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, resolve);
    sent.once('timeout', () => sent.destroy(new Error(`nothing came for ${silenceMsMax / 1000} s`)));
    // Also after the reply has begun: the response then ends with the same error.
    sent.on('error', reject);
    sent.end();
  });
}
