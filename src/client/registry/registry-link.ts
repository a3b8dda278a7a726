// Calls of the registry over several addresses of it: the one that answered last is asked first, the next one where an
// address cannot be reached, is busy, or is not rollcall. An address that sent `Retry-After` is left alone until then.
// Every call may be repeated: each sets a state and none adds to one.
// Addresses are nodes of one registry. One of another registry is not called once that is known: see identities.ts.
// Limits: each address is tried once a call; when to call again is the caller's decision.

import { registryHeader } from '../../model/life.ts';
import { deadline, type Scheduler } from '../../runtime/scheduler.ts';
import type { Fetch, HttpRequest, HttpResponse } from './http-request.ts';
import { Identities } from './identities.ts';
import { type HostLookUp, type NodePlace, Places } from './places.ts';
import { jsonObjectOf } from './problem-document.ts';
import { type FailedReply, failedReplyOf, type Reply, replyOf, textOf } from './reply.ts';
import { isUnsent } from './unsent.ts';

export interface RegistryLinkOptions {
  /** Origins: `http://10.0.0.5:7171`. At least one. */
  readonly addresses: readonly string[];
  /** For host names with several addresses; undefined: names are left to `fetch`. */
  readonly lookUp?: HostLookUp | undefined;
  /**
   * Called with a sentence when an address is found to be of another registry; once for each. Where it is given, all
   * addresses are asked who they are after the first reply of one.
   */
  readonly onOtherRegistry?: ((text: string) => void) | undefined;
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

/** What is read while it comes. `close` ends its body, which then throws. */
export interface OpenStream {
  readonly kind: 'open';
  readonly address: string;
  readonly body: AsyncIterable<Uint8Array>;
  close(): void;
}

/** A request of one address: its end is the caller's, or its own. */
type Exchange<T> = (place: NodePlace, signal: AbortSignal) => Promise<T>;

export class RegistryLink {
  readonly #options: RegistryLinkOptions;
  readonly #places: Places;
  readonly #identities = new Identities();
  readonly #reported = new Set<string>();
  /** By the name of the place. */
  readonly #pausedUntilMs = new Map<string, number>();
  #preferred = '';
  readonly #closed = new AbortController();
  #hasCompared = false;

  constructor(options: RegistryLinkOptions) {
    this.#options = options;
    this.#places = new Places({ ...options, lookUp: options.lookUp });
  }

  /** There is no other place to go to. */
  get isSingle(): boolean {
    return this.#places.known.length === 1;
  }

