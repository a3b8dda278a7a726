// What comes of a call of the registry, in the four ways that make a difference to a client: done; refused, and will be
// again if nothing changes; not now (busy, starting, stopping, full); no answer at all.

import { retryAfterMs } from './retry-after.ts';

export type Document = Readonly<Record<string, unknown>>;

export type Reply =
  | { readonly kind: 'done'; readonly status: number; readonly document: Document }
  | { readonly kind: 'refused'; readonly status: number; readonly text: string }
  | { readonly kind: 'busy'; readonly status: number; readonly text: string; readonly waitMs: number | undefined }
  | { readonly kind: 'unreachable'; readonly text: string };

/** What of a response is read here. */
export type ResponseHead = Pick<Response, 'status' | 'headers'>;

/** Reads a response to its end. */
export async function replyOf(response: Response): Promise<Reply> {
  const text = await response.text();
  const document = documentOf(text);
  if (response.ok && document !== undefined) return { kind: 'done', status: response.status, document };
  return refusalOf(response, document);
}

/** A response that is no success, by its head and the document it has. */
export function refusalOf({ status, headers }: ResponseHead, document: Document | undefined): Reply {
  const { detail, title } = document ?? {};
  const said = typeof detail === 'string' ? detail : typeof title === 'string' ? title : undefined;
  const text = said ?? `status ${status}, which is not rollcall's way`;
  const isTemporary = status >= 500 || status === 408 || status === 429;
  if (!isTemporary && status >= 400) return { kind: 'refused', status, text };
  return { kind: 'busy', status, text, waitMs: retryAfterMs(headers.get('retry-after'), Date.now()) };
}

export function documentOf(text: string): Document | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Document) : undefined;
  } catch {
    return undefined;
  }
}
