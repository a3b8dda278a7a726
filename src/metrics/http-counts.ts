// What the HTTP plane counts. It calls these once a request, so they only add to plain numbers; metrics.ts copies them
// at each scrape. Labels come from closed sets: verdicts, route templates, known methods, classes of status.

import type { CallKind } from '../model/call-kind.ts';
import type {
  CancelVerdict,
  DrainVerdict,
  HttpCounters,
  PatchVerdict,
  Refusal,
  RegistrationVerdict,
  RenewalVerdict,
} from '../model/http-counters.ts';
import { Latencies } from './latencies.ts';

type Counts<Kind extends string> = Map<Kind, number>;

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS']);

export interface RequestCount {
  readonly route: string;
  readonly method: string;
  /** `2xx` */
  readonly status: string;
  readonly count: number;
}

export class HttpCounts implements HttpCounters {
  // All from the start, at zero: a rate needs the value before the first event.
  readonly registrations = counts<RegistrationVerdict>({
    created: 0,
    replaced: 0,
    unchanged: 0,
    outdated: 0,
    exists: 0,
    precondition: 0,
    conflict: 0,
    invalid: 0,
    full: 0,
    'not-yours': 0,
  });
  readonly renewals = counts<RenewalVerdict>({ renewed: 0, unknown: 0, invalid: 0 });
  readonly patches = counts<PatchVerdict>({
    patched: 0,
    unchanged: 0,
    unknown: 0,
    precondition: 0,
    invalid: 0,
    'not-yours': 0,
  });
  readonly cancels = counts<CancelVerdict>({ cancelled: 0, unknown: 0, precondition: 0, invalid: 0, 'not-yours': 0 });
  readonly drains = counts<DrainVerdict>({
    drained: 0,
    resumed: 0,
    released: 0,
    unchanged: 0,
    unknown: 0,
    precondition: 0,
    invalid: 0,
    'not-yours': 0,
  });
  readonly refusals = counts<Refusal>({
    overload: 0,
    'overload-renewal': 0,
    'client-rate': 0,
    credentials: 0,
    right: 0,
    quota: 0,
    connections: 0,
    'client-connections': 0,
    'unsent-replies': 0,
    'long-polls': 0,
    watchers: 0,
    body: 0,
    instances: 0,
    'instances-per-app': 0,
    apps: 0,
    store: 0,
  });
  readonly latencies = new Latencies();
  /** Open now. */
  connections = 0;
  /** Octets of replies that clients have not taken. */
  unsentOctets = 0;
  /** By route, by method, by hundreds of the status: no key is put together on the hot path. */
  readonly #requests = new Map<string, Map<string, number[]>>();

  registration(verdict: RegistrationVerdict): void {
    add(this.registrations, verdict);
  }

  renewal(verdict: RenewalVerdict, count = 1): void {
    add(this.renewals, verdict, count);
  }

  patch(verdict: PatchVerdict): void {
    add(this.patches, verdict);
  }

  cancel(verdict: CancelVerdict): void {
    add(this.cancels, verdict);
  }

  drain(verdict: DrainVerdict): void {
    add(this.drains, verdict);
  }

  refused(what: Refusal): void {
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

/** A record, so that a kind that is left out does not compile. */
function counts<Kind extends string>(zeros: Readonly<Record<Kind, 0>>): Counts<Kind> {
  return new Map(Object.keys(zeros).map((kind) => [kind as Kind, 0]));
}

function add<Kind extends string>(counts: Counts<Kind>, key: Kind, count = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
