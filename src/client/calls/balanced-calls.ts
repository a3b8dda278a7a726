// Calls of one app, each made at an instance that is chosen for it: who may be called, preferred zone and priority,
// strategy. A call that fails may be repeated at another instance, within the budget. Nobody is called twice in a row for
// one call: an instance that has just failed is not the one that will succeed.
// What may be repeated is what was not sent (`unsent`, the default); `always` is for calls that may be made twice.

import type { Strategy } from '../choice/candidate.ts';
import { preferred } from '../choice/preferred.ts';
import { type StrategyName, strategyOf } from '../choice/strategies.ts';
import type { Discovery } from '../discovery/discovery.ts';
import type { Endpoint } from '../discovery/instance.ts';
import { RollcallError } from '../rollcall-error.ts';
import type { Time } from '../time.ts';
import type { BreakerOptions, BreakerState, Line, LineOutcome } from './line.ts';
import { Lines } from './lines.ts';
import { RetryBudget, type RetryBudgetOptions } from './retry-budget.ts';
import { isUnsent } from './unsent.ts';

export type Retry = 'unsent' | 'always' | 'never';

export interface BalanceOptions {
  readonly strategy: StrategyName;
  /** The zone to prefer. */
  readonly near?: string | undefined;
  readonly retry: Retry;
  /** Instances that one call is tried at, the first one included. */
  readonly attemptsMax: number;
  /** For each attempt. */
  readonly attemptMs: number;
  readonly breaker: BreakerOptions;
  readonly retryBudget: RetryBudgetOptions;
}

export interface CallOptions<T = unknown> {
  readonly signal?: AbortSignal;
  /** With `hash`: calls with the same key meet the same instance. */
  readonly key?: string;
  readonly retry?: Retry;
  readonly attemptMs?: number;
  /** Results that count as failures, such as a 503; the last one is returned when there is no more to try. */
  readonly isFailure?: (result: T) => boolean;
  /** Which errors speak against the instance; all by default. The others are thrown at once and not repeated. */
  readonly isFault?: (error: unknown) => boolean;
}

export interface BalancedCallsDeps {
  readonly discovery: Discovery;
  readonly time: Time;
  readonly random: () => number;
  readonly wallMs: () => number;
  readonly onBreaker: (endpoint: Endpoint, state: BreakerState) => void;
  readonly onRetry: (endpoint: Endpoint, error: unknown) => void;
}

/** A result that counts as a failure, on its way out. */
class FailedResult extends Error {
  readonly result: unknown;

  constructor(result: unknown) {
    super('a result that counts as a failure');
    this.result = result;
  }
}

export class BalancedCalls {
  readonly #options: BalanceOptions;
  readonly #deps: BalancedCallsDeps;
  readonly #strategy: Strategy;
  readonly #lines: Lines;
  readonly #budget: RetryBudget;

  constructor(options: BalanceOptions, deps: BalancedCallsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#strategy = strategyOf(options.strategy, deps.random);
    this.#budget = new RetryBudget(options.retryBudget, deps.time);
    this.#lines = new Lines({ ...options.breaker, wallMs: deps.wallMs, onState: deps.onBreaker });
    this.#lines.follow(deps.discovery.endpoints);
    deps.discovery.on('change', (endpoints) => this.#lines.follow(endpoints));
  }

  /** The endpoint that a call would go to now. Errors: `nobody`, `broken`. */
  pick(key?: string): Endpoint {
    const chosen = this.#choose(new Set(), key);
    if (chosen === undefined) throw this.#nobody();
    return chosen.endpoint;
  }

  /** Makes the call; throws what `run` threw last, or a RollcallError: `nobody`, `broken`, `late`. */
  async call<T>(run: (endpoint: Endpoint, signal: AbortSignal) => Promise<T>, options: CallOptions<T>): Promise<T> {
    const { signal = new AbortController().signal, isFailure, isFault = () => true, key } = options;
    const { attemptMs: withinMs = this.#options.attemptMs } = options;
    const checked = async (endpoint: Endpoint, inner: AbortSignal): Promise<T> => {
      const result = await run(endpoint, inner);
      if (isFailure?.(result) === true) throw new FailedResult(result);
      return result;
    };
    const isLinesFault = (error: unknown) => error instanceof FailedResult || isFault(error);
    const tried = new Set<Line>();
    this.#budget.earn();
    let last: { readonly error: unknown } | undefined;
    for (let attempts = 0; ; ) {
      signal.throwIfAborted();
      const line = this.#choose(tried, key);
      if (line === undefined) return endWith<T>(last ?? { error: this.#nobody() });
      // Only who takes another's place costs: what was never called was no attempt.
      if (last !== undefined) {
        if (attempts >= this.#options.attemptsMax || !this.#budget.spend()) return endWith<T>(last);
        this.#deps.onRetry(line.endpoint, shownError(last.error));
      }
      tried.add(line);
      const outcome = await line.call(checked, { signal, withinMs, isFault: isLinesFault });
      if (outcome.kind === 'done') return outcome.value;
      if (outcome.kind === 'held') continue;
      attempts++;
      last = { error: errorOf(outcome, line, withinMs) };
      const mayRepeat = outcome.kind !== 'left' && this.#mayRepeat(outcome, options, isLinesFault);
      if (!mayRepeat) return endWith<T>(last);
    }
  }

  #mayRepeat<T>(
    outcome: LineOutcome<T>,
    { retry = this.#options.retry }: CallOptions<T>,
    isFault: (error: unknown) => boolean,
  ): boolean {
    if (retry === 'never') return false;
    if (outcome.kind !== 'failed') return retry === 'always';
    return isFault(outcome.error) && (retry === 'always' || isUnsent(outcome.error));
  }

  #choose(tried: ReadonlySet<Line>, key: string | undefined): Line | undefined {
    const [first, ...rest] = this.#lines.all.filter((line) => line.isOpenToCalls && !tried.has(line));
    if (first === undefined) return undefined;
    return this.#strategy(preferred([first, ...rest], this.#options.near), key);
  }

  #nobody(): RollcallError {
    const { discovery } = this.#deps;
    const what = `Cannot call ${discovery.env}/${discovery.appid}`;
    const count = discovery.endpoints.length;
    if (count === 0) return new RollcallError('nobody', `${what}: no instance takes traffic (${discovery.source})`);
    return new RollcallError('broken', `${what}: the breakers hold back all ${count} of its endpoints`);
  }
}

/** The result that counted as a failure, for want of a better one; or the error. */
function endWith<T>({ error }: { readonly error: unknown }): T {
  if (error instanceof FailedResult) return error.result as T;
  throw error;
}

function shownError(error: unknown): unknown {
  return error instanceof FailedResult ? error.result : error;
}

function errorOf(outcome: LineOutcome<unknown>, { endpoint }: Line, withinMs: number): unknown {
  if (outcome.kind === 'failed' || outcome.kind === 'left') return outcome.error;
  return new RollcallError('late', `${endpoint.url} did not answer within ${withinMs} ms`);
}
