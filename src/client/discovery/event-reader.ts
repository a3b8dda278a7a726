// Reads one stream of server-sent events to its end, whatever the end is. A server beats every 15 s: a stream that says
// nothing for three beats hangs in the network, and is given up.
// Limits: an event of `eventCharactersMax`, the snapshot of the largest app with long metadata; a longer one ends the stream.

import { createParser } from 'eventsource-parser';
import { type Document, documentOf } from '../registry/reply.ts';
import type { Time } from '../time.ts';

export interface EventReaderDeps {
  readonly time: Time;
  readonly onEvent: (event: string, data: Document) => void;
  /** The place in the stream to come back to; told before the event that has it. */
  readonly onId: (id: string) => void;
  /** How long the server wants to be left alone before the client comes back. */
  readonly onRetryMs: (ms: number) => void;
}

const silentMsMax = 45_000;
const eventCharactersMax = 64 * 1024 * 1024;

/** Resolves at the end, with a word on it; the signal ends it too. */
export async function readEvents(
  body: ReadableStream<Uint8Array>,
  { time, onEvent, onId, onRetryMs }: EventReaderDeps,
  signal: AbortSignal,
): Promise<string> {
  const parser = createParser({
    maxBufferSize: eventCharactersMax,
    onEvent: ({ event = 'message', data }) => {
      const document = documentOf(data);
      if (document !== undefined) onEvent(event, document);
    },
    onId,
    onRetry: onRetryMs,
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let end = 'the stream has ended';
  const giveUp = (): void => void reader.cancel().catch(() => {});
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    if (signal.aborted) giveUp();
    for (;;) {
      const takeBack = time.after(silentMsMax, () => {
        end = `the stream was silent for ${silentMsMax / 1000} s`;
        giveUp();
      });
      const { value, done } = await reader.read().finally(takeBack);
      if (done) return end;
      parser.feed(decoder.decode(value, { stream: true }));
    }
  } catch (error) {
    giveUp();
    return error instanceof Error ? `the stream broke off: ${error.message}` : 'the stream broke off';
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
