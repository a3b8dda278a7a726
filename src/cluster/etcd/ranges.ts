// Ranges of etcd's keys, and numbers between its 64 bits and JavaScript's.

import type { Entry } from '../engine.ts';
import type { KeyValue } from './generated/header_pb.ts';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export function bytesOf(key: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(key);
}

/** The first key after all that begin with `prefix`. A prefix that ends in octets of 255 is no text, so there is one. */
export function endOfPrefix(prefix: string): Uint8Array<ArrayBuffer> {
  const end = bytesOf(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}

/** The first key after this one. */
export function after(key: Uint8Array): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

export function entryOf({ key, value, createRevision, modRevision, lease }: KeyValue): Entry {
  return {
    key: decoder.decode(key),
    value,
    createRevision: Number(createRevision),
    modRevision: Number(modRevision),
    lease,
  };
}
