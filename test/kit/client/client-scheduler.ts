// A clock and a registry for the client's unit tests: timers that fire when a test moves the clock, and a `fetch` that is
// answered from a script and records its requests.

import type { Fetch } from '../../../src/client/registry/http-request.ts';
import type { Scheduler } from '../../../src/runtime/scheduler.ts';

export class FakeScheduler implements Scheduler {
  #nowMs = 1_000_000;
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(ms, 0), run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  nextTurn(run: () => void): void {
    setImmediate(run);
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

/** Lets settled promises take effect, and what follows from them. */
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

/** A status with a document, a stream that the test writes, a text that is no document, a refused connection, or silence. */
export type Answer =
  | { readonly status: number; readonly document?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly stream: FakeStream }
  | { readonly status: number; readonly text: string }
  | 'refused'
  | 'silence';

export class FakeStream {
  readonly body: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  isCancelled = false;

  constructor() {
    this.body = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
    });
  }

  /** The client has gone. */
  abort(reason: unknown): void {
    this.isCancelled = true;
    this.#controller?.error(reason);
  }

  /** One event; `id` is its position. */
  async send(event: string, data: unknown, id?: number): Promise<void> {
    const position = id === undefined ? '' : `id: ${id}\n`;
    await this.write(`${position}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
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

/** A problem document of the registry (RFC 9457). */
export function problem(status: number, kind: string, detail = kind, errors?: readonly object[]): Answer {
  const document = { type: `urn:rollcall:problem:${kind}`, title: kind, status, detail, errors };
  return { status, document };
}

export const unknownInstance = problem(404, 'unknown-instance');

/** A `fetch` that asks the script, and the requests it got. */
export function fakeFetch(script: (asked: Asked) => Answer): { readonly fetch: Fetch; readonly asked: Asked[] } {
  const asked: Asked[] = [];
  const answer: Fetch = async (url, { method, body, headers, signal }) => {
    const call = {
      method,
      url,
      headers,
      body: typeof body === 'string' ? (JSON.parse(body) as unknown) : undefined,
    };
    asked.push(call);
    signal.throwIfAborted();
    const reply = script(call);
    if (reply === 'refused')
      throw new TypeError('fetch failed', {
        cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
      });
    if (reply === 'silence') {
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    }
    if ('text' in reply) return new Response(reply.text, { status: reply.status });
    if ('stream' in reply) {
      const { stream } = reply;
      signal.addEventListener('abort', () => stream.abort(signal.reason), { once: true });
      return new Response(stream.body, { headers: { 'content-type': 'text/event-stream' } });
    }
    return new Response(JSON.stringify(reply.document ?? {}), { status: reply.status, headers: reply.headers ?? {} });
  };
  return { fetch: answer, asked };
}
