// The instances of an app, kept up to date: a cache fed by the registry's stream of events. While the stream is down the
// last good state holds (`last-known`), or what DNS answers where it answers with endpoints (`dns`). A list is never
// emptied because the registry cannot be reached, nor because DNS, meanwhile, has no records.
// What the guard of the registry suspects is not considered: it is no change and not in the stream, and half of a fleet
// may be suspect while all of it is well. Dead instances are found by calling them: see calls/.

import type { Scheduler } from '../../runtime/scheduler.ts';
import { Latch, type WaitOptions } from '../latch.ts';
import { followEvents, type StreamItem } from '../registry/event-stream.ts';
import type { RegistryLink } from '../registry/registry-link.ts';
import type { FailedReply } from '../registry/reply.ts';
import { RollcallError } from '../rollcall-error.ts';
import { TypedEmitter } from '../typed-emitter.ts';
import { askDns, type DnsFallbackOptions, type DnsFinding, type DnsSubject } from './dns-fallback.ts';
import { type Endpoint, endpointsOf, type Instance } from './instance.ts';
import { KnownInstances } from './known-instances.ts';

export interface DiscoverOptions {
  /** Only endpoints of the port of this name; by default the first address of each instance. */
  readonly port?: string | undefined;
  /** Only instances of this version; all by default. */
  readonly version?: string | undefined;
  /** Only instances of this availability zone; all by default. */
  readonly zone?: string | undefined;
  /** Only instances of this group; all by default. */
  readonly group?: string | undefined;
  /** Only instances that have all of these tags; all by default. */
  readonly tags?: readonly string[] | undefined;
}

/** Where the list comes from: nowhere yet, the open stream, the stream before it was lost, or DNS. */
export type Source = 'none' | 'registry' | 'last-known' | 'dns';

export interface DiscoveryEvents {
  /** The endpoints have changed. */
  change: [endpoints: readonly Endpoint[]];
  /** The list now comes from somewhere else: see `Discovery.source`. */
  source: [source: Source];
  /** The stream is down, and why; again with every failed try. */
  disconnected: [reason: string];
}

export interface DiscoveryDeps {
  readonly link: RegistryLink;
  readonly scheduler: Scheduler;
  readonly random: () => number;
  readonly dns: DnsFallbackOptions | undefined;
  /** It is closed. */
  readonly onClose: () => void;
  /** For tests; asks the servers by default. */
  readonly askDns?: (options: DnsFallbackOptions, subject: DnsSubject, signal: AbortSignal) => Promise<DnsFinding>;
}

/** The default TTL of rollcall's records. */
const dnsEveryMs = 5000;

export class Discovery extends TypedEmitter<DiscoveryEvents> implements AsyncDisposable {
  readonly env: string;
  readonly appid: string;
  readonly #options: DiscoverOptions;
  readonly #deps: DiscoveryDeps;
  readonly #known = new KnownInstances();
  readonly #latch: Latch;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #endpoints: readonly Endpoint[] = [];
  #source: Source = 'none';
  #lastReason = 'no answer yet';
  #cancelExpiry: (() => void) | undefined;
  #cancelDnsTimer: (() => void) | undefined;
  #isAskingDns = false;

  constructor(env: string, appid: string, options: DiscoverOptions, deps: DiscoveryDeps) {
    super();
    this.env = env;
    this.appid = appid;
    this.#options = options;
    this.#deps = deps;
    this.#latch = new Latch(deps.scheduler);
    this.#running = this.#follow();
  }

  /** Where `endpoints` come from; see `Source` for what each is worth. */
  get source(): Source {
    return this.#source;
  }

  /** Endpoints that take traffic, as far as is known. */
  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** As the registry sent them; empty while only DNS is known. */
  get instances(): readonly Instance[] {
    return this.#known.list;
  }

  /** Resolves when the app is known, though it may have no instance. Errors: `timeout`, `refused`, `closed`. */
  ready(options: WaitOptions = {}): Promise<void> {
    return this.#latch.wait(options, () => `Cannot discover ${this.env}/${this.appid}: ${this.#lastReason}`);
  }

