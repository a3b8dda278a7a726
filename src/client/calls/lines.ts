// The lines to the endpoints of one app, each with its pending calls and its breaker. A line is kept while its endpoint is
// there; one that comes back later, as a new process at the same address, begins with a clean slate.
// Limits: as many as the app has endpoints.

import { type Endpoint, endpointKey } from '../discovery/instance.ts';
import { type BreakerOptions, type BreakerState, Line } from './line.ts';

export interface LinesOptions extends BreakerOptions {
  readonly onState: (endpoint: Endpoint, state: BreakerState) => void;
  readonly wallMs: () => number;
}

export class Lines {
  readonly #options: LinesOptions;
  #byKey = new Map<string, Line>();

  constructor(options: LinesOptions) {
    this.#options = options;
  }

  /** In the order of the endpoints. */
  get all(): readonly Line[] {
    return [...this.#byKey.values()];
  }

  /** Takes over what the endpoints are now; of two that are one the first counts. */
  follow(endpoints: readonly Endpoint[]): void {
    const before = this.#byKey;
    this.#byKey = new Map();
    for (const endpoint of endpoints) {
      const key = endpointKey(endpoint);
      if (this.#byKey.has(key)) continue;
      const line = before.get(key) ?? this.#lineTo(endpoint);
      // Weight, zone and metadata may have changed.
      line.endpoint = endpoint;
      this.#byKey.set(key, line);
    }
  }

  #lineTo(endpoint: Endpoint): Line {
    const { onState, ...options } = this.#options;
    const line: Line = new Line(endpoint, { ...options, onState: (state) => onState(line.endpoint, state) });
    return line;
  }
}
