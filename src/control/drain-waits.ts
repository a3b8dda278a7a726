// When a process may stop: its instance is in no new answer any more, and this says until when resolvers may hold an
// earlier one, or holds the call until nobody does. A wait is over at that time, at the caller's own (`wait`), when the
// server stops (both: not safe yet, and when it will be), or with a 409 when the instance takes traffic again. That it is
// cancelled or evicted meanwhile changes nothing: it is out of the answers either way.
// Limits: who waits takes a place of the long polls, and is woken, as they are, by the changes of its app.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { instanceName, isoTime } from '../http/api/instance-document.ts';
import { sendProblem } from '../http/server/problem-details.ts';
import { retryAfter } from '../http/server/retry-after.ts';
import type { Instance } from '../model/instance.ts';
import type { Registry } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import type { LongPolls } from './long-poll.ts';

/** What the data plane says of the answers with an instance in them; monotonic milliseconds. */
export interface HandedOut {
  /** Undefined where nobody can hold an answer any more. */
  readonly lastServedMs: number | undefined;
  /** Not in the future: nobody holds one. */
  readonly heldUntilMs: number;
}

export interface DrainWaitsDeps {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly longPolls: LongPolls;
  /** Asked after a change has been applied, of every thread that answers; the latest time counts. */
  readonly handedOut: (instance: Instance) => Promise<HandedOut>;
  /** Somebody found no place to wait. */
  readonly onRefused?: () => void;
}

/** A call that is to be answered with `document` and the time. */
interface Call {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly instance: Instance;
  readonly document: Readonly<Record<string, unknown>>;
  /** Monotonic milliseconds; undefined: the caller does not wait. */
  readonly waitEndsMs: number | undefined;
}

/** The most that a caller may ask for, as with long polls. */
export const drainWaitMsMax = 300_000;

export class DrainWaits {
  readonly #deps: DrainWaitsDeps;
  #waiting = 0;

  constructor(deps: DrainWaitsDeps) {
    this.#deps = deps;
  }

  /** Callers that wait to be safe. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Answers for an instance that has just left the answers; `waitMs` undefined: at once. */
  answer(
    request: FastifyRequest,
    reply: FastifyReply,
    instance: Instance,
    document: Readonly<Record<string, unknown>>,
    waitMs: number | undefined,
  ): void {
    const waitEndsMs = waitMs === undefined ? undefined : this.#deps.clock.monotonicMs() + waitMs;
    const call: Call = { request, reply, instance, document, waitEndsMs };
    this.#deps.handedOut(instance).then(
      (handedOut) => this.#decide(call, handedOut),
      (error: unknown) => reply.send(error),
    );
  }

  #decide(call: Call, handedOut: HandedOut): void {
    const { instance, reply, waitEndsMs } = call;
    // The client left while its write went to the disk: nobody would tell that its wait is over.
    if (reply.raw.destroyed) return;
    const nowMs = this.#deps.clock.monotonicMs();
    if (waitEndsMs !== undefined && this.#isUp(instance)) refuseAsUp(reply, instance);
    else if (waitEndsMs === undefined || Math.min(handedOut.heldUntilMs, waitEndsMs) <= nowMs)
      this.#send(call, handedOut);
    else this.#wait(call, handedOut, waitEndsMs);
  }

  /** Holds the call; every change of the app is a reason to look again. */
  #wait(call: Call, first: HandedOut, waitEndsMs: number): void {
    const { request, reply, instance } = call;
    const { clock, longPolls, handedOut: ask } = this.#deps;
    let handedOut = first;
    let end: (() => void) | undefined;
    const sleep = (): boolean => {
      const leftMs = Math.min(handedOut.heldUntilMs, waitEndsMs) - clock.monotonicMs();
      end = longPolls.wait(instance.env, instance.appid, Math.max(Math.ceil(leftMs), 1), woken);
      return end !== undefined;
    };
    const woken = (): void => {
      ask(instance).then(
        (now) => {
          handedOut = now;
          if (reply.raw.destroyed) return;
          const isOver = Math.min(now.heldUntilMs, waitEndsMs) <= clock.monotonicMs();
          if (!isOver && !this.#isUp(instance) && sleep()) return;
          // The idle limit is for connections that nobody waits on.
          setIdleMs(idleMs);
          if (this.#isUp(instance)) refuseAsUp(reply, instance);
          else this.#send(call, now);
        },
        (error: unknown) => reply.send(error),
      );
    };
    if (!sleep()) {
      this.#refuseWaiting(call, handedOut);
      return;
    }
    // Fake sockets of tests have none.
    const setIdleMs = (ms: number) => request.socket.setTimeout?.(ms);
    const idleMs = request.socket.timeout ?? 0;
    setIdleMs(0);
    this.#waiting++;
    // Answered, or the client has gone.
    reply.raw.once('close', () => {
      this.#waiting--;
      end?.();
    });
  }

  #isUp({ env, appid, instance }: Instance): boolean {
    return this.#deps.registry.find({ env, appid, instance })?.instance.status === 'up';
  }

  #send({ reply, document }: Call, handedOut: HandedOut): void {
    reply.header('cache-control', 'no-store').send({ ...document, ...this.#times(handedOut) });
  }

  #times({ heldUntilMs, lastServedMs }: HandedOut) {
    const nowMs = this.#deps.clock.monotonicMs();
    const wallMs = this.#deps.clock.wallMs();
    const leftMs = Math.max(0, Math.ceil(heldUntilMs - nowMs));
    return {
      safe: leftMs === 0,
      safeToStopAt: isoTime(wallMs + leftMs),
      safeInSeconds: Math.ceil(leftMs / 1000),
      ...(lastServedMs === undefined ? {} : { lastServedAt: isoTime(wallMs - Math.ceil(nowMs - lastServedMs)) }),
    };
  }

  #refuseWaiting({ reply, instance, document }: Call, handedOut: HandedOut): void {
    const { waiting } = this.#deps.longPolls;
    this.#deps.onRefused?.();
    const done = `${instanceName(instance)} is ${document['outcome'] === 'cancelled' ? 'cancelled' : 'drained'}`;
    sendProblem(reply, {
      kind: 'overloaded',
      detail: `Cannot wait until it is safe to stop: ${waiting} callers are waiting already. ${done}; stop it at safeToStopAt.`,
      members: this.#times(handedOut),
      headers: { 'retry-after': retryAfter(3, Math.random) },
    });
  }
}

function refuseAsUp(reply: FastifyReply, instance: Instance): void {
  const detail = `Cannot wait until ${instanceName(instance)} is safe to stop: it was registered as up meanwhile, and takes traffic.`;
  sendProblem(reply, { kind: 'up-again', detail });
}
