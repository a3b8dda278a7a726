// The circuit breaker of one endpoint, with its calls in flight and their timeout; breaker and timeout are cockatiel's.
// After some failures in a row the circuit is open and no call is made; after `halfOpenAfterMs` one call tries the
// endpoint, and closes the circuit where it succeeds.
// Limits: cockatiel goes by the wall clock; a step of it makes one such time longer or shorter.

import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
} from 'cockatiel';
import type { Endpoint } from '../discovery/instance.ts';

export interface BreakerOptions {
  /** Failures in a row that open the circuit. */
  readonly failures: number;
  /** Milliseconds after which the endpoint is tried again. */
  readonly halfOpenAfterMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

export interface EndpointCircuitOptions extends BreakerOptions {
  readonly onState: (state: BreakerState) => void;
  /** Wall-clock milliseconds, as cockatiel reads them. */
  readonly wallMs: () => number;
}

/** The outcome of a call; `open`: it was not made; `aborted`: by the caller, which is no evidence about the endpoint. */
export type CircuitOutcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'open' }
  | { readonly kind: 'aborted'; readonly error: unknown };

/** An error that does not count against the endpoint, wrapped so that the breaker ignores it. */
class NotCounted extends Error {
  readonly inner: unknown;

  constructor(inner: unknown) {
    super('not counted against the endpoint');
    this.inner = inner;
  }
}

export class EndpointCircuit {
  endpoint: Endpoint;
  readonly #options: EndpointCircuitOptions;
  readonly #breaker;
  #openedMs = 0;
  #pending = 0;

  constructor(endpoint: Endpoint, options: EndpointCircuitOptions) {
    this.endpoint = endpoint;
    this.#options = options;
    const { failures, halfOpenAfterMs, onState, wallMs } = options;
    this.#breaker = circuitBreaker(
      handleWhen((error) => !(error instanceof NotCounted)),
      { halfOpenAfter: halfOpenAfterMs, breaker: new ConsecutiveBreaker(failures) },
    );
    this.#breaker.onStateChange((state) => {
      if (state === CircuitState.Open) this.#openedMs = wallMs();
      onState(state === CircuitState.Closed ? 'closed' : state === CircuitState.Open ? 'open' : 'half-open');
    });
  }

  get pending(): number {
    return this.#pending;
  }

  /** Whether a call would be made. While one tries the endpoint, no other is. */
  get allowsCall(): boolean {
    const { state } = this.#breaker;
    if (state === CircuitState.Closed) return true;
    return state === CircuitState.Open && this.#options.wallMs() - this.#openedMs >= this.#options.halfOpenAfterMs;
  }

  /**
   * Makes one call, which has to end within `timeoutMs`. `isFault` decides which errors count against the endpoint.
   */
  async call<T>(
    run: (endpoint: Endpoint, signal: AbortSignal) => Promise<T>,
    { signal, timeoutMs, isFault }: { signal: AbortSignal; timeoutMs: number; isFault: (error: unknown) => boolean },
  ): Promise<CircuitOutcome<T>> {
    const isTrial = this.#breaker.state !== CircuitState.Closed;
    const inTime = timeout(timeoutMs, { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false });
    this.#pending++;
    try {
      const value = await this.#breaker.execute(async () => {
        try {
          return await inTime.execute((context) => run(this.endpoint, context.signal), signal);
        } catch (error) {
          // A trial that was aborted has not shown that the endpoint is well.
          if (signal.aborted && !isTrial) throw new NotCounted(error);
          if (!signal.aborted && !(error instanceof TaskCancelledError) && !isFault(error)) throw new NotCounted(error);
          throw error;
        }
      });
      return { kind: 'done', value };
    } catch (error) {
      return this.#outcomeOf(error, signal);
    } finally {
      this.#pending--;
    }
  }

  #outcomeOf(error: unknown, signal: AbortSignal): CircuitOutcome<never> {
    if (error instanceof BrokenCircuitError) return { kind: 'open' };
    if (signal.aborted) return { kind: 'aborted', error: signal.reason };
    if (error instanceof NotCounted) return { kind: 'failed', error: error.inner };
    return error instanceof TaskCancelledError ? { kind: 'timeout' } : { kind: 'failed', error };
  }
}
