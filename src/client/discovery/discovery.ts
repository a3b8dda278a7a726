// Who serves an app, kept up to date: a cache fed by the registry's stream of events. While the stream is away the last
// good state stands (`last-known`), or what DNS says where it says somebody (`dns`). A list is never emptied because
// nobody could be asked, nor because DNS, in the registry's absence, knows of nobody.
// What the guard of the registry suspects is not looked at: it is no change and is not told by the stream, and half of a
// fleet may be suspect while all of it is well. Who is dead is found by calling: see calls/.

import type { RegistryLink } from '../registry/registry-link.ts';
import { RollcallError } from '../rollcall-error.ts';
import { Speaker } from '../speaker.ts';
import type { Time } from '../time.ts';
import { Happening, type WaitOptions } from '../waiting.ts';
import { askDns, type DnsFinding, type DnsRoadOptions, type DnsSubject } from './dns-road.ts';
import { Follower } from './follower.ts';
import { type Endpoint, endpointsOf, type Instance } from './instance.ts';
import { KnownInstances } from './known-instances.ts';

export interface DiscoverOptions {
  /** Only endpoints of the port of that name; the first address of each instance by default. */
  readonly port?: string | undefined;
  readonly version?: string | undefined;
  readonly zone?: string | undefined;
  readonly group?: string | undefined;
  readonly tags?: readonly string[] | undefined;
}

/** Where the list is from: nothing yet, the stream as it is, the stream as it was, or DNS. */
export type Source = 'none' | 'registry' | 'last-known' | 'dns';

export interface DiscoveryEvents {
  /** The endpoints are others. */
  change: [endpoints: readonly Endpoint[]];
  source: [source: Source];
  /** Why the registry cannot be heard; told with every try that fails. */
  away: [reason: string];
}

export interface DiscoveryDeps {
  readonly link: RegistryLink;
  readonly time: Time;
  readonly random: () => number;
  readonly dns: DnsRoadOptions | undefined;
  /** It is closed. */
  readonly onClose: () => void;
  /** For tests; asks the servers by default. */
  readonly askDns?: (options: DnsRoadOptions, subject: DnsSubject, signal: AbortSignal) => Promise<DnsFinding>;
}

/** As long as rollcall's records live, unless asked otherwise. */
const dnsEveryMs = 5000;

export class Discovery extends Speaker<DiscoveryEvents> {
  readonly env: string;
  readonly appid: string;
  readonly #options: DiscoverOptions;
  readonly #deps: DiscoveryDeps;
  readonly #known = new KnownInstances();
  readonly #ready: Happening;
  readonly #follower: Follower;
  readonly #stop = new AbortController();
  #endpoints: readonly Endpoint[] = [];
  #source: Source = 'none';
  #lastReason = 'no answer yet';
  #takeBackLoss: (() => void) | undefined;
  #takeBackDns: (() => void) | undefined;
  #isAsking = false;

  constructor(env: string, appid: string, options: DiscoverOptions, deps: DiscoveryDeps) {
    super();
    this.env = env;
    this.appid = appid;
    this.#options = options;
    this.#deps = deps;
    this.#ready = new Happening(deps.time);
    const { link, time, random } = deps;
    this.#follower = new Follower(watchPath(env, appid, options), {
      link,
      time,
      random,
      onEvent: (event, data) => {
        const isOther = this.#known.hear(event, data, time.monotonicMs());
        if (event === 'synced') this.#synced();
        else if (isOther) this.#refresh();
      },
      onAway: (reason, refusal) => this.#away(reason, refusal),
    });
  }

  get source(): Source {
    return this.#source;
  }

  /** Those that take traffic, as far as is known. */
  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** As the registry told them; none are known by what DNS says. */
  get instances(): readonly Instance[] {
    return this.#known.list;
  }

  /** Resolves when something is known, be it that there is nobody. Errors: `late`, `refused`, `closed`. */
  ready(options: WaitOptions = {}): Promise<void> {
    return this.#ready.wait(options, () => `Cannot discover ${this.env}/${this.appid}: ${this.#lastReason}`);
  }

  /** Ends the stream and every timer; a later call of the app begins anew. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#deps.onClose();
    this.#takeBackLoss?.();
    this.#takeBackDns?.();
    this.#ready.fail(new RollcallError('closed', `Cannot discover ${this.env}/${this.appid}: it is closed`));
    await this.#follower.close();
    this.fallSilent();
  }

  #synced(): void {
    this.#takeBackDns?.();
    this.#takeBackDns = undefined;
    this.#move('registry');
    this.#refresh();
    this.#ready.done();
  }

  #away(reason: string, refusal: { readonly status: number } | undefined): void {
    this.#known.brokeOff();
    this.#lastReason = reason;
    // A name that is none stays so; whatever else is refused may be let in later.
    if (refusal?.status === 400) {
      const message = `Cannot discover ${this.env}/${this.appid}: ${reason}`;
      this.#ready.fail(new RollcallError('refused', message, { status: refusal.status }));
    }
    if (this.#source === 'registry') this.#move('last-known');
    this.tell('away', reason);
    if (this.#takeBackDns === undefined && !this.#isAsking) void this.#takeDnsRoad();
  }

  /** Asks now and then until the stream is back. */
  async #takeDnsRoad(): Promise<void> {
    const { dns, time, askDns: ask = askDns } = this.#deps;
    const { port } = this.#options;
    if (dns === undefined || port === undefined || this.#stop.signal.aborted) return;
    const { env, appid } = this;
    this.#isAsking = true;
    const finding = await ask(dns, { ...this.#options, env, appid, port }, this.#stop.signal);
    this.#isAsking = false;
    if (this.#source === 'registry' || this.#stop.signal.aborted) return;
    this.#takeBackDns = time.after(dnsEveryMs, () => {
      this.#takeBackDns = undefined;
      void this.#takeDnsRoad();
    });
    if (finding.kind !== 'found') return;
    this.#move('dns');
    this.#take(finding.endpoints);
    this.#ready.done();
  }

  #refresh(): void {
    this.#takeBackLoss?.();
    const { nextLossMs, list } = this.#known;
    const { time } = this.#deps;
    if (nextLossMs !== undefined) {
      this.#takeBackLoss = time.after(nextLossMs - time.monotonicMs(), () => {
        if (this.#known.loseDue(time.monotonicMs())) this.#refresh();
      });
    }
    // Within the snapshot of a stream that comes back, DNS is as good as it was.
    if (this.#source !== 'dns') this.#take(list.flatMap((one) => endpointsOf(one, this.#options.port)));
  }

  #take(endpoints: readonly Endpoint[]): void {
    if (JSON.stringify(endpoints) === JSON.stringify(this.#endpoints)) return;
    this.#endpoints = endpoints;
    this.tell('change', endpoints);
  }

  #move(source: Source): void {
    if (source === this.#source) return;
    this.#source = source;
    this.tell('source', source);
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
