// An etcd model for the ownership of instances: records, sessions, and a log that nodes read at their own pace.

import type { OwnedRecord, SwapIntent } from '../../../src/cluster/ownership/ownership-events.ts';

export type Logged =
  | { readonly kind: 'record'; readonly key: string; readonly record: OwnedRecord; readonly isRegistration: boolean }
  | { readonly kind: 'removed'; readonly key: string; readonly operation: string }
  | { readonly kind: 'session'; readonly node: string; readonly isLive: boolean };

export const leaseMs = 9000;
export const intervalMs = 3000;
export const sessionMs = 10_000;

export class OwnershipEtcd {
  readonly records = new Map<string, OwnedRecord>();
  /** Of each node: until when, and which of its sessions. */
  readonly sessions = new Map<string, { untilMs: number; number: number }>();
  readonly log: Logged[] = [];
  #revision = 0;
  #number = 0;

  expire(nowMs: number): void {
    for (const [node, { untilMs }] of this.sessions) if (untilMs <= nowMs) this.endSession(node);
  }

  openSession(node: string, nowMs: number): number {
    if (this.sessions.has(node)) this.endSession(node);
    this.sessions.set(node, { untilMs: nowMs + sessionMs, number: ++this.#number });
    this.log.push({ kind: 'session', node, isLive: true });
    return this.#number;
  }

  endSession(node: string): void {
    if (this.sessions.delete(node)) this.log.push({ kind: 'session', node, isLive: false });
  }

  register(key: string, owner: string, operation: string): void {
    this.#put(key, { ...this.#blank(owner, operation) }, true);
  }

  remove(key: string, operation: string): void {
    this.records.delete(key);
    this.#revision++;
    this.log.push({ kind: 'removed', key, operation });
  }

  /** Undefined: won. */
  swap(
    { key, change, expected, fence, id }: SwapIntent,
    node: string,
    session: number,
  ): { found: OwnedRecord | { absent: 'evicted' } } | undefined {
    const found = this.records.get(key);
    const isFenced = fence.session && this.sessions.get(node)?.number !== session;
    const isLive = fence.without !== undefined && this.sessions.has(fence.without);
    if ((found?.modRevision ?? 'absent') !== expected || isFenced || isLive)
      return { found: found ?? { absent: 'evicted' } };
    if (change === 'evict') this.remove(key, id);
    else if (change === 'return') this.#put(key, this.#blank(node, id), true);
    else if (found !== undefined && change === 'take-over')
      this.#put(key, { ...found, owner: node, operation: id }, false);
    return undefined;
  }

  #blank(owner: string, operation: string): OwnedRecord {
    const thenMs = Number.POSITIVE_INFINITY;
    return { owner, operation, modRevision: 0, leaseMs, intervalMs, atEnd: 'evict', deadline: 'first', thenMs };
  }

  #put(key: string, record: OwnedRecord, isRegistration: boolean): void {
    const numbered = { ...record, modRevision: ++this.#revision };
    this.records.set(key, numbered);
    this.log.push({ kind: 'record', key, record: numbered, isRegistration });
  }
}
