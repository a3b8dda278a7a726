// Calls of the registry over several addresses of it: the one that answered last is asked first, the next one where an
// address cannot be reached, is busy, or is not rollcall. An address that sent `Retry-After` is left alone until then.
// Every call may be repeated: each sets a state and none adds to one.
// Limits: each address is tried once a call; when to call again is the caller's decision.

import { deadline, type Scheduler } from '../../runtime/scheduler.ts';
import type { Fetch, HttpResponse } from './http-request.ts';
import { jsonObjectOf } from './problem-document.ts';
import { type FailedReply, failedReplyOf, type Reply, replyOf, textOf } from './reply.ts';

export interface RegistryLinkOptions {
  /** Origins: `http://10.0.0.5:7171`. At least one. */
  readonly addresses: readonly string[];
  readonly token?: string | undefined;
  readonly fetch: Fetch;
  readonly scheduler: Scheduler;
  /** For a reply of one address, or for the head of a stream. */
  readonly requestTimeoutMs: number;
}

export interface ApiCall {
  /** `GET` by default. */
  readonly method?: string;
  /** From the root, percent-encoded; sent as it is. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** For how long the registry itself was asked to wait before it replies; 0 by default. */
  readonly serverWaitMs?: number;
}

/** An open stream of events. `close` ends its body, which then throws. */
export interface OpenStream {
  readonly kind: 'open';
  readonly address: string;
  readonly body: AsyncIterable<Uint8Array>;
  close(): void;
}

/** A request of one address: its end is the caller's, or its own. */
type Exchange<T> = (address: string, signal: AbortSignal) => Promise<T>;

export class RegistryLink {
  readonly #options: RegistryLinkOptions;
  readonly #pausedUntilMs = new Map<string, number>();
  #preferred = 0;

  constructor(options: RegistryLinkOptions) {
    this.#options = options;
  }

  get addresses(): readonly string[] {
    return this.#options.addresses;
  }

  /** Makes the call; never rejects. Once the signal aborts the outcome is `unreachable`. */
  call({ method = 'GET', path, body, headers, serverWaitMs = 0 }: ApiCall, signal: AbortSignal): Promise<Reply> {
    const timeoutMs = this.#options.requestTimeoutMs + serverWaitMs;
    return this.#atEach<Reply>(signal, timeoutMs, async (address, ends) => {
      const request = {
        method,
        headers: this.#headers({ ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers }),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'manual',
        signal: ends,
      } as const;
      const response = await this.#options.fetch(address + path, request);
      return replyOf(response, `${address} answered ${method} ${path}`);
    });
  }

  /** Opens a stream. `lastEventId`: the caller's position in the stream of that address, if any. */
  stream(
    path: string,
    lastEventId: (address: string) => string | undefined,
    signal: AbortSignal,
  ): Promise<OpenStream | FailedReply> {
    return this.#atEach<OpenStream | FailedReply>(signal, this.#options.requestTimeoutMs, async (address, ends) => {
      const id = lastEventId(address);
      const closing = new AbortController();
      // Once the stream is open the deadline is over, and only the caller's signal ends it.
      const abort = (): void => closing.abort(ends.reason);
      ends.addEventListener('abort', abort, { once: true });
      const close = (): void => {
        ends.removeEventListener('abort', abort);
        closing.abort(new Error('the stream was closed'));
      };
      const request = {
        method: 'GET',
        headers: this.#headers({ accept: 'text/event-stream', ...(id === undefined ? {} : { 'last-event-id': id }) }),
        redirect: 'manual',
        signal: closing.signal,
      } as const;
      try {
        const response = await this.#options.fetch(address + path, request);
        if (isEventStream(response)) return { kind: 'open', address, body: response.body, close };
        const document = jsonObjectOf(await textOf(response));
        close();
        return failedReplyOf(response, document, `${address} answered GET ${path}`);
      } catch (error) {
        close();
        throw error;
      }
    });
  }

  #headers(more: Readonly<Record<string, string>>): Record<string, string> {
    const { token } = this.#options;
    return {
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...more,
    };
  }

  /** The first definite outcome; else the most informative one about when to retry. */
  async #atEach<T extends { readonly kind: string }>(
    signal: AbortSignal,
    timeoutMs: number,
    exchange: Exchange<T | FailedReply>,
  ): Promise<T | FailedReply> {
    const { addresses, scheduler } = this.#options;
    let worst: FailedReply | undefined;
    for (let turn = 0; turn < addresses.length; turn++) {
      const index = (this.#preferred + turn) % addresses.length;
      const address = addresses[index] as string;
      const pausedMs = (this.#pausedUntilMs.get(address) ?? 0) - scheduler.nowMs();
      const reply = pausedMs > 0 ? paused(address, pausedMs) : await this.#atOne(address, signal, timeoutMs, exchange);
      if (!isMissing(reply)) {
        this.#preferred = index;
        return reply;
      }
      if (pausedMs <= 0 && reply.kind === 'busy' && reply.retryAfterMs !== undefined)
        this.#pausedUntilMs.set(address, scheduler.nowMs() + reply.retryAfterMs);
      worst = worse(worst, reply);
      if (signal.aborted) break;
    }
    return worst as FailedReply;
  }

  async #atOne<T>(
    address: string,
    signal: AbortSignal,
    timeoutMs: number,
    exchange: Exchange<T>,
  ): Promise<T | FailedReply> {
    const limit = deadline(this.#options.scheduler, timeoutMs, `no reply within ${timeoutMs / 1000} s`, signal);
    try {
      return await exchange(address, limit.signal);
    } catch (error) {
      const deepest = deepestOf(error);
      const text = `cannot reach rollcall at ${address}: ${deepest.message}`;
      return { kind: 'unreachable', text, error: deepest, isUnapplied: unsentCodes.has(deepest.code) };
    } finally {
      limit.clear();
    }
  }
}

function isEventStream(
  response: HttpResponse,
): response is HttpResponse & { readonly body: AsyncIterable<Uint8Array> } {
  const type = response.headers.get('content-type') ?? '';
  return response.status === 200 && type.startsWith('text/event-stream') && response.body !== null;
}

/** No connection came about. */
const unsentCodes: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

function paused(address: string, waitMs: number): FailedReply {
  const text = `${address} asked to be called later`;
  return { kind: 'busy', status: 503, text, problem: undefined, retryAfterMs: waitMs, isUnapplied: true };
}

/** Another address may know better. */
function isMissing(reply: { readonly kind: string } | FailedReply): reply is FailedReply {
  return reply.kind === 'busy' || reply.kind === 'foreign' || reply.kind === 'unreachable';
}

/** The address that can be asked again soonest; of others the last. What one may have applied, none has not. */
function worse(known: FailedReply | undefined, reply: FailedReply): FailedReply {
  if (known === undefined) return reply;
  const isLater =
    known.kind === 'busy' && (reply.kind !== 'busy' || (reply.retryAfterMs ?? 0) >= (known.retryAfterMs ?? 0));
  return { ...(isLater ? known : reply), isUnapplied: known.isUnapplied && reply.isUnapplied };
}

/** The innermost cause: fetch wraps it once or twice, and so does an attempt over two address families. */
function deepestOf(error: unknown): NodeJS.ErrnoException {
  let deepest = error;
  for (let depth = 0; depth < 4 && deepest instanceof Error; depth++) {
    if (deepest instanceof AggregateError && deepest.errors[0] instanceof Error) deepest = deepest.errors[0];
    else if (deepest.cause instanceof Error) deepest = deepest.cause;
    else break;
  }
  return deepest instanceof Error ? deepest : new Error(String(deepest));
}
