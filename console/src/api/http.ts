// Calls of the HTTP API, with the token of this session. What can go wrong is a value: `problem` is what the server answers
// (RFC 9457), `unreachable` is the network. All addresses are relative to where the page came from, so a proxy may put
// the server below a path of its own. Limits: a call that takes longer than `callMsMax` is given up.

import { noteRefusal, token } from '../session.ts';
import type { Problem } from './shapes.ts';

export type Result<T> =
  | { readonly kind: 'ok'; readonly value: T; readonly etag: string | undefined }
  | { readonly kind: 'problem'; readonly problem: Problem }
  | { readonly kind: 'unreachable'; readonly text: string };

export interface CallOptions {
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const callMsMax = 30_000;

/** The server's root, behind any path prefix. */
const root = new URL('../', document.baseURI);

/** The address of a call, such as `api/v1/apps`. */
export function addressOf(path: string, query: CallOptions['query'] = {}): URL {
  const url = new URL(path, root);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

export function authorization(): Record<string, string> {
  return token.value === '' ? {} : { authorization: `Bearer ${token.value}` };
}

/** By how much the server's clock is ahead of ours; small differences are the network's. */
let aheadMs = 0;
const aheadMsIgnored = 2500;

/** Now, by the server's clock: its leases end by that. */
export function serverNowMs(): number {
  return Date.now() + aheadMs;
}

export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<Result<T>> {
  const { query, body, headers, signal } = options;
  const limit = AbortSignal.timeout(callMsMax);
  const isPatch = method === 'PATCH';
  const type =
    body === undefined ? {} : { 'content-type': isPatch ? 'application/merge-patch+json' : 'application/json' };
  try {
    const reply = await fetch(addressOf(path, query), {
      method,
      headers: { accept: 'application/json', ...type, ...authorization(), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      cache: 'no-store',
    });
    noteDate(reply.headers.get('date'));
    if (reply.ok) {
      const isJson = reply.headers.get('content-type')?.includes('json') === true;
      const value = (isJson ? await reply.json() : await reply.text()) as T;
      return { kind: 'ok', value, etag: reply.headers.get('etag') ?? undefined };
    }
    const problem = await problemOf(reply);
    noteRefusal(problem);
    return { kind: 'problem', problem };
  } catch (error) {
    return {
      kind: 'unreachable',
      text: (error as Error).name === 'TimeoutError' ? 'no reply within 30 s' : 'no connection',
    };
  }
}

export function get<T>(path: string, query?: CallOptions['query'], signal?: AbortSignal): Promise<Result<T>> {
  return call<T>('GET', path, {
    ...(query === undefined ? {} : { query }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** A refusal as the server gave it; a proxy in front of it may answer with something else. */
export async function problemOf(reply: Response): Promise<Problem> {
  const plain = { type: '', title: reply.statusText, status: reply.status, detail: `HTTP status ${reply.status}` };
  try {
    return { ...plain, ...((await reply.json()) as Partial<Problem>) };
  } catch {
    return plain;
  }
}

function noteDate(date: string | null): void {
  if (date === null) return;
  const differenceMs = Date.parse(date) - Date.now();
  aheadMs = Math.abs(differenceMs) > aheadMsIgnored ? differenceMs : 0;
}

/** What went wrong, in a sentence. */
export function failureText(result: Exclude<Result<unknown>, { readonly kind: 'ok' }>): string {
  return result.kind === 'problem' ? result.problem.detail : `The server cannot be reached: ${result.text}.`;
}
