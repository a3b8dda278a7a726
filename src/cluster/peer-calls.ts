// What other nodes ask of this one, over the peer link. A hearing that is told here is never told on.

import type { Clock } from '../runtime/clock.ts';
import type { HandedOut, HeldInstance } from './cluster-options.ts';
import type { LeaseRunner } from './lease-runner.ts';
import type { NodesTable } from './nodes-table.ts';
import {
  type Call,
  type HandedOutQuestion,
  handedOutQuestionOf,
  hearingsOf,
  helloOf,
  questionOf,
  type Timed,
} from './peer-link/messages.ts';
import type { Replica } from './replica.ts';

/** A peer has not asked before its own watch had it: this node's is not far behind. */
const appliedWaitMs = 1000;
/** Resolvers hold a record for a little longer than its TTL. */
const beyondTtlMs = 1500;

export interface PeerCallsDeps {
  readonly me: string;
  readonly table: NodesTable;
  readonly runner: LeaseRunner;
  readonly replica: Replica;
  readonly clock: Clock;
  readonly registryClock: Clock;
  readonly handedOut: (instance: HeldInstance) => Promise<HandedOut>;
}

export class PeerCalls {
  readonly #deps: PeerCallsDeps;
  readonly #startedMs: number;

  constructor(deps: PeerCallsDeps) {
    this.#deps = deps;
    this.#startedMs = deps.registryClock.monotonicMs();
  }

  answer(call: Call, body: unknown): object | undefined | Promise<object | undefined> {
    switch (call) {
      case 'hello':
        return this.#hello(body);
      case 'told': {
        const hearings = hearingsOf(body);
        if (hearings !== undefined) this.#deps.runner.told(hearings.heard);
        return hearings && {};
      }
      case 'lately':
        return this.#lately(body);
      case 'bye':
        return this.#bye(body);
      case 'handed-out': {
        const question = handedOutQuestionOf(body);
        return question && this.#handedOut(question);
      }
    }
  }

  #hello(body: unknown): object | undefined {
    const hello = helloOf(body);
    const { me, table, runner, clock } = this.#deps;
    if (hello === undefined || hello.node === me) return undefined;
    const nowMs = clock.monotonicMs();
    const state = table.known(hello.node, nowMs);
    const marks = new Set(hello.marks);
    const moved = new Set([...state.marks, ...marks].filter((path) => state.marks.has(path) !== marks.has(path)));
    const isAll = state.isAllMarked !== hello.isAllMarked;
    state.provenMs = nowMs;
    state.hasSaidHello = true;
    state.isJoined = hello.isJoined;
    state.owned = hello.owned;
    state.marks = marks;
    state.isAllMarked = hello.isAllMarked;
    runner.handle({ kind: 'hello', node: hello.node });
    runner.trust(state, isAll, moved);
    return {};
  }

  #lately(body: unknown): object | undefined {
    const question = questionOf(body);
    if (question === undefined) return undefined;
    const { me, runner, clock } = this.#deps;
    const nowMs = clock.monotonicMs();
    const heard = question.keys.flatMap((path): Timed[] => {
      const heardMs = runner.ownership.heardMs(path);
      return heardMs === undefined ? [] : [[path, Math.max(0, nowMs - heardMs)]];
    });
    return { node: me, heard };
  }

  #bye(body: unknown): object | undefined {
    const hearings = hearingsOf(body);
    const { table, runner, clock } = this.#deps;
    if (hearings === undefined) return undefined;
    table.left(hearings.node, clock.monotonicMs());
    runner.handle({ kind: 'bye', node: hearings.node, leftMs: new Map(hearings.heard) });
    return {};
  }

  async #handedOut({ env, appid, instance, dnsTtl, revision }: HandedOutQuestion): Promise<object | undefined> {
    const { registryClock, handedOut } = this.#deps;
    if (!(await this.#applied(revision))) return undefined;
    const { lastServedMs, heldUntilMs } = await handedOut({ env, appid, instance, dnsTtl });
    // Before it started, an earlier run of this node may have answered with it.
    const earlierMs = this.#startedMs + dnsTtl * 1000 + beyondTtlMs;
    const nowMs = registryClock.monotonicMs();
    const servedMsAgo = lastServedMs === undefined ? undefined : Math.max(0, nowMs - lastServedMs);
    return { heldMs: Math.max(0, Math.max(heldUntilMs, earlierMs) - nowMs), servedMsAgo };
  }

  #applied(revision: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const leave = this.#deps.replica.whenApplied(revision, () => resolve(true));
    const timer = setTimeout(() => {
      leave();
      resolve(false);
    }, appliedWaitMs);
    return promise.finally(() => clearTimeout(timer));
  }
}
