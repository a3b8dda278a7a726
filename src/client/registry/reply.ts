// The outcome of a call of the registry, in the five ways that make a difference: done; refused, and refused again unless
// something changes; not now (overloaded, starting, stopping, full); answered by something that is not rollcall, such as
// a proxy in between; not answered at all.
// Limits: a reply has at most `replyOctetsMax`, more than the largest app with all its metadata.

import type { HttpResponse } from './http-request.ts';
import {
  type JsonObject,
  jsonObjectOf,
  notDurableType,
  type ProblemDocument,
  problemDocumentOf,
  unknownInstanceType,
} from './problem-document.ts';

export interface DoneReply {
  readonly kind: 'done';
  readonly status: number;
  readonly document: JsonObject;
  readonly headers: HttpResponse['headers'];
}

interface Failure {
  readonly text: string;
  /** The registry has certainly changed nothing. */
  readonly isUnapplied: boolean;
}

export type FailedReply = Failure &
  (
    | { readonly kind: 'refused'; readonly status: number; readonly problem: ProblemDocument }
    | {
        readonly kind: 'busy';
        readonly status: number;
        readonly problem: ProblemDocument | undefined;
        readonly retryAfterMs: number | undefined;
      }
    | { readonly kind: 'foreign'; readonly status: number }
    | { readonly kind: 'unreachable'; readonly error: NodeJS.ErrnoException }
  );

export type RefusedReply = Extract<FailedReply, { readonly kind: 'refused' }>;

export type Reply = DoneReply | FailedReply;

const replyOctetsMax = 64 * 1024 * 1024;

/** Reads a response to its end. `request`: how its text names it, `http://10.0.0.5:7171 answered GET /x`. */
export async function replyOf(response: HttpResponse, request: string): Promise<Reply> {
  const { status, headers } = response;
  const document = jsonObjectOf(await textOf(response));
  if (status >= 200 && status < 300 && document !== undefined) return { kind: 'done', status, document, headers };
  return failedReplyOf(response, document, request);
}

/** A response that is no success, by its head and the document that it has. */
export function failedReplyOf(
  { status, headers }: Pick<HttpResponse, 'status' | 'headers'>,
  document: JsonObject | undefined,
  request: string,
): FailedReply {
  const problem = problemDocumentOf(document);
  const text = problem?.detail ?? `${request} with status ${status}, which is not a rollcall reply`;
  const isTemporary = status >= 500 || status === 408 || status === 429;
  if (isTemporary) {
    const waitMs = retryAfterMs(headers.get('retry-after'), Date.now());
    const isUnapplied = problem !== undefined && problem.type !== notDurableType;
    return { kind: 'busy', status, text, problem, retryAfterMs: waitMs, isUnapplied };
  }
  if (problem !== undefined && status >= 400) return { kind: 'refused', status, text, problem, isUnapplied: true };
  return { kind: 'foreign', status, text, isUnapplied: false };
}

/** The registry itself answered that there is no such instance. */
export function isUnknownInstance(reply: Reply): boolean {
  return reply.kind === 'refused' && reply.problem.type === unknownInstanceType;
}

/** As UTF-8; rejects where it is too long. */
export async function textOf({ body }: HttpResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let octets = 0;
  for await (const chunk of body ?? []) {
    octets += chunk.length;
    if (octets > replyOctetsMax) throw new Error(`the reply is longer than ${replyOctetsMax} octets`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export const retryAfterMsMax = 60_000;

/** Milliseconds; undefined: there is none, or it cannot be read. */
export function retryAfterMs(header: string | null, wallMs: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - wallMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), retryAfterMsMax);
}
