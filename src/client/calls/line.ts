// The line to one endpoint: how many calls are under way on it, and its circuit breaker and timeout, from cockatiel. After
// some failures in a row the breaker holds the line back; when a while has passed one call is let through to try it, and
// the line is open again when that one succeeds.
// Limits: cockatiel measures the while by the wall clock; a step of it makes it longer or shorter, once.

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
  /** Failures in a row before the line is held back. */
  readonly failures: number;
  /** Then it is tried again. */
  readonly halfOpenAfterMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

export interface LineOptions extends BreakerOptions {
  readonly onState: (state: BreakerState) => void;
  /** Wall-clock milliseconds, the clock that cockatiel goes by. */
  readonly wallMs: () => number;
}

/** What comes of a call on a line; `left`: the caller has gone, which says nothing of the line. */
export type LineOutcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'late' }
  | { readonly kind: 'held' }
  | { readonly kind: 'left'; readonly error: unknown };

/** An error that does not count against the line, wrapped so that the breaker can tell. */
class NoFault extends Error {
  readonly inner: unknown;

  constructor(inner: unknown) {
    super('no fault of the line');
    this.inner = inner;
  }
}

export class Line {
  endpoint: Endpoint;
  readonly #options: LineOptions;
  readonly #breaker;
  #openedMs = 0;
  #pending = 0;

  constructor(endpoint: Endpoint, options: LineOptions) {
    this.endpoint = endpoint;
    this.#options = options;
    const { failures, halfOpenAfterMs, onState, wallMs } = options;
    this.#breaker = circuitBreaker(
      handleWhen((error) => !(error instanceof NoFault)),
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

  /** Whether a call would be let through. While one is trying the line, no other is. */
  get isOpenToCalls(): boolean {
    const { state } = this.#breaker;
    if (state === CircuitState.Closed) return true;
    return state === CircuitState.Open && this.#options.wallMs() - this.#openedMs >= this.#options.halfOpenAfterMs;
  }

  /**
   * Makes one call, which has to end within `withinMs`. `isFault` says which errors are the line's fault, rather than
   * the call's own.
   */
  async call<T>(
    run: (endpoint: Endpoint, signal: AbortSignal) => Promise<T>,
    { signal, withinMs, isFault }: { signal: AbortSignal; withinMs: number; isFault: (error: unknown) => boolean },
  ): Promise<LineOutcome<T>> {
    const isTrial = this.#breaker.state !== CircuitState.Closed;
    const inTime = timeout(withinMs, { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false });
    this.#pending++;
    try {
      const value = await this.#breaker.execute(async () => {
        try {
          return await inTime.execute((context) => run(this.endpoint, context.signal), signal);
        } catch (error) {
          // A trial that nobody waits for has not shown that the line is well.
          if (signal.aborted && !isTrial) throw new NoFault(error);
          if (!signal.aborted && !(error instanceof TaskCancelledError) && !isFault(error)) throw new NoFault(error);
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

  #outcomeOf(error: unknown, signal: AbortSignal): LineOutcome<never> {
    if (error instanceof BrokenCircuitError) return { kind: 'held' };
    if (signal.aborted) return { kind: 'left', error: signal.reason };
    if (error instanceof NoFault) return { kind: 'failed', error: error.inner };
    return error instanceof TaskCancelledError ? { kind: 'late' } : { kind: 'failed', error };
  }
}
