// A session: an etcd lease with one key on it, kept alive. That it lives is proven until the moment counted from the
// *sending* of the last keep-alive that was answered, since it is not known when etcd had it. Silence ends nothing: a new
// leader gives every lease its full time again, so a session may outlive an outage. It is over when etcd reports that the
// lease has no time left, or when its key was seen to go; then a new one is opened at once.

import { setTimeout as pause } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { type Fault, isFault, type Session, type SessionEvent, type SessionOptions, type Swap } from '../engine.ts';
import { type CallError, callFault } from './call-fault.ts';
import type { Connection } from './connection.ts';
import { LeaseKeepAliveRequestSchema } from './generated/lease_pb.ts';
import type { Stream } from './member.ts';
import { rpcs } from './rpcs.ts';
import { swapGroup } from './swaps.ts';

/** Taken off the proof for the time between etcd's clock and ours. */
const marginMs = 1000;
const callMs = 3000;
const againMs = { min: 100, max: 300 } as const;
/** Between two looks at a key that another session holds. */
const occupiedMs = 300;
/** Of the revocation when the node stops. */
const revokeMs = 1000;

interface Granted {
  readonly lease: bigint;
  readonly ttlMs: number;
  readonly sentMs: number;
}

export class LeaseSession implements Session {
  readonly #connection: Connection;
  readonly #options: SessionOptions;
  readonly #onEvent: (event: SessionEvent) => void;
  readonly #closing = new AbortController();
  #held: { readonly lease: bigint; readonly revision: number } | undefined;
  #granted: Granted | undefined;
  #provenUntilMs = Number.NEGATIVE_INFINITY;
  #endKeeping: ((isLost: boolean) => void) | undefined;

  constructor(connection: Connection, options: SessionOptions, onEvent: (event: SessionEvent) => void) {
    this.#connection = connection;
    this.#options = options;
    this.#onEvent = onEvent;
    void this.#run();
  }

  get lease(): bigint | undefined {
    return this.#held?.lease;
  }

  get provenUntilMs(): number {
    return this.#provenUntilMs;
  }

  noteDeleted(revision: number): void {
    if (this.#held !== undefined && revision > this.#held.revision) this.#endKeeping?.(true);
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const granted = this.#granted;
    this.#closing.abort();
    this.#endKeeping?.(false);
    this.#drop();
    if (granted !== undefined && this.#connection.member !== undefined)
      await this.#connection.call(rpcs.revoke, { ID: granted.lease }, revokeMs);
  }

  get #isOver(): boolean {
    return this.#closing.signal.aborted || this.#connection.isClosed;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const held = await this.#open();
      if (held === undefined || this.#isOver) continue;
      this.#held = held;
      this.#onEvent({ kind: 'held', ...held });
      while (!this.#isOver && this.#held !== undefined) await this.#keepOnce(held.lease);
    }
  }

  /** Undefined: not this time; the reason is logged. */
  async #open(): Promise<{ readonly lease: bigint; readonly revision: number } | undefined> {
    const granted = await this.#grant();
    if (isFault(granted)) {
      this.#onEvent({ kind: 'failed', fault: granted });
      await this.#pause();
      return undefined;
    }
    const reply = await swapGroup(this.#connection, { swaps: [this.#claim(granted.lease)], puts: [] }, callMs);
    if (this.#isOver) return undefined;
    if (isFault(reply)) {
      if (reply.fault !== 'unavailable') this.#granted = undefined;
      this.#onEvent({ kind: 'failed', fault: reply });
      await this.#pause();
      return undefined;
    }
    const [verdict] = reply.verdicts;
    if (verdict === undefined || verdict.verdict !== 'lost') {
      this.#provenUntilMs = granted.sentMs + granted.ttlMs - marginMs;
      return { lease: granted.lease, revision: reply.revision };
    }
    const [holder] = verdict.found;
    if (holder === undefined) return undefined;
    if (holder.lease !== 0n && holder.lease === this.#options.replaces) {
      const revoked = await this.#connection.call(rpcs.revoke, { ID: holder.lease }, callMs);
      if (isFault(revoked)) await this.#pause();
      return undefined;
    }
    this.#onEvent({ kind: 'occupied', holder });
    await this.#pause(occupiedMs);
    return undefined;
  }

  /** One that was granted lately is used, so that an etcd that grants and then fails is not filled with leases. */
  async #grant(): Promise<Granted | Fault> {
    const nowMs = this.#connection.clock.monotonicMs();
    if (this.#granted !== undefined && nowMs - this.#granted.sentMs < this.#granted.ttlMs / 2) return this.#granted;
    this.#granted = undefined;
    const reply = await this.#connection.call(rpcs.grant, { TTL: BigInt(this.#options.ttlSeconds) }, callMs);
    if (isFault(reply)) return reply;
    const granted = { lease: reply.ID, ttlMs: Number(reply.TTL) * 1000, sentMs: nowMs };
    this.#granted = granted;
    return granted;
  }

  /** If an earlier attempt won unseen, the key holds our own lease. */
  #claim(lease: bigint): Swap {
    const { key, value } = this.#options;
    return {
      conditions: [{ key, is: 'absent' }],
      writes: [{ key, value, lease }],
      reads: [key],
      isOwn: ([holder]) => holder?.lease === lease,
    };
  }

  /** One keep-alive stream, to its end. */
  async #keepOnce(lease: bigint): Promise<void> {
    const ended = Promise.withResolvers<boolean>();
    this.#endKeeping = ended.resolve;
    /** When the keep-alives that are not answered yet were sent; etcd answers in order. */
    const sentMs: number[] = [];
    const opened = await this.#connection.stream(rpcs.keepAlive, {
      onMessage: ({ TTL }) => {
        const askedMs = sentMs.shift();
        if (TTL <= 0n) ended.resolve(true);
        else if (askedMs !== undefined) this.#proven(askedMs + Number(TTL) * 1000 - marginMs);
      },
      onEnd: (error) => {
        if (isRefused(error)) this.#connection.forgetToken();
        ended.resolve(false);
      },
    });
    if (isFault(opened)) return this.#pause();
    const { stream } = opened;
    const beatMs = (this.#options.ttlSeconds * 1000) / 5;
    const beat = (): void => {
      // Not answered though the member answers other calls: another stream, perhaps another member.
      if (sentMs.length >= 2) ended.resolve(false);
      else {
        sentMs.push(this.#connection.clock.monotonicMs());
        sendBeat(stream, lease);
      }
    };
    beat();
    const timer = setInterval(beat, beatMs).unref();
    const isLost = await ended.promise;
    clearInterval(timer);
    stream.cancel();
    if (isLost && !this.#isOver) {
      this.#drop();
      this.#onEvent({ kind: 'lost', lease });
    } else if (!this.#isOver) await this.#pause();
  }

  #proven(untilMs: number): void {
    this.#provenUntilMs = Math.max(this.#provenUntilMs, untilMs);
  }

  #drop(): void {
    this.#held = undefined;
    this.#granted = undefined;
    this.#provenUntilMs = Number.NEGATIVE_INFINITY;
  }

  #pause(ms = againMs.min + Math.random() * (againMs.max - againMs.min)): Promise<void> {
    return pause(ms, undefined, { signal: this.#closing.signal, ref: false }).catch(() => {});
  }
}

function sendBeat(stream: Stream<typeof LeaseKeepAliveRequestSchema>, lease: bigint): void {
  stream.send(create(LeaseKeepAliveRequestSchema, { ID: lease }));
}

function isRefused(error: CallError): boolean {
  const { fault } = callFault(error);
  return fault === 'unauthenticated' || fault === 'denied';
}
