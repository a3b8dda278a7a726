// Calls of one app, each made at one endpoint: those whose circuit is closed, of these the preferred zone and priority, of
// these one by the strategy. A call that fails may be made again at another endpoint, within the budget, and never twice
// at the same: one that has just failed is not the one that will succeed.
// Repeated are calls that were not sent (`unsent`, the default); `always` is for calls that may be made twice.

import type { Scheduler } from '../../runtime/scheduler.ts';
import type { Strategy } from '../choice/candidate.ts';
import { preferred, type StrategyName, strategyOf } from '../choice/strategies.ts';
import type { Discovery } from '../discovery/discovery.ts';
import type { Endpoint } from '../discovery/instance.ts';
import { isUnsent } from '../registry/unsent.ts';
import { RollcallError } from '../rollcall-error.ts';
import type { BreakerOptions, BreakerState, CircuitOutcome, EndpointCircuit } from './endpoint-circuit.ts';
import { EndpointCircuits } from './endpoint-circuits.ts';
import { RetryBudget, type RetryBudgetOptions } from './retry-budget.ts';

export type Retry = 'unsent' | 'always' | 'never';

export interface BalanceOptions {
  readonly strategy: StrategyName;
  /** The zone to prefer. */
  readonly near?: string | undefined;
  readonly retry: Retry;
  /** Instances that one call is tried at, the first included. */
  readonly attemptsMax: number;
  /** Milliseconds for each attempt. */
  readonly attemptTimeoutMs: number;
  readonly breaker: BreakerOptions;
  readonly retryBudget: RetryBudgetOptions;
}

export interface CallOptions<T = unknown> {
  /** Ends the call with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** With the strategy `hash`: calls with the same key go to the same instance. None by default. */
  readonly key?: string | undefined;
  /** By default that of the client. */
  readonly retry?: Retry | undefined;
  /** Milliseconds for each attempt; by default that of the client. */
  readonly attemptTimeoutMs?: number | undefined;
  /** Results that count as failures, such as a 503; the last one is returned where no attempt is left. None by default. */
  readonly isFailure?: ((result: T) => boolean) | undefined;
  /** Which errors count against the instance; all by default. The others are thrown at once, and not repeated. */
  readonly isFault?: ((error: unknown) => boolean) | undefined;
}

export interface BalancedCallsDeps {
  readonly discovery: Discovery;
  readonly scheduler: Scheduler;
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
  readonly #circuits: EndpointCircuits;
  readonly #budget: RetryBudget;

  constructor(options: BalanceOptions, deps: BalancedCallsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#strategy = strategyOf(options.strategy, deps.random);
    this.#budget = new RetryBudget(options.retryBudget, deps.scheduler);
    this.#circuits = new EndpointCircuits({ ...options.breaker, wallMs: deps.wallMs, onState: deps.onBreaker });
    this.#circuits.follow(deps.discovery.endpoints);
    deps.discovery.on('change', (endpoints) => this.#circuits.follow(endpoints));
  }

  /** The endpoint that a call would go to now. Errors: `no-instances`, `circuit-open`. */
  pick(key?: string): Endpoint {
    const chosen = this.#choose(new Set(), key);
    if (chosen === undefined) throw this.#noEndpoint();
    return chosen.endpoint;
  }

  /** Makes the call; throws the last error of `run`, or a RollcallError: `no-instances`, `circuit-open`, `timeout`. */
  async call<T>(run: (endpoint: Endpoint, signal: AbortSignal) => Promise<T>, options: CallOptions<T>): Promise<T> {
    const { signal = new AbortController().signal, isFailure, isFault = () => true, key } = options;
    const { attemptTimeoutMs: timeoutMs = this.#options.attemptTimeoutMs } = options;
    const checked = async (endpoint: Endpoint, inner: AbortSignal): Promise<T> => {
      const result = await run(endpoint, inner);
      if (isFailure?.(result) === true) throw new FailedResult(result);
      return result;
    };
    const countsAgainst = (error: unknown) => error instanceof FailedResult || isFault(error);
    const tried = new Set<EndpointCircuit>();
    this.#budget.earn();
    let last: { readonly error: unknown } | undefined;
    for (let attempts = 0; ; ) {
      signal.throwIfAborted();
      const circuit = this.#choose(tried, key);
      if (circuit === undefined) return endWith<T>(last ?? { error: this.#noEndpoint() });
      // Only a repetition costs: an endpoint that was not called was no attempt.
      if (last !== undefined) {
        if (attempts >= this.#options.attemptsMax || !this.#budget.spend()) return endWith<T>(last);
        this.#deps.onRetry(circuit.endpoint, shownError(last.error));
      }
      tried.add(circuit);
      const outcome = await circuit.call(checked, { signal, timeoutMs, isFault: countsAgainst });
      if (outcome.kind === 'done') return outcome.value;
      if (outcome.kind === 'open') continue;
      attempts++;
      last = { error: errorOf(outcome, circuit, timeoutMs) };
      const mayRepeat = outcome.kind !== 'aborted' && this.#mayRepeat(outcome, options, countsAgainst);
      if (!mayRepeat) return endWith<T>(last);
    }
  }

  #mayRepeat<T>(
    outcome: CircuitOutcome<T>,
    { retry = this.#options.retry }: CallOptions<T>,
    isFault: (error: unknown) => boolean,
  ): boolean {
    if (retry === 'never') return false;
    if (outcome.kind !== 'failed') return retry === 'always';
    return isFault(outcome.error) && (retry === 'always' || isUnsent(outcome.error));
  }

  #choose(tried: ReadonlySet<EndpointCircuit>, key: string | undefined): EndpointCircuit | undefined {
    const [first, ...rest] = this.#circuits.all.filter((one) => one.allowsCall && !tried.has(one));
    if (first === undefined) return undefined;
    return this.#strategy(preferred([first, ...rest], this.#options.near), key);
  }

  #noEndpoint(): RollcallError {
    const { discovery } = this.#deps;
    const what = `Cannot call ${discovery.env}/${discovery.appid}`;
    const count = discovery.endpoints.length;
    if (count === 0)
      return new RollcallError('no-instances', `${what}: no instance takes traffic (${discovery.source})`);
    return new RollcallError('circuit-open', `${what}: the circuit breakers of all ${count} endpoints are open`);
  }
}

/** The result that counted as a failure, where there is no better one; or the error. */
function endWith<T>({ error }: { readonly error: unknown }): T {
  if (error instanceof FailedResult) return error.result as T;
  throw error;
}

function shownError(error: unknown): unknown {
  return error instanceof FailedResult ? error.result : error;
}

function errorOf(outcome: CircuitOutcome<unknown>, { endpoint }: EndpointCircuit, timeoutMs: number): unknown {
  if (outcome.kind === 'failed' || outcome.kind === 'aborted') return outcome.error;
  return new RollcallError('timeout', `${endpoint.url} did not answer within ${timeoutMs} ms`);
}
