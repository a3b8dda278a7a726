// The events of a watch as text (WHATWG HTML, "Server-sent events"): `id` is the registry's revision with the identity of
// its life (`LIFE-N`), `data` one line of JSON. A change is encoded once for each bearing, however many watchers get it.
// Limits: `cachedOctetsMax` of texts are kept for watchers that come a little later; older ones are made anew.

import { type Change, recordAfter } from '../../model/change.ts';
import type { Life } from '../../model/life.ts';
import type { Clock } from '../../runtime/clock.ts';
import { eventDocument } from '../documents/event-document.ts';
import { instanceDocument } from '../documents/instance-document.ts';

/** Some ten thousand changes of ordinary instances. */
const cachedOctetsMax = 8 * 1024 * 1024;

/** An event. Without `id` the client's position stays where it was. */
export function eventText(event: string, data: unknown, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Not an event: it keeps the connection in use and, with `id`, moves the client's position on. */
export function keepAliveText(id?: string): string {
  return id === undefined ? ':\n\n' : `:\nid: ${id}\n\n`;
}

/** For EventSource: how long to wait before coming back. */
export function retryText(ms: number): string {
  return `retry: ${ms}\n\n`;
}

export class ChangeTexts {
  readonly #clock: Clock;
  readonly #life: Life;
  /** By revision, the oldest first. The text for a watcher whose filter the instance has left has the negative number. */
  readonly #texts = new Map<number, string>();
  #octets = 0;

  constructor(clock: Clock, life: Life) {
    this.#clock = clock;
    this.#life = life;
  }

  /** The id of the event with this revision. */
  idOf(revision: number): string {
    return this.#life.textOf(revision);
  }

  /** The event of a change, without its id: `bearing`: whether the watcher's filter selects the instance now. */
  textOf(change: Change, bearing: 'matches' | 'left'): string {
    const key = bearing === 'matches' ? change.revision : -change.revision;
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const text = eventText(change.kind, changeDocument(change, bearing, this.#clock));
    this.#texts.set(key, text);
    this.#octets += text.length;
    for (const [oldest, { length }] of this.#texts) {
      if (this.#octets <= cachedOctetsMax) break;
      this.#texts.delete(oldest);
      this.#octets -= length;
    }
    return text;
  }
}

/**
 * The change as in /events, but without `before`, and the instance as the API shows it. A watcher gets no
 * renewals, so the end of the lease is as it was at the change.
 */
function changeDocument(change: Change, bearing: 'matches' | 'left', clock: Clock): Record<string, unknown> {
  const { before: _was, ...rest } = eventDocument(change);
  const document = { kind: change.kind, matches: bearing === 'matches', ...rest };
  if (change.after === undefined) return document;
  return { ...document, after: instanceDocument(recordAfter(change), clock) };
}
