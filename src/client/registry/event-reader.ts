// Reads one stream of server-sent events (WHATWG HTML, "Server-sent events") to its end, whatever the end is. The server
// beats every 15 s: a stream that is silent for three beats hangs in the network, and is closed.
// Limits: an event has at most `eventCharactersMax`, the snapshot of the largest app with long metadata; a longer one ends
// the stream. An event whose data is no JSON object is skipped.

import { createParser } from 'eventsource-parser';
import type { Scheduler } from '../../runtime/scheduler.ts';
import { type JsonObject, jsonObjectOf } from './problem-document.ts';
import type { OpenStream } from './registry-link.ts';

export interface ServerEvent {
  readonly kind: 'event';
  readonly event: string;
  readonly data: JsonObject;
}

export interface EventReaderOptions {
  readonly scheduler: Scheduler;
  /** The position in the stream to resume from; called when an event is complete, before it is yielded. */
  readonly onId: (id: string) => void;
  /** How long the server wants clients to stay away after the end. */
  readonly onRetryMs: (ms: number) => void;
}

const silentMsMax = 45_000;
const eventCharactersMax = 128 * 1024 * 1024;

/** Returns why the stream has ended; never throws. */
export async function* readEvents(
  { body, close }: OpenStream,
  { scheduler, onId, onRetryMs }: EventReaderOptions,
): AsyncGenerator<ServerEvent, string> {
  const events: ServerEvent[] = [];
  let end: string | undefined;
  const endAs = (reason: string): void => {
    end ??= reason;
    close();
  };
  const parser = createParser({
    maxBufferSize: eventCharactersMax,
    onEvent: ({ event = 'message', data }) => {
      const document = jsonObjectOf(data);
      if (document !== undefined) events.push({ kind: 'event', event, data: document });
    },
    onId,
    onRetry: onRetryMs,
    onError: ({ type }) => {
      if (type === 'max-buffer-size-exceeded') endAs(`an event is longer than ${eventCharactersMax} characters`);
    },
  });
  const decoder = new TextDecoder();
  const silence = (): (() => void) =>
    scheduler.after(silentMsMax, () => endAs(`the stream was silent for ${silentMsMax / 1000} s`));
  let cancelSilence = silence();
  try {
    for await (const chunk of body) {
      cancelSilence();
      parser.feed(decoder.decode(chunk, { stream: true }));
      yield* events.splice(0);
      cancelSilence = silence();
    }
    return end ?? 'the server ended the stream';
  } catch (error) {
    return end ?? `the stream broke off: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    cancelSilence();
    close();
  }
}
