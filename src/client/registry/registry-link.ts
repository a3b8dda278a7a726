// The way to the registry: several addresses of it, of which the one that answered last is asked first. A call goes on to
// the next address when one cannot be reached or is busy; an address that said `Retry-After` is left alone until then.
// Every call is one that may be made twice: each sets a state and none adds to one.
// Limits: each address is tried once a call; when to call again is for the caller to know.

import type { Time } from '../time.ts';
import { documentOf, type Reply, refusalOf, replyOf } from './reply.ts';

export interface RegistryLinkOptions {
  /** Origins: `http://10.0.0.5:7171`. At least one. */
  readonly addresses: readonly string[];
  readonly token?: string | undefined;
  readonly fetch: typeof fetch;
  readonly time: Time;
  /** For a reply, or for the head of a stream. */
  readonly replyWithinMs: number;
}

export interface ApiCall {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** From the root, percent-encoded. */
  readonly path: string;
  readonly body?: unknown;
  /** Beyond what replies have anyway, for calls that wait at the registry. */
  readonly moreMs?: number;
}

/** A stream of events, open: `address` is where. */
export interface OpenStream {
  readonly kind: 'open';
  readonly address: string;
  readonly body: ReadableStream<Uint8Array>;
}

/** What is done with a response of one address. */
type Reading<T extends Reply | OpenStream> = (response: Response, address: string) => Promise<T>;

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

  /** Makes the call. An aborted signal gives `unreachable`. */
  async call({ method, path, body, moreMs = 0 }: ApiCall, signal: AbortSignal): Promise<Reply> {
    const init: RequestInit = {
      method,
      headers: this.#headers(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const withinMs = this.#options.replyWithinMs + moreMs;
    return this.#atEach<Reply>(
      path,
      () => init,
      signal,
      withinMs,
      async (response) => replyOf(response),
    );
  }

  /** Opens a stream. `lastEventId` says where the caller is in the stream of that address, if anywhere. */
  stream(
    path: string,
    lastEventId: (address: string) => string | undefined,
    signal: AbortSignal,
  ): Promise<OpenStream | Reply> {
    const init = (address: string): RequestInit => {
      const id = lastEventId(address);
      return {
        headers: this.#headers({ accept: 'text/event-stream', ...(id === undefined ? {} : { 'last-event-id': id }) }),
      };
    };
    return this.#atEach<OpenStream | Reply>(
      path,
      init,
      signal,
      this.#options.replyWithinMs,
      async (response, address) => {
        const { body, status, headers } = response;
        const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true;
        if (status === 200 && isStream && body !== null) return { kind: 'open', address, body };
        return refusalOf(response, documentOf(await response.text()));
      },
    );
  }

  #headers(more: Readonly<Record<string, string>>): Record<string, string> {
    const { token } = this.#options;
    return {
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...more,
    };
  }

  /** The first definite answer; else the reason of the last address that had one. */
  async #atEach<T extends Reply | OpenStream>(
    path: string,
    init: (address: string) => RequestInit,
    signal: AbortSignal,
    withinMs: number,
    read: Reading<T>,
  ): Promise<T | Reply> {
    const { addresses, time } = this.#options;
    let worst: Reply | undefined;
    for (let turn = 0; turn < addresses.length; turn++) {
      const index = (this.#preferred + turn) % addresses.length;
      const address = addresses[index] as string;
      const leftMs = (this.#pausedUntilMs.get(address) ?? 0) - time.monotonicMs();
      if (leftMs > 0) {
        worst = worse(worst, { kind: 'busy', status: 503, text: `${address} asked to be left alone`, waitMs: leftMs });
        continue;
      }
      const reply = await this.#atOne(address, path, init(address), signal, withinMs, read);
      if (reply.kind !== 'busy' && reply.kind !== 'unreachable') {
        this.#preferred = index;
        return reply;
      }
      if (reply.kind === 'busy' && reply.waitMs !== undefined)
        this.#pausedUntilMs.set(address, time.monotonicMs() + reply.waitMs);
      worst = worse(worst, reply);
      if (signal.aborted) break;
    }
    return worst as Reply;
  }

  async #atOne<T extends Reply | OpenStream>(
    address: string,
    path: string,
    init: RequestInit,
    signal: AbortSignal,
    withinMs: number,
    read: Reading<T>,
  ): Promise<T | Reply> {
    const { fetch, time } = this.#options;
    const late = new AbortController();
    const takeBack = time.after(withinMs, () => late.abort(new Error(`no reply within ${withinMs} ms`)));
    try {
      const all = { ...init, redirect: 'manual' as const, signal: AbortSignal.any([signal, late.signal]) };
      return await read(await fetch(address + path, all), address);
    } catch (error) {
      return { kind: 'unreachable', text: `cannot reach rollcall at ${address}: ${reasonOf(error)}` };
    } finally {
      takeBack();
    }
  }
}

type BadReply = Extract<Reply, { readonly kind: 'busy' | 'unreachable' }>;

/** Who is busy may be asked again soonest; that one is told. */
function worse(known: Reply | undefined, reply: BadReply): Reply {
  if (known === undefined || known.kind !== 'busy') return reply;
  if (reply.kind !== 'busy') return known;
  return (reply.waitMs ?? 0) < (known.waitMs ?? 0) ? reply : known;
}

/** fetch hides why it failed one or two causes deep. */
function reasonOf(error: unknown): string {
  let deepest = error;
  for (let depth = 0; depth < 4 && deepest instanceof Error && deepest.cause instanceof Error; depth++)
    deepest = deepest.cause;
  if (deepest instanceof AggregateError && deepest.errors[0] instanceof Error) deepest = deepest.errors[0];
  return deepest instanceof Error ? deepest.message : String(deepest);
}