  /** Makes the call; never rejects. Once the signal aborts the outcome is `unreachable`. */
  call({ method = 'GET', path, body, headers, serverWaitMs = 0 }: ApiCall, signal: AbortSignal): Promise<Reply> {
    const timeoutMs = this.#options.requestTimeoutMs + serverWaitMs;
    return this.#atEach<Reply>(signal, timeoutMs, async (place, ends) => {
      const request = {
        method,
        headers: this.#headers({ ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers }),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'manual',
        signal: ends,
      } as const;
      const response = await this.#fetch(place, path, request);
      return replyOf(response, `${place.name} answered ${method} ${path}`);
    });
  }

  /** Opens a stream of events. `lastEventId`: the caller's position, which holds at every node; it names its registry too. */
  stream(path: string, lastEventId: string | undefined, signal: AbortSignal): Promise<OpenStream | FailedReply> {
    const position: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    return this.open(path, 'text/event-stream', signal, position);
  }

  /** Asks for a reply of that media type, which is read while it comes. */
  open(
    path: string,
    type: string,
    signal: AbortSignal,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<OpenStream | FailedReply> {
    return this.#atEach<OpenStream | FailedReply>(signal, this.#options.requestTimeoutMs, async (place, ends) => {
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
        headers: this.#headers({ accept: type, ...headers }),
        redirect: 'manual',
        signal: closing.signal,
      } as const;
      try {
        const response = await this.#fetch(place, path, request);
        if (hasType(response, type)) return { kind: 'open', address: place.name, body: response.body, close };
        const document = jsonObjectOf(await textOf(response));
        close();
        return failedReplyOf(response, document, `${place.name} answered GET ${path}`);
      } catch (error) {
        close();
        throw error;
      }
    });
  }

  async #fetch(place: NodePlace, path: string, request: HttpRequest): Promise<HttpResponse> {
    const { fetch, scheduler } = this.#options;
    const { address, connectTo } = place;
    const response = await fetch(address + path, connectTo === undefined ? request : { ...request, connectTo });
    this.#identities.heard(place, response.headers.get(registryHeader), scheduler.nowMs());
    return response;
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
    const { scheduler } = this.#options;
    const looking = this.#places.refresh();
    if (looking !== undefined) await looking;
    let worst: FailedReply | undefined;
    for (const place of this.#inTurn()) {
      const pausedMs = (this.#pausedUntilMs.get(place.name) ?? 0) - scheduler.nowMs();
      if (pausedMs > 0) {
        worst = worse(worst, paused(place.name, pausedMs));
        continue;
      }
      const objection = await this.#objection(place, signal);
      if (objection !== undefined) {
        worst ??= notOurs(objection);
        continue;
      }
      const reply = await this.#atOne(place, signal, timeoutMs, exchange);
      if (!isMissing(reply)) {
        this.#preferred = place.name;
        this.#identities.use(place);
        this.#compareOnce();
        return reply;
      }
      if (reply.kind === 'busy' && reply.retryAfterMs !== undefined)
        this.#pausedUntilMs.set(place.name, scheduler.nowMs() + reply.retryAfterMs);
      worst = worse(worst, reply);
      if (signal.aborted) break;
    }
    return worst as FailedReply;
  }

  /** The places, beginning with the one that answered last. */
  #inTurn(): readonly NodePlace[] {
    const { known } = this.#places;
    const first = Math.max(
      known.findIndex(({ name }) => name === this.#preferred),
      0,
    );
    return [...known.slice(first), ...known.slice(0, first)];
  }

  /** Why a place is left out: it is of another registry. It is asked first where that is not known. */
  async #objection(place: NodePlace, signal: AbortSignal): Promise<string | undefined> {
    const { scheduler, onOtherRegistry } = this.#options;
    if (this.#identities.isToBeAsked(place, scheduler.nowMs())) await this.#ask(place, signal);
    const objection = this.#identities.objection(place);
    if (objection === undefined) this.#reported.delete(place.name);
    else if (!this.#reported.has(place.name)) {
      this.#reported.add(place.name);
      onOtherRegistry?.(objection);
    }
    return objection;
  }

  /** Whatever it answers, its registry is in a header. */
  async #ask(place: NodePlace, signal: AbortSignal): Promise<void> {
    await this.#atOne(place, signal, this.#options.requestTimeoutMs, async (asked, ends) => {
      const request = { method: 'GET', headers: this.#headers({}), redirect: 'manual', signal: ends } as const;
      await textOf(await this.#fetch(asked, '/api/v1/apps?limit=1', request));
      return { kind: 'asked' };
    });
  }

  /** In the background, so that a mistake in the list of addresses shows before the second one is needed. */
  #compareOnce(): void {
    if (this.#hasCompared || this.isSingle || this.#options.onOtherRegistry === undefined) return;
    this.#hasCompared = true;
    for (const place of this.#inTurn().slice(1)) void this.#objection(place, this.#closed.signal);
  }

  /** Ends what goes on in the background; calls are ended by their own signals. */
  close(): void {
    this.#closed.abort(new Error('the link was closed'));
  }

  async #atOne<T>(
    place: NodePlace,
    signal: AbortSignal,
    timeoutMs: number,
    exchange: Exchange<T>,
  ): Promise<T | FailedReply> {
    const limit = deadline(this.#options.scheduler, timeoutMs, `no reply within ${timeoutMs / 1000} s`, signal);
    try {
      return await exchange(place, limit.signal);
    } catch (error) {
      const deepest = deepestOf(error);
      const text = `cannot reach rollcall at ${place.name}: ${deepest.message}`;
      return { kind: 'unreachable', text, error: deepest, isUnapplied: isUnsent(deepest) };
    } finally {
      limit.clear();
    }
  }
}

function hasType(
  response: HttpResponse,
  wanted: string,
): response is HttpResponse & { readonly body: AsyncIterable<Uint8Array> } {
  const type = response.headers.get('content-type') ?? '';
  return response.status === 200 && type.startsWith(wanted) && response.body !== null;
}

function paused(name: string, waitMs: number): FailedReply {
  const text = `${name} asked to be called later`;
  return { kind: 'busy', status: 503, text, problem: undefined, retryAfterMs: waitMs, isUnapplied: true };
}

/** 421: it answers, and is not the one that is meant (RFC 9110 §15.5.20). */
function notOurs(text: string): FailedReply {
  return { kind: 'foreign', status: 421, text, isUnapplied: true };
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
