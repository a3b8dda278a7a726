// What the HTTP plane counts. It calls these once a request, so they only add to plain numbers; metrics.ts copies them
// at each scrape. Labels come from closed sets: verdicts, route templates, known methods, classes of status.

import type { CallKind } from '../model/call-kind.ts';
import { Latencies } from './latencies.ts';

type Counts = Map<string, number>;

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS']);

export interface RequestCount {
  readonly route: string;
  readonly method: string;
  /** `2xx` */
  readonly status: string;
  readonly count: number;
}

/** Has the shape of `HttpCounters` in control, which it must not import. */
export class HttpCounts {
  // All from the start, at zero: a rate needs the value before the first event.
  readonly registrations: Counts = zeros(
    'created replaced unchanged outdated exists precondition conflict invalid full not-yours',
  );
  readonly renewals: Counts = zeros('renewed unknown invalid');
  readonly patches: Counts = zeros('patched unchanged unknown precondition invalid not-yours');
  readonly cancels: Counts = zeros('cancelled unknown precondition invalid not-yours');
  readonly drains: Counts = zeros('drained resumed released unchanged unknown precondition invalid not-yours');
  readonly refusals: Counts = zeros(
    'overload overload-renewal client-rate credentials right quota connections client-connections unsent-replies long-polls watchers body instances instances-per-app apps store',
  );
  readonly latencies = new Latencies();
  /** Open now. */
  connections = 0;
  /** Octets of replies that clients have not taken. */
  unsentOctets = 0;
  /** By route, by method, by hundreds of the status: no key is put together on the hot path. */
  readonly #requests = new Map<string, Map<string, number[]>>();

  registration(verdict: string): void {
    add(this.registrations, verdict);
  }

  renewal(verdict: string, count = 1): void {
    add(this.renewals, verdict, count);
  }

  patch(verdict: string): void {
    add(this.patches, verdict);
  }

  cancel(verdict: string): void {
    add(this.cancels, verdict);
  }

  drain(verdict: string): void {
    add(this.drains, verdict);
  }

  refused(what: string): void {
    add(this.refusals, what);
  }

  took(kind: CallKind, seconds: number): void {
    this.latencies.took(kind, seconds);
  }

  connected(difference: 1 | -1): void {
    this.connections += difference;
  }

  unsent(difference: number): void {
    this.unsentOctets += difference;
  }

  request(method: string, route: string, status: number): void {
    const known = methods.has(method) ? method : 'other';
    const byMethod = this.#requests.get(route) ?? new Map<string, number[]>();
    if (byMethod.size === 0) this.#requests.set(route, byMethod);
    const byHundreds = byMethod.get(known) ?? [0, 0, 0, 0, 0, 0];
    if (byHundreds[0] === 0) byMethod.set(known, byHundreds);
    // The first place counts all, and so shows that the row is in the map.
    byHundreds[0] = (byHundreds[0] as number) + 1;
    const hundreds = Math.min(Math.max(Math.trunc(status / 100), 1), 5);
    byHundreds[hundreds] = (byHundreds[hundreds] as number) + 1;
  }

  /** Every combination that occurred. */
  *requests(): Generator<RequestCount> {
    for (const [route, byMethod] of this.#requests) {
      for (const [method, byHundreds] of byMethod) {
        for (const [hundreds, count] of byHundreds.entries()) {
          if (hundreds > 0 && count > 0) yield { route, method, status: `${hundreds}xx`, count };
        }
      }
    }
  }
}

function zeros(verdicts: string): Counts {
  return new Map(verdicts.split(' ').map((verdict) => [verdict, 0]));
}

function add(counts: Counts, key: string, count = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
