// Server-sent events from text as it comes (WHATWG HTML, "Server-sent events"): only what this server sends, each event
// with the place to come back to.
// Limits: one event has at most `eventCharactersMax`; a server that goes on without ending one is given up on.

export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** A snapshot of the largest app with all its metadata. */
const eventCharactersMax = 128 * 1024 * 1024;

export class ServerSentEvents {
  #rest = '';
  #event = 'message';
  #data: string[] = [];
  #size = 0;
  /** What to send as Last-Event-ID; empty: nothing yet. */
  lastEventId = '';
  /** How long the server wants to be left alone after an end. */
  retryMs: number | undefined;
  #idBuffer = '';

  /** Takes text and gives back the events that have ended; undefined: one is too long. */
  push(text: string): ServerSentEvent[] | undefined {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    const events: ServerSentEvent[] = [];
    for (const line of lines) this.#line(line, events);
    return this.#rest.length + this.#size > eventCharactersMax ? undefined : events;
  }

  /** After a reconnection: what was half said is said again. */
  reset(): void {
    [this.#rest, this.#event, this.#data, this.#size] = ['', 'message', [], 0];
    this.#idBuffer = this.lastEventId;
  }

  #line(line: string, events: ServerSentEvent[]): void {
    if (line === '') {
      this.lastEventId = this.#idBuffer;
      if (this.#data.length > 0) events.push({ event: this.#event, data: this.#data.join('\n') });
      [this.#event, this.#data, this.#size] = ['message', [], 0];
      return;
    }
    const [, field, value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === 'event') this.#event = value;
    else if (field === 'id') this.#idBuffer = value;
    else if (field === 'retry' && /^\d{1,9}$/.test(value)) this.retryMs = Number(value);
    else if (field === 'data') {
      this.#data.push(value);
      this.#size += value.length;
    }
  }
}
