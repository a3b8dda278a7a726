// Server-sent events over fetch, because EventSource cannot send a token. One connection at a time; it comes back by
// itself with the id of the last event, after 0.5 to 8 s. Limits: an event of at most `eventCharactersMax`; a connection
// on which nothing comes for `silentMsMax` is given up (the server sends comments more often).

import { signal } from '@preact/signals';
import { noteRefusal } from '../session.ts';
import { addressOf, authorization, problemOf } from './http.ts';

export type Connection = 'connecting' | 'live' | 'lost' | 'refused';

/** Of the stream of changes. */
export const connection = signal<Connection>('connecting');

export interface StreamEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

export type Verdict = 'go on' | 'start over';

const eventCharactersMax = 4_000_000;
const silentMsMax = 60_000;
const backoffMs = { first: 500, max: 8000 };

/**
 * Follows the watch after `lastEventId` until `signal` ends it. Resolves with `start over` when `onEvent` asks for it.
 * `refused`: the server answers, but not with events.
 */
export async function follow(
  lastEventId: string,
  onEvent: (event: StreamEvent) => Verdict,
  signal: AbortSignal,
): Promise<'ended' | 'start over' | 'refused'> {
  let id = lastEventId;
  let waitMs = backoffMs.first;
  while (!signal.aborted) {
    const outcome = await connect(id, signal, (event) => {
      waitMs = backoffMs.first;
      if (event.id !== undefined) id = event.id;
      return event.event === '' ? 'go on' : onEvent(event);
    });
    if (signal.aborted) break;
    if (outcome === 'start over' || outcome === 'refused') return outcome;
    connection.value = 'lost';
    await pause(waitMs * (0.5 + Math.random()), signal);
    waitMs = Math.min(2 * waitMs, backoffMs.max);
  }
  return 'ended';
}

async function connect(
  id: string,
  signal: AbortSignal,
  onEvent: (event: StreamEvent) => Verdict,
): Promise<'lost' | 'refused' | 'start over'> {
  const own = new AbortController();
  const watchdog = { timer: 0 };
  const rearm = (): void => {
    clearTimeout(watchdog.timer);
    watchdog.timer = window.setTimeout(() => own.abort(), silentMsMax);
  };
  try {
    rearm();
    const reply = await fetch(addressOf('api/v1/watch', { lastEventId: id }), {
      headers: { accept: 'text/event-stream', ...authorization() },
      signal: AbortSignal.any([signal, own.signal]),
      cache: 'no-store',
    });
    if (reply.status === 401 || reply.status === 403 || reply.status === 400) {
      noteRefusal(await problemOf(reply));
      connection.value = 'refused';
      return 'refused';
    }
    if (!reply.ok || reply.body === null) return 'lost';
    connection.value = 'live';
    const parse = eventParser(onEvent);
    for await (const text of reply.body.pipeThrough(new TextDecoderStream())) {
      rearm();
      if (parse(text) === 'start over') return 'start over';
    }
    return 'lost';
  } catch {
    return 'lost';
  } finally {
    clearTimeout(watchdog.timer);
    own.abort();
  }
}

/** WHATWG HTML, "Interpreting an event stream". An id without data moves the place on and is no event. */
function eventParser(onEvent: (event: StreamEvent) => Verdict): (text: string) => Verdict {
  let rest = '';
  let event = '';
  let data: string[] = [];
  let id: string | undefined;
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > eventCharactersMax) return 'start over';
    for (const line of lines) {
      if (line === '') {
        const isEvent = data.length > 0;
        const complete = { event: isEvent ? event || 'message' : '', data: data.join('\n'), id };
        if ((isEvent || id !== undefined) && onEvent(complete) === 'start over') return 'start over';
        event = '';
        data = [];
        id = undefined;
      } else if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
      else if (line.startsWith('event:')) event = line.slice(6).trim();
      else if (line.startsWith('id:')) id = line.slice(3).trim();
    }
    return 'go on';
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
