// The circuits of the endpoints of one app. A circuit is kept while its endpoint is listed; one that comes back later, as a
// new process at the same address, begins with a closed circuit.
// Limits: as many as the app has endpoints.

import { type Endpoint, endpointKey } from '../discovery/instance.ts';
import { type BreakerOptions, type BreakerState, EndpointCircuit } from './endpoint-circuit.ts';

export interface EndpointCircuitsOptions extends BreakerOptions {
  readonly onState: (endpoint: Endpoint, state: BreakerState) => void;
  readonly wallMs: () => number;
}

export class EndpointCircuits {
  readonly #options: EndpointCircuitsOptions;
  #byKey = new Map<string, EndpointCircuit>();

  constructor(options: EndpointCircuitsOptions) {
    this.#options = options;
  }

  /** In the order of the endpoints. */
  get all(): readonly EndpointCircuit[] {
    return [...this.#byKey.values()];
  }

  /** The endpoints are now these; of two at one address the first counts. */
  follow(endpoints: readonly Endpoint[]): void {
    const before = this.#byKey;
    this.#byKey = new Map();
    for (const endpoint of endpoints) {
      const key = endpointKey(endpoint);
      if (this.#byKey.has(key)) continue;
      const circuit = before.get(key) ?? this.#circuitOf(endpoint);
      // Weight, zone and metadata may have changed.
      circuit.endpoint = endpoint;
      this.#byKey.set(key, circuit);
    }
  }

  #circuitOf(endpoint: Endpoint): EndpointCircuit {
    const { onState, ...options } = this.#options;
    const circuit: EndpointCircuit = new EndpointCircuit(endpoint, {
      ...options,
      onState: (state) => onState(circuit.endpoint, state),
    });
    return circuit;
  }
}
