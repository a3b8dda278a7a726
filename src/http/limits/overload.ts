// More calls than the node can take are answered 503 with Retry-After, before their bodies are read, so that what is
// refused has changed nothing. Two signs are watched: how late the event loop runs (work piles up in the kernel's queues)
// and how many requests are in flight (work piles up here, behind a slow disk for one). Reads, registrations and patches
// are shed first; renewals last, since every one that is lost brings an eviction nearer; health checks, metrics, cancels
// and drains never, being few and what an operator needs in that hour. DNS has no part in this.
// Not @fastify/under-pressure: it treats all routes alike, samples once a second, has no hysteresis, counts no requests
// and gives all clients the same Retry-After.
// Limits: `overloadLimits`. Lateness is smoothed and each sample capped, so that one pause, however long (SIGSTOP, a
// suspended VM), sheds nothing: a process that was suspended must hear the renewals that waited for it.

import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { Logger } from 'pino';
import type { HttpCounters } from '../../model/http-counters.ts';
import { sendProblem } from '../server/problem-details.ts';
import { retryAfter } from '../server/retry-after.ts';
import type { InFlight } from './in-flight.ts';
import { LoopTurns } from './loop-turns.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A heartbeat of a front whose paths do not show it. */
    readonly isRenewal?: boolean;
    /** A call that waits for a change: it does not measure how fast the server is. */
    readonly mayWait?: boolean;
    /** A call of another registry's API: its replies are to the octet what its clients know. */
    readonly isForeign?: boolean;
  }
}

interface Threshold {
  readonly from: number;
  /** Below `from`, or calls would be admitted and shed by turns. */
  readonly until: number;
}

export interface OverloadLimits {
  /** Milliseconds by which timers are late, smoothed. A busy machine has tenths of a second now and then. */
  readonly lateMs: Readonly<Record<Shed, Threshold>>;
  /** Requests that are not answered yet. Each holds some 10 kB and, waiting for the disk, its reply. */
  readonly inFlight: Readonly<Record<Shed, Threshold>>;
}

/** Which calls are shed: all that may be, or those alone that are no renewals. */
type Shed = 'others' | 'renewals';

export const overloadLimits: OverloadLimits = {
  lateMs: { others: { from: 500, until: 200 }, renewals: { from: 1000, until: 500 } },
  inFlight: { others: { from: 8000, until: 4000 }, renewals: { from: 16_000, until: 8000 } },
};

const sampleWeight = 0.25;
const sampleMsMax = 1500;
/** Timers of an idle process are late by a few milliseconds. */
const calmLateMs = 50;
const retryAfterSeconds: Readonly<Record<Shed, number>> = { others: 2, renewals: 1 };

export interface OverloadDeps {
  readonly inFlight: InFlight;
  readonly logger: Logger;
  readonly counters: HttpCounters;
  readonly random: () => number;
  readonly limits: OverloadLimits;
}

export class Overload {
  readonly #deps: OverloadDeps;
  readonly #turns = new LoopTurns();
  #lateMs = 0;
  #wasCalled = false;
  readonly #isShed: Record<Shed, boolean> = { others: false, renewals: false };

  constructor(deps: OverloadDeps) {
    this.#deps = deps;
  }

  /** Takes one measurement of how late a timer ran, in milliseconds. */
  sample(lateMs: number): void {
    this.#lateMs += sampleWeight * (Math.min(lateMs, sampleMsMax) - this.#lateMs);
    this.#judge('others');
    this.#judge('renewals');
  }

  /** Whether no call came since this was asked last, none is in flight, and the loop is on time. */
  takeCalm(): boolean {
    const isCalm = !this.#wasCalled && this.#deps.inFlight.busy === 0 && this.#lateMs < calmLateMs;
    this.#wasCalled = false;
    return isCalm;
  }

