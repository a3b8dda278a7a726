// Server-sent events as a client reads them (WHATWG HTML, "Server-sent events"): a parser for the text, and a client on
// node:http that keeps its place. Reconnecting is left to the test: when and with what is what tests are about.

import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { until } from '../process/until.ts';

export interface StreamEvent {
  readonly event: string;
  readonly data: Record<string, unknown>;
  /** The client's place when the event came. */
  readonly id: string;
}

/** Takes text as it comes and gives back the events that have ended. */
export class EventParser {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #idBuffer = '';
  /** What a client sends as Last-Event-ID; empty at the beginning. */
  lastEventId = '';
  comments = 0;
  retryMs: number | undefined;

  constructor(lastEventId = '') {
    this.lastEventId = lastEventId;
    this.#idBuffer = lastEventId;
  }

  push(text: string): StreamEvent[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() as string;
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): StreamEvent[] {
    if (line === '') return this.#dispatch();
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === '') this.comments++;
    else if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id') this.#idBuffer = value;
    else if (field === 'retry') this.retryMs = Number(value);
    else throw new Error(`not a field of an event: ${line}`);
    return [];
  }

  #dispatch(): StreamEvent[] {
    this.lastEventId = this.#idBuffer;
    const data = this.#data.join('\n');
    const event = this.#event === '' ? 'message' : this.#event;
    this.#data = [];
    this.#event = '';
    return data === '' ? [] : [{ event, data: JSON.parse(data) as StreamEvent['data'], id: this.lastEventId }];
  }
}

export interface EventStreamKnobs {
  readonly lastEventId?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export class EventStreamClient {
  readonly events: StreamEvent[] = [];
  readonly #request: ClientRequest;
  readonly #parser: EventParser;
  #response: IncomingMessage | undefined;
  /** With an error where the connection broke. */
  readonly closed: Promise<void>;
  isClosed = false;

  /** Opened again while the server is overloaded, as on a busy machine, until it is taken. */
  static open(url: string, knobs?: EventStreamKnobs): Promise<EventStreamClient> {
    const attempt = async (): Promise<EventStreamClient | undefined> => {
      const client = new EventStreamClient(url, knobs);
      await until('a reply', () => client.status !== undefined || client.isClosed);
      return client.status === 503 ? undefined : client;
    };
    return until('a watch that is taken', attempt, { everyMs: 200 });
  }

  /** `url` with path and query. */
  constructor(url: string, { lastEventId, headers = {} }: EventStreamKnobs = {}) {
    const place = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    this.#parser = new EventParser(lastEventId);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    const close = (): void => {
      this.isClosed = true;
      resolve();
    };
    const agent = new Agent({ keepAlive: false });
    this.#request = request(url, { agent, headers: { accept: 'text/event-stream', ...place, ...headers } });
    this.#request.on('error', close);
    this.#request.on('response', (response) => {
      this.#response = response;
      response.setEncoding('utf8');
      // A refusal has a problem document in place of events.
      const isStream = response.statusCode === 200;
      response.on('data', (text: string) => void (isStream && this.events.push(...this.#parser.push(text))));
      response.on('error', close);
      response.on('close', close);
    });
    this.#request.end();
  }

  get status(): number | undefined {
    return this.#response?.statusCode;
  }

  get headers(): IncomingMessage['headers'] {
    return this.#response?.headers ?? {};
  }

  get lastEventId(): string {
    return this.#parser.lastEventId;
  }

  get comments(): number {
    return this.#parser.comments;
  }

  get retryMs(): number | undefined {
    return this.#parser.retryMs;
  }

  /** The kinds of events so far. */
  get kinds(): string[] {
    return this.events.map(({ event }) => event);
  }

  /** Waits for the event of this kind, the first or a later one. */
  async until(event: string, count = 1): Promise<StreamEvent> {
    const found = await until(`${count} ${event}`, () => this.events.filter((one) => one.event === event)[count - 1]);
    return found;
  }

  /** Reads no more; what comes stays in the buffers of both sides. */
  pause(): void {
    this.#response?.pause();
    this.#response?.socket.pause();
  }

  /** The client goes away. */
  close(): void {
    this.#request.destroy();
  }
}

/** What a client that follows the rules knows: instances by app and id, as they stand in the documents. */
export class WatchedState {
  #apps = new Map<string, Map<string, unknown>>();
  /** Between `gap` or the beginning and `synced` it may be incomplete. */
  isSynced = false;

  hear({ event, data }: StreamEvent): void {
    const app = `${String(data['env'])}/${String(data['appid'])}`;
    if (event === 'gap') this.#apps = new Map();
    if (event === 'gap') this.isSynced = false;
    else if (event === 'synced') this.isSynced = true;
    else if (event === 'snapshot') {
      const instances = data['instances'] as { instance: string }[];
      this.#apps.set(app, new Map(instances.map((document) => [document.instance, document])));
    } else if ('matches' in data) {
      const instances = this.#apps.get(app) ?? new Map<string, unknown>();
      this.#apps.set(app, instances);
      const known = instances.get(data['instance'] as string) as { revision: number } | undefined;
      if (known !== undefined && known.revision >= (data['revision'] as number))
        throw new Error(`${event} ${String(data['revision'])} was sent to a client that had ${known.revision}`);
      if (data['matches'] === true) instances.set(data['instance'] as string, data['after']);
      else instances.delete(data['instance'] as string);
    }
  }

  /** `prod/orders/a1` -> its document, sorted. */
  instances(): Map<string, unknown> {
    const all = [...this.#apps].flatMap(([app, instances]) =>
      [...instances].map(([id, document]) => [`${app}/${id}`, document] as const),
    );
    return new Map(all.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
