// A live Consul: a blocking query holds the names of all services, and one more the health of each. Many services are asked
// in turn with short waits instead, since an agent takes 200 connections from one address.
// Limits: `heldMax` queries at a time; `servicesMax` services, others are named; a query that was answered without news is
// asked again after `idleMs` at the earliest.

import { type BackoffLimits, backoffMs } from '../../runtime/backoff.ts';
import { pause, type Scheduler } from '../../runtime/scheduler.ts';
import {
  fieldsOf,
  jsonOf,
  listOf,
  type RegistrySource,
  type SourceFault,
  type SourceHttp,
  type SourceInstance,
  type SourceListener,
  type Unmapped,
} from '../source.ts';
import { consulInstances } from './consul-service.ts';

export interface ConsulOptions {
  readonly http: SourceHttp;
  readonly token: string | undefined;
  readonly scheduler: Scheduler;
  readonly random: () => number;
}

const heldMax = 100;
/** Above it the queries no longer fit beside each other, with some left for new services. */
const heldServicesMax = 80;
const servicesMax = 5000;
const waitSeconds = 55;
const idleMs = 1000;
const backoff: BackoffLimits = { firstMs: 500, longestMs: 15_000 };
/** Consul itself. */
const ownService = 'consul';

interface Known {
  index: number;
  /** Undefined: not read yet. */
  instances: readonly SourceInstance[] | undefined;
  isHeld: boolean;
}

export class ConsulSource implements RegistrySource {
  readonly kind = 'consul';
  readonly #options: ConsulOptions;

  constructor(options: ConsulOptions) {
    this.#options = options;
  }

  follow(listener: SourceListener, signal: AbortSignal): Promise<void> {
    return new Following(this.#options, listener, signal).run();
  }
}

type Read = { readonly index: number; readonly json: unknown } | SourceFault;

class Following {
  readonly #options: ConsulOptions;
  readonly #listener: SourceListener;
  readonly #signal: AbortSignal;
  readonly #services = new Map<string, Known>();
  #unmapped: readonly Unmapped[] = [];
  readonly #queue: string[] = [];
  readonly #queries = new Set<Promise<void>>();
  #isListed = false;

  constructor(options: ConsulOptions, listener: SourceListener, signal: AbortSignal) {
    this.#options = options;
    this.#listener = listener;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    let [index, failures] = [0, 0];
    while (!this.#signal.aborted) {
      const askedMs = this.#options.scheduler.nowMs();
      const read = await this.#read('/v1/catalog/services', index, waitSeconds);
      if (this.#signal.aborted) break;
      if ('fault' in read) {
        failures++;
        this.#isListed = false;
        this.#listener.onOutage(read.fault);
        // A server that comes back may be another one.
        index = 0;
        await this.#pause(backoffMs(failures, backoff, this.#options.random));
        continue;
      }
      failures = 0;
      const isNews = read.index !== index || !this.#isListed;
      index = read.index < index ? 0 : read.index;
      if (isNews) this.#list(Object.keys(fieldsOf(read.json)).filter((name) => name !== ownService));
      if (!isNews) await this.#pause(idleMs - (this.#options.scheduler.nowMs() - askedMs));
    }
    await Promise.all(this.#queries);
  }

  #list(names: readonly string[]): void {
    this.#isListed = true;
    const listed = new Set(names.slice(0, servicesMax));
    this.#unmapped = names
      .slice(servicesMax)
      .map((name) => ({ name, why: `is beyond the first ${servicesMax} services` }));
    for (const name of this.#services.keys()) if (!listed.has(name)) this.#services.delete(name);
    for (const name of listed) {
      if (this.#services.has(name)) continue;
      this.#services.set(name, { index: 0, instances: undefined, isHeld: false });
      this.#queue.push(name);
    }
    this.#report();
    this.#ask();
  }

  /** Starts queries as long as there is room. */
  #ask(): void {
    while (this.#queries.size < heldMax && this.#queue.length > 0 && !this.#signal.aborted) {
      const name = this.#queue.shift() as string;
      const known = this.#services.get(name);
      if (known === undefined || known.isHeld) continue;
      known.isHeld = true;
      const query: Promise<void> = this.#query(name, known).then(() => {
        this.#queries.delete(query);
        known.isHeld = false;
        if (this.#services.get(name) === known) this.#queue.push(name);
        this.#ask();
      });
      this.#queries.add(query);
    }
  }

  async #query(name: string, known: Known): Promise<void> {
    const { scheduler, random } = this.#options;
    const askedMs = scheduler.nowMs();
    const wait = this.#services.size <= heldServicesMax ? waitSeconds : 1;
    const read = await this.#read(`/v1/health/service/${encodeURIComponent(name.toWellFormed())}`, known.index, wait);
    if (this.#signal.aborted || this.#services.get(name) !== known) return;
    if ('fault' in read) {
      known.index = 0;
      // Later the query for all services reports it, where it is more than this one.
      if (known.instances === undefined) this.#listener.onOutage(read.fault);
      await this.#pause(backoffMs(3, backoff, random));
      return;
    }
    const isNews = read.index !== known.index || known.instances === undefined;
    known.index = read.index < known.index ? 0 : read.index;
    if (isNews) {
      known.instances = consulInstances(name, listOf(read.json));
      this.#report();
    } else await this.#pause(idleMs - (scheduler.nowMs() - askedMs));
  }

  /** Once each service has been read: a part is no state. */
  #report(): void {
    const all = [...this.#services.values()].map(({ instances }) => instances);
    if (!this.#isListed || all.includes(undefined)) return;
    this.#listener.onState({ instances: all.flatMap((one) => one ?? []), unmapped: this.#unmapped });
  }

  async #read(path: string, index: number, wait: number): Promise<Read> {
    const { http, token } = this.#options;
    const query = index === 0 ? '' : `?index=${index}&wait=${wait}s`;
    // Consul adds up to a sixteenth.
    const waitMs = index === 0 ? 0 : (wait * 1000 * 17) / 16;
    const headers = token === undefined ? {} : { 'x-consul-token': token };
    const reply = await http({ path: path + query, headers, waitMs }, this.#signal);
    const read = jsonOf(reply, path);
    if ('fault' in read || 'fault' in reply) return read as SourceFault;
    const found = Number(reply.header('x-consul-index') ?? Number.NaN);
    if (!Number.isSafeInteger(found) || found < 1) return { fault: `the answer to ${path} has no X-Consul-Index` };
    return { index: found, json: read.json };
  }

  #pause(ms: number): Promise<void> {
    return ms <= 0 ? Promise.resolve() : pause(this.#options.scheduler, ms, this.#signal);
  }
}
