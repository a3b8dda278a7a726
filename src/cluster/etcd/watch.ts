// A watch that outlives connections. Its place, `next`, moves by what was received and by nothing else: a timeout or a
// reconnection that moved it would lose events in silence. What etcd does not send by itself is asked for: that it still
// lives (a progress request each second), and whether its history is still the one followed, because a watch from a
// revision that does not exist yet is accepted and stays silent for ever, which is how a wiped etcd looks.
// Limit: one reply of etcd's is held in memory before it is handed on, its fragments included.

import { setTimeout as pause } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { type FollowEvent, type Following, isFault, type KeyEvent } from '../engine.ts';
import { type CallError, callFault } from './call-fault.ts';
import type { Connection } from './connection.ts';
import { type Event, WatchRequestSchema, type WatchResponse } from './generated/watch_pb.ts';
import { readKey } from './listing.ts';
import type { Member, Stream } from './member.ts';
import { bytesOf, endOfPrefix, entryOf } from './ranges.ts';
import { isProgressOrdered } from './release.ts';
import { eventType, rpcs } from './rpcs.ts';

const progressMs = 1000;
/** Silent for so long though asked each second: the stream is made anew. */
const silenceMs = 5000;
/** Between two streams on one connection, which may end at once for want of a leader. */
const againMs = { min: 100, max: 300 } as const;
/** For the question whether a smaller revision is a lagging member's or the truth. */
const verifyMs = 5000;

type End =
  | { readonly again: true; readonly detail: string; readonly isRefused: boolean }
  | { readonly again: false; readonly event: FollowEvent };

export interface WatchStart {
  readonly revision: number;
  readonly clusterId: string;
}

export class WatchLoop implements Following {
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #clusterId: string;
  readonly #onEvent: (event: FollowEvent) => void;
  readonly #closing = new AbortController();
  #next: number;
  #heardMs: number;
  #stop: (() => void) | undefined;

