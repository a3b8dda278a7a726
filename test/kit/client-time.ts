// Time, chance and a registry for the client's unit tests: timers that fire when a test moves the clock, and a `fetch`
// that is answered from a script and remembers what it was asked.

import type { Time } from '../../src/client/time.ts';

export class FakeTime implements Time {
  #nowMs = 1_000_000;
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>();

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(ms, 0), run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Timers that are set. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Moves on, firing each timer at its time; what follows from it is done before the next one. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await turns();
    for (;;) {
      const due = [...this.#timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.run();
      await turns();
    }
    this.#nowMs = endMs;
  }
}

/** Lets promises that are settled be heard, and what follows from them. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export interface Asked {
  readonly method: string;
  /** Origin, path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What is answered: a status with a document, a stream that the test writes, or nothing at all. */
export type Answer =
  | { readonly status: number; readonly document?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly stream: FakeStream }
  | 'refused';

export class FakeStream {
  readonly body: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  isCancelled = false;

  constructor() {
    this.body = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => {
        this.isCancelled = true;
      },
    });
  }

  /** One event; `id` is its place. */
  async tell(event: string, data: unknown, id?: number): Promise<void> {
    const place = id === undefined ? '' : `id: ${id}\n`;
    await this.write(`${place}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  async write(text: string): Promise<void> {
    this.#controller?.enqueue(new TextEncoder().encode(text));
    await turns();
  }

  async end(): Promise<void> {
    this.#controller?.close();
    await turns();
  }
}

/** A `fetch` that asks the script, and the calls it was asked. */
export function fakeFetch(script: (asked: Asked) => Answer): { readonly fetch: typeof fetch; readonly asked: Asked[] } {
  const asked: Asked[] = [];
  const answer = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const { method = 'GET', body, headers } = init;
    const call = {
      method,
      url,
      headers: headers as Record<string, string>,
      body: typeof body === 'string' ? (JSON.parse(body) as unknown) : undefined,
    };
    asked.push(call);
    init.signal?.throwIfAborted();
    const said = script(call);
    if (said === 'refused')
      throw new TypeError('fetch failed', {
        cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
      });
    if ('stream' in said) return new Response(said.stream.body, { headers: { 'content-type': 'text/event-stream' } });
    return new Response(JSON.stringify(said.document ?? {}), { status: said.status, headers: said.headers ?? {} });
  };
  return { fetch: answer as unknown as typeof fetch, asked };
}
