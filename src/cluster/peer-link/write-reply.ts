// A peer's reply to a write that was forwarded to it.

import { isObject } from '../../model/instance.ts';

export type WriteReply =
  /** `record`: as it is in etcd now; undefined: it is not there. */
  | {
      readonly kind: 'taken';
      readonly outcome: string;
      readonly record: { readonly value: Uint8Array; readonly modRevision: number } | undefined;
    }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'not-joined' };

export function writeReplyToJson(reply: WriteReply): object {
  if (reply.kind !== 'taken' || reply.record === undefined) return reply;
  const { value, modRevision } = reply.record;
  return { ...reply, record: { value: new TextDecoder().decode(value), modRevision } };
}

export function writeReplyOf(body: unknown): WriteReply | undefined {
  if (!isObject(body)) return undefined;
  const { kind, outcome, reason, record } = body;
  if (kind === 'not-joined') return { kind };
  if (kind === 'refused') return { kind, reason: String(reason).slice(0, 512) };
  if (kind !== 'taken' || typeof outcome !== 'string') return undefined;
  if (!isObject(record)) return { kind, outcome, record: undefined };
  const { value, modRevision } = record;
  if (typeof value !== 'string' || typeof modRevision !== 'number') return undefined;
  return { kind, outcome, record: { value: new TextEncoder().encode(value), modRevision } };
}

/** Whether a peer keeps a write that was announced to it. */
export function pendingTaken(body: unknown): boolean {
  return isObject(body) && body['kept'] === true;
}