  constructor(connection: Connection, prefix: string, from: WatchStart, onEvent: (event: FollowEvent) => void) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#next = from.revision;
    this.#clusterId = from.clusterId;
    this.#onEvent = onEvent;
    this.#heardMs = connection.clock.monotonicMs();
    void this.#run();
  }

  get next(): number {
    return this.#next;
  }

  get heardMs(): number {
    return this.#heardMs;
  }

  close(): void {
    this.#closing.abort();
    this.#stop?.();
  }

  async #run(): Promise<void> {
    let refusals = 0;
    for (;;) {
      const end = await this.#watchOnce();
      if (this.#closing.signal.aborted || this.#connection.isClosed) return;
      if (!end.again) return this.#onEvent(end.event);
      // A token that is no longer known is refused like a role that does not permit it: one login distinguishes them.
      refusals = end.isRefused ? refusals + 1 : 0;
      if (refusals > 1 || (end.isRefused && !this.#connection.forgetToken()))
        return this.#onEvent({ kind: 'denied', detail: end.detail });
      this.#onEvent({ kind: 'broken', detail: end.detail });
      const waitMs = againMs.min + Math.random() * (againMs.max - againMs.min);
      await pause(waitMs, undefined, { signal: this.#closing.signal, ref: false }).catch(() => {});
    }
  }

  /** One stream, from its creation to its end. */
  async #watchOnce(): Promise<End> {
    const ended = Promise.withResolvers<End>();
    this.#stop = () => ended.resolve({ again: true, detail: 'closed', isRefused: false });
    const reader = new ReplyReader(this.#onReply, ended.resolve);
    const opened = await this.#connection.stream(rpcs.watch, {
      onMessage: (reply) => reader.read(reply),
      onEnd: (error) => ended.resolve(endOf(error)),
    });
    if (isFault(opened)) return { again: true, detail: opened.detail, isRefused: opened.fault === 'denied' };
    const { member, stream } = opened;
    reader.member = member;
    stream.send(this.#creation());
    this.#heardMs = this.#connection.clock.monotonicMs();
    const timer = setInterval(() => this.#askForProgress(member, stream, ended.resolve), progressMs).unref();
    const end = await ended.promise;
    clearInterval(timer);
    reader.stop();
    stream.cancel();
    return end;
  }

  #creation() {
    const value = {
      key: bytesOf(this.#prefix),
      rangeEnd: endOfPrefix(this.#prefix),
      startRevision: BigInt(this.#next),
      progressNotify: true,
      fragment: true,
    };
    return create(WatchRequestSchema, { requestUnion: { case: 'createRequest', value } });
  }

  #askForProgress(member: Member, stream: Stream<typeof WatchRequestSchema>, end: (end: End) => void): void {
    const silentMs = this.#connection.clock.monotonicMs() - this.#heardMs;
    if (silentMs >= silenceMs) {
      member.check();
      end({ again: true, detail: `the watch was silent for ${silenceMs} ms`, isRefused: false });
    } else if (silentMs >= progressMs / 2) {
      stream.send(create(WatchRequestSchema, { requestUnion: { case: 'progressRequest', value: {} } }));
    }
  }

  /** What a whole reply means; an end where the watch is over. */
  readonly #onReply = async (
    reply: WatchResponse,
    events: readonly Event[],
    member: Member,
  ): Promise<End | undefined> => {
    this.#heardMs = this.#connection.clock.monotonicMs();
    if (reply.canceled) return canceled(reply);
    const revision = Number(reply.header?.revision ?? 0n);
    const clusterId = (reply.header?.clusterId ?? 0n).toString(16);
    if (clusterId !== this.#clusterId || revision < this.#next - 1) {
      const end = await this.#verify();
      if (end !== undefined) return end;
    }
    if (this.#closing.signal.aborted) return undefined;
    if (reply.created) this.#onEvent({ kind: 'live', revision });
    else if (events.length > 0) this.#deliver(events);
    else if (isProgressOrdered(member.version)) this.#next = Math.max(this.#next, revision + 1);
    return undefined;
  };

  /** A member that lags is behind for a while; only a read with quorum can show that history is another one. */
  async #verify(): Promise<End | undefined> {
    const truth = await readKey(this.#connection, this.#prefix, verifyMs);
    if (isFault(truth)) return { again: true, detail: truth.detail, isRefused: false };
    const { clusterId, revision } = truth;
    if (clusterId === this.#clusterId && revision >= this.#next - 1) return undefined;
    return { again: false, event: { kind: 'rewound', clusterId, revision } };
  }

  /** Event for event, those of one revision together. etcd never splits a revision over two replies. */
  #deliver(events: readonly Event[]): void {
    let group: KeyEvent[] = [];
    let revision = 0;
    const flush = (): void => {
      if (group.length === 0 || this.#closing.signal.aborted) return;
      this.#next = revision + 1;
      this.#onEvent({ kind: 'group', revision, events: group });
      group = [];
    };
    for (const { type, kv } of events) {
      if (kv === undefined) continue;
      const at = Number(kv.modRevision);
      // A member that was asked from `next` on has no reason to send older ones; applied twice they would go back in time.
      if (at < this.#next) continue;
      if (at !== revision) flush();
      revision = at;
      const entry = entryOf(kv);
      group.push(type === eventType.delete ? { kind: 'delete', key: entry.key, revision: at } : { kind: 'put', entry });
    }
    flush();
  }
}

function endOf(error: CallError): End {
  const { fault, detail } = callFault(error);
  return { again: true, detail, isRefused: fault === 'denied' || fault === 'unauthenticated' };
}

function canceled({ compactRevision, cancelReason }: WatchResponse): End {
  if (compactRevision > 0n)
    return { again: false, event: { kind: 'compacted', compactRevision: Number(compactRevision) } };
  const isRefused = /Unauthenticated|PermissionDenied|permission denied|auth token/i.test(cancelReason);
  return { again: true, detail: cancelReason || 'the watch was cancelled', isRefused };
}

/**
 * Puts fragments together and hands whole replies on, one after the other: while one is being looked into, the next waits.
 */
class ReplyReader {
  member: Member | undefined;
  readonly #handle: (reply: WatchResponse, events: readonly Event[], member: Member) => Promise<End | undefined>;
  readonly #end: (end: End) => void;
  #fragments: Event[] = [];
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(
    handle: (reply: WatchResponse, events: readonly Event[], member: Member) => Promise<End | undefined>,
    end: (end: End) => void,
  ) {
    this.#handle = handle;
    this.#end = end;
  }

  read(reply: WatchResponse): void {
    let { events } = reply;
    // A sign of life between fragments ends nothing.
    if (this.#fragments.length > 0 && events.length === 0 && !reply.canceled) return;
    if (reply.fragment || this.#fragments.length > 0) {
      for (const event of events) this.#fragments.push(event);
      if (reply.fragment) return;
      events = this.#fragments;
      this.#fragments = [];
    }
    this.#turn = this.#turn.then(async () => {
      if (this.#isStopped || this.member === undefined) return;
      const end = await this.#handle(reply, events, this.member);
      if (end === undefined) return;
      this.#isStopped = true;
      this.#end(end);
    });
  }

  stop(): void {
    this.#isStopped = true;
  }
}