  /** The endpoints as they are once the app is known, and after each change; changes meanwhile are one. Ends with `close`. */
  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Endpoint[], void> {
    let given: readonly Endpoint[] | undefined;
    let wake = (): void => {};
    const onChange = (): void => wake();
    this.on('change', onChange);
    this.#stop.signal.addEventListener('abort', onChange, { once: true });
    try {
      await this.#latch.settled();
      while (!this.#stop.signal.aborted) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        if (given === this.#endpoints) await changed;
        else {
          given = this.#endpoints;
          yield given;
        }
      }
    } finally {
      this.off('change', onChange);
      this.#stop.signal.removeEventListener('abort', onChange);
    }
  }

  /** Ends the stream and every timer; `discover` of the same app then begins anew. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#deps.onClose();
    this.#cancelExpiry?.();
    this.#cancelDnsTimer?.();
    this.#latch.fail(new RollcallError('closed', `Cannot discover ${this.env}/${this.appid}: it is closed`));
    await this.#running;
    this.removeAllListeners();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    for await (const item of followEvents(watchPath(this.env, this.appid, this.#options), this.#deps, signal)) {
      if (!signal.aborted) this.#take(item);
    }
  }

  #take(item: StreamItem): void {
    if (item.kind === 'disconnected') this.#disconnected(item.reason, item.reply);
    if (item.kind !== 'event') return;
    const hasChanged = this.#known.apply(item.event, item.data, this.#deps.scheduler.nowMs());
    if (item.event === 'synced') this.#synced();
    else if (hasChanged) this.#refresh();
  }

  #synced(): void {
    this.#cancelDnsTimer?.();
    this.#cancelDnsTimer = undefined;
    this.#moveTo('registry');
    this.#refresh();
    this.#latch.open();
  }

  #disconnected(reason: string, reply: FailedReply | undefined): void {
    this.#known.markDisconnected();
    this.#lastReason = reason;
    // A name that is none stays so; whatever else is refused may be accepted later.
    if (reply?.kind === 'refused' && reply.status === 400) {
      const message = `Cannot discover ${this.env}/${this.appid}: ${reason}`;
      this.#latch.fail(new RollcallError('refused', message, reply));
    }
    if (this.#source === 'registry') this.#moveTo('last-known');
    this.emit('disconnected', reason);
    if (this.#cancelDnsTimer === undefined && !this.#isAskingDns) void this.#fallBackToDns();
  }

  /** Asks at intervals until the stream is back. */
  async #fallBackToDns(): Promise<void> {
    const { dns, scheduler, askDns: ask = askDns } = this.#deps;
    const { port } = this.#options;
    if (dns === undefined || port === undefined || this.#stop.signal.aborted) return;
    const { env, appid } = this;
    this.#isAskingDns = true;
    const finding = await ask(dns, { ...this.#options, env, appid, port }, this.#stop.signal);
    this.#isAskingDns = false;
    if (this.#source === 'registry' || this.#stop.signal.aborted) return;
    this.#cancelDnsTimer = scheduler.after(dnsEveryMs, () => {
      this.#cancelDnsTimer = undefined;
      void this.#fallBackToDns();
    });
    if (finding.kind !== 'found') return;
    this.#moveTo('dns');
    this.#replace(finding.endpoints);
    this.#latch.open();
  }

  #refresh(): void {
    this.#cancelExpiry?.();
    const { nextExpiryMs, list } = this.#known;
    const { scheduler } = this.#deps;
    if (nextExpiryMs !== undefined) {
      this.#cancelExpiry = scheduler.after(nextExpiryMs - scheduler.nowMs(), () => {
        if (this.#known.expire(scheduler.nowMs())) this.#refresh();
      });
    }
    // Until the snapshot of a stream that comes back is complete, DNS is as good as it was.
    if (this.#source !== 'dns') this.#replace(list.flatMap((one) => endpointsOf(one, this.#options.port)));
  }

  #replace(endpoints: readonly Endpoint[]): void {
    if (JSON.stringify(endpoints) === JSON.stringify(this.#endpoints)) return;
    this.#endpoints = endpoints;
    this.emit('change', endpoints);
  }

  #moveTo(source: Source): void {
    if (source === this.#source) return;
    this.#source = source;
    this.emit('source', source);
  }
}

function watchPath(env: string, appid: string, { port, version, zone, group, tags = [] }: DiscoverOptions): string {
  const query = new URLSearchParams({ app: `${env}/${appid}`, status: 'up' });
  for (const [name, value] of Object.entries({ port, version, zone, group })) {
    if (value !== undefined) query.set(name, value);
  }
  for (const tag of tags) query.append('tag', tag);
  return `/api/v1/watch?${query.toString()}`;
}
