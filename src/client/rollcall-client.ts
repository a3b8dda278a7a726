// The client: the instances that a program registers, the apps that it follows and its calls of them, all over one link to
// the registry. Nothing is kept in the module: two clients are independent of each other.
// Limits: `appsMax` apps are followed at once, each by a connection of its own.

import { BalancedCalls, type CallOptions } from './calls/balanced-calls.ts';
import type { BreakerState } from './calls/endpoint-circuit.ts';
import { type DiscoverOptions, Discovery } from './discovery/discovery.ts';
import type { Endpoint } from './discovery/instance.ts';
import { appOf, type ClientOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { Membership } from './registration/membership.ts';
import type { Registration } from './registration/registration.ts';
import { RegistryLink } from './registry/registry-link.ts';
import { RollcallError } from './rollcall-error.ts';
import { TypedEmitter } from './typed-emitter.ts';

export interface ClientEvents {
  /** The circuit breaker of an endpoint has changed. */
  breaker: [event: { readonly app: string; readonly endpoint: Endpoint; readonly state: BreakerState }];
  /** A call is made again, at `endpoint`; `error` is how the attempt before ended. */
  retry: [event: { readonly app: string; readonly endpoint: Endpoint; readonly error: unknown }];
  /** One of the addresses is of another registry than the one in use, and is left out; `detail` names both. */
  otherRegistry: [event: { readonly detail: string }];
}

/** More than a program calls; a name made up for each call is a mistake that should be noticed. */
const appsMax = 256;

/** `key` and `signal` as in `CallOptions`. */
export type PickOptions = DiscoverOptions & Pick<CallOptions, 'key' | 'signal'>;

interface Followed {
  readonly discovery: Discovery;
  readonly calls: BalancedCalls;
}

export class RollcallClient extends TypedEmitter<ClientEvents> implements AsyncDisposable {
  readonly #options: ResolvedOptions;
  readonly #link: RegistryLink;
  readonly #memberships = new Set<Membership>();
  readonly #followed = new Map<string, Followed>();
  #isClosed = false;

  /** Throws `invalid`. Nothing is called yet. */
  constructor(options: ClientOptions = {}) {
    super();
    this.#options = resolveOptions(options);
    this.#link = new RegistryLink({
      ...this.#options,
      onOtherRegistry: (detail) => this.emit('otherRegistry', { detail }),
    });
  }

  /**
   * Registers an instance, and keeps it registered until it leaves or the client is closed. Returns at once;
   * `registered()` of the result waits for the registry. Throws `invalid`, `closed`.
   */
  register(registration: Registration): Membership {
    this.#checkOpen('register');
    const membership: Membership = new Membership(registration, {
      ...this.#options,
      link: this.#link,
      onEnd: () => this.#memberships.delete(membership),
    });
    this.#memberships.add(membership);
    return membership;
  }

  /**
   * Follows the instances of an app, `prod/orders`, until the result or the client is closed. The same app with the same
   * options is followed once. Returns at once; `ready()` of the result waits until the app is known. Throws `invalid`,
   * `limit-reached`, `closed`.
   */
  discover(app: string, options: DiscoverOptions = {}): Discovery {
    return this.#follow(app, options).discovery;
  }

  /** The endpoint that a call of the app would go to now. Errors: those of `call`. */
  async pick(app: string, options: PickOptions = {}): Promise<Endpoint> {
    const { key, signal, ...discover } = options;
    const { calls } = await this.#ready(app, discover, signal);
    return calls.pick(key);
  }

  /**
   * Calls `run` with an endpoint of the app and a signal that aborts with the caller's, or when the time of the attempt is
   * over. Throws the last error of `run`, the reason of the caller's signal, or a RollcallError: `no-instances`,
   * `circuit-open`, `timeout`, `refused`, `invalid`, `limit-reached`, `closed`.
   */
  async call<T>(
    app: string,
    run: (endpoint: Endpoint, signal: AbortSignal) => Promise<T>,
    options: DiscoverOptions & CallOptions<T> = {},
  ): Promise<T> {
    const { port, version, zone, group, tags, ...call } = options;
    const { calls } = await this.#ready(app, { port, version, zone, group, tags }, call.signal);
    return calls.call(run, call);
  }

  /** Cancels what is registered, without a drain (for that see `Membership.leave`), and ends every stream and timer. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.all([
      ...[...this.#memberships].map((membership) => membership[Symbol.asyncDispose]()),
      ...[...this.#followed.values()].map(({ discovery }) => discovery.close()),
    ]);
    this.#link.close();
    this.removeAllListeners();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #ready(app: string, options: DiscoverOptions, signal: AbortSignal | undefined): Promise<Followed> {
    const followed = this.#follow(app, options);
    await followed.discovery.ready({ timeoutMs: this.#options.readyTimeoutMs, signal });
    return followed;
  }

  #follow(app: string, options: DiscoverOptions): Followed {
    this.#checkOpen('discover');
    const { port, version, zone, group, tags } = options;
    const key = JSON.stringify([app, port, version, zone, group, tags]);
    const known = this.#followed.get(key);
    if (known !== undefined) return known;
    const { env, appid } = appOf(app);
    if (this.#followed.size >= appsMax)
      throw new RollcallError('limit-reached', `Cannot discover ${app}: ${appsMax} apps are followed already`);
    const { balance, scheduler, random } = this.#options;
    const onClose = (): void => void this.#followed.delete(key);
    const discovery = new Discovery(env, appid, options, { ...this.#options, link: this.#link, onClose });
    const calls = new BalancedCalls(balance, {
      discovery,
      scheduler,
      random,
      wallMs: () => Date.now(),
      onBreaker: (endpoint, state) => this.emit('breaker', { app, endpoint, state }),
      onRetry: (endpoint, error) => this.emit('retry', { app, endpoint, error }),
    });
    const followed = { discovery, calls };
    this.#followed.set(key, followed);
    return followed;
  }

  #checkOpen(what: string): void {
    if (this.#isClosed) throw new RollcallError('closed', `Cannot ${what}: the client is closed`);
  }
}