  /** Adds to a route, before it is registered, the check that it is due and the wait for its turn. */
  guard(route: RouteOptions): void {
    if (operations.has(route.url)) return;
    const own = [route.onRequest ?? []].flat();
    // A HEAD route is made from its GET, with all that in it.
    if (own.includes(this.#turns.light) || own.includes(this.#turns.heavy)) return;
    const shed = shedOf(route);
    const isLight = route.url.endsWith('/:instance/renew') || route.config?.isRenewal === true;
    const turn = isLight ? this.#turns.light : this.#turns.heavy;
    route.onRequest = [...own, ...(shed === undefined ? [] : [this.#hooks[shed]]), turn];
  }

  /** Whether a renewal is due, and it is its turn: the checks of its route, for one that is answered without it. */
  takesRenewal(): boolean {
    this.#wasCalled = true;
    return !this.#judge('renewals') && this.#turns.takeLight();
  }

  readonly #hooks = {
    others: (_request: FastifyRequest, reply: FastifyReply, done: () => void) => this.#check('others', reply, done),
    renewals: (_request: FastifyRequest, reply: FastifyReply, done: () => void) => this.#check('renewals', reply, done),
  };

  #check(shed: Shed, reply: FastifyReply, done: () => void): void {
    const { counters, random, inFlight } = this.#deps;
    this.#wasCalled = true;
    if (!this.#judge(shed)) {
      done();
      return;
    }
    counters.refused(shed === 'renewals' ? 'overload-renewal' : 'overload');
    const detail =
      `Cannot take this call now: the event loop is ${Math.round(this.#lateMs)} ms late and ${inFlight.busy} requests ` +
      'are in flight. Nothing was changed; call again after the time in Retry-After.';
    const headers = { 'retry-after': retryAfter(retryAfterSeconds[shed], random) };
    sendProblem(reply, { kind: 'overloaded', detail, headers });
  }

  /** True where such calls are to be shed now. */
  #judge(shed: Shed): boolean {
    const { limits, inFlight, logger } = this.#deps;
    const was = this.#isShed[shed];
    const edge = was ? 'until' : 'from';
    const is = this.#lateMs > limits.lateMs[shed][edge] || inFlight.busy > limits.inFlight[shed][edge];
    if (is === was) return is;
    this.#isShed[shed] = is;
    const facts = { calls: shed, lateMs: Math.round(this.#lateMs), inFlight: inFlight.busy };
    if (is) logger.warn(facts, 'too many calls: some are answered 503 from now on');
    else logger.info(facts, 'all calls are taken again');
    return is;
  }
}

const operations: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

function shedOf({ method, url, config }: RouteOptions): Shed | undefined {
  if (method === 'DELETE' || url.endsWith('/drain')) return undefined;
  return url.endsWith('/renew') || config?.isRenewal === true ? 'renewals' : 'others';
}

/** Lets the guard look at all routes that are added from now on, and measures until the server closes. */
export function shedOverload(app: FastifyInstance, overload: Overload, measure: typeof measureLateness): void {
  app.addHook('onRoute', (route) => overload.guard(route));
  const stop = measure(
    (lateMs) => overload.sample(lateMs),
    () => overload.takeCalm(),
  );
  app.addHook('onClose', async () => stop());
}

/** A loop that is late enough to matter is sampled as often as it turns. */
const sampleEveryMs = 100;
/** Without calls there is nothing to shed, and each sample wakes the process up. */
const calmEveryMs = 500;

/** Reports repeatedly how late a timer runs, less often where it is calm; returns a function that ends it. */
export function measureLateness(report: (lateMs: number) => void, isCalm: () => boolean): () => void {
  let timer: NodeJS.Timeout;
  const next = (everyMs: number): void => {
    const dueMs = performance.now() + everyMs;
    timer = setTimeout(() => {
      report(Math.max(0, performance.now() - dueMs));
      next(isCalm() ? calmEveryMs : sampleEveryMs);
    }, everyMs);
    // Of itself it keeps no process alive.
    timer.unref();
  };
  next(sampleEveryMs);
  return () => clearTimeout(timer);
}
