// Requests per second of one client, where the operator has set a limit: a token bucket for each, by the name of the
// credential that is shown, otherwise by address. Health checks and metrics do not count. What is above is answered 429 with
// Retry-After, before the body is read; every reply has the client's remaining rate (RateLimit and RateLimit-Policy, as in
// draft-ietf-httpapi-ratelimit-headers-10).
// Not @fastify/rate-limit: it counts in fixed windows, which let twice the rate through where two meet, and takes a
// promise and a closure a request where this takes one look into a map.
// Limit: `clientsMax` buckets; a client whose bucket was pushed out begins with a full one.

import type { FastifyInstance } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { HttpCounters } from '../../model/http-counters.ts';
import type { Clock } from '../../runtime/clock.ts';
import { clientOf } from '../server/client-address.ts';
import { sendProblem } from '../server/problem-details.ts';
import { retryAfter } from '../server/retry-after.ts';

export interface ClientRate {
  /** 0: no limit. */
  readonly perSecond: number;
  /** How many at once, after a rest. */
  readonly burst: number;
}

/** Some 10 MB. */
const clientsMax = 65_536;

interface Bucket {
  left: number;
  atMs: number;
}

export class ClientRates {
  readonly #rate: ClientRate;
  readonly #buckets: LRUCache<string, Bucket>;

  constructor(rate: ClientRate, max: number = clientsMax) {
    this.#rate = rate;
    this.#buckets = new LRUCache<string, Bucket>({ max });
  }

  /** How long a client would have to wait for a request; takes none. */
  peek(client: string, nowMs: number): number {
    const { perSecond, burst } = this.#rate;
    const bucket = this.#buckets.get(client);
    if (bucket === undefined) return 0;
    const left = Math.min(burst, bucket.left + (Math.max(0, nowMs - bucket.atMs) * perSecond) / 1000);
    return left >= 1 ? 0 : ((1 - left) * 1000) / perSecond;
  }

  /** Takes one request of a client, if it has one left; else `waitMs` until it has. */
  take(client: string, nowMs: number): { readonly left: number; readonly waitMs: number } {
    const { perSecond, burst } = this.#rate;
    let bucket = this.#buckets.get(client);
    if (bucket === undefined) {
      bucket = { left: burst, atMs: nowMs };
      this.#buckets.set(client, bucket);
    }
    bucket.left = Math.min(burst, bucket.left + (Math.max(0, nowMs - bucket.atMs) * perSecond) / 1000);
    bucket.atMs = nowMs;
    if (bucket.left < 1) return { left: 0, waitMs: ((1 - bucket.left) * 1000) / perSecond };
    bucket.left--;
    return { left: Math.floor(bucket.left), waitMs: 0 };
  }
}

export interface ClientRateDeps {
  readonly rate: ClientRate;
  readonly clock: Clock;
  readonly counters: HttpCounters;
  readonly random: () => number;
}

const uncounted = /^\/(?:healthz|readyz|metrics)(?:\?|$)/;

/** Adds the limit after the check of tokens; nothing where there is none. */
export function limitClientRates(app: FastifyInstance, { rate, clock, counters, random }: ClientRateDeps): void {
  if (rate.perSecond === 0) return;
  const rates = new ClientRates(rate);
  const policy = `"client";q=${rate.burst};w=${Math.ceil(rate.burst / rate.perSecond)}`;
  app.addHook('onRequest', (request, reply, done) => {
    if (uncounted.test(request.url)) return done();
    const { kind, name } = request.principal;
    const who = name !== '' ? `${kind} ${name}` : `address ${clientOf(request.ip)}`;
    const { left, waitMs } = rates.take(who, clock.monotonicMs());
    const seconds = Math.ceil(waitMs / 1000);
    reply.header('ratelimit-policy', policy).header('ratelimit', `"client";r=${left};t=${seconds}`);
    if (waitMs === 0) return done();
    counters.refused('client-rate');
    const detail =
      `Cannot take this call: the ${who} may send ${rate.perSecond} requests a second, ${rate.burst} at once, and has. ` +
      'Nothing was changed; call again after the time in Retry-After.';
    sendProblem(reply, { kind: 'rate-limited', detail, headers: { 'retry-after': retryAfter(seconds, random) } });
  });
}
