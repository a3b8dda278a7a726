// The options of a client, checked once: a wrong one is reported with its name and value before anything is called.

import { type Scheduler, systemScheduler } from '../runtime/scheduler.ts';
import type { BalanceOptions, Retry } from './calls/balanced-calls.ts';
import { type StrategyName, strategyNames } from './choice/strategies.ts';
import type { DnsFallbackOptions } from './discovery/dns-fallback.ts';
import { type Fetch, httpRequestWith } from './registry/http-request.ts';
import { type HostLookUp, systemLookUp } from './registry/places.ts';
import { registryAddress } from './registry/registry-address.ts';
import { RollcallError } from './rollcall-error.ts';

export interface ClientOptions {
  /**
   * Addresses of the registry's HTTP API, tried in turn: the nodes of one cluster, each with its own or all by one host
   * name; `http://127.0.0.1:7171` by default. Behind a proxy with its prefix: `https://registry.example.org/rollcall`.
   */
  readonly registry?: string | readonly string[] | undefined;
  /** Sent as `authorization: Bearer`; none by default, so that `process.env.ROLLCALL_TOKEN` may be given as it is. */
  readonly token?: string | undefined;
  /** PEM of the authorities that sign the registry's certificate, for https; those that Node knows by default. */
  readonly ca?: string | undefined;
  /** PEM of this client's certificate, where the registry asks for one; with `key`. */
  readonly cert?: string | undefined;
  /** PEM of the private key of `cert`. */
  readonly key?: string | undefined;
  /** DNS servers to ask while the registry cannot be reached, for apps whose `port` is named; none by default. */
  readonly dns?: DnsOptions | undefined;
  /** The availability zone to prefer; none by default. */
  readonly near?: string | undefined;
  /** How an instance is chosen; `least-pending` by default. */
  readonly strategy?: StrategyName | undefined;
  /** Which failed calls are made again at another instance; `unsent` by default: those that the first has not seen. */
  readonly retry?: Retry | undefined;
  /** Instances that one call is tried at, the first included; 3 by default. */
  readonly attemptsMax?: number | undefined;
  /** Milliseconds for each attempt of a call; 10 000 by default. */
  readonly attemptTimeoutMs?: number | undefined;
  /** The circuit breaker of each endpoint. */
  readonly breaker?: CircuitBreakerOptions | undefined;
  /** How many calls may be made again. */
  readonly retryBudget?: RetryBudgetLimits | undefined;
  /** Milliseconds that a call waits until an app is known; 10 000 by default. */
  readonly readyTimeoutMs?: number | undefined;
  /** Milliseconds for a reply of the registry, for each address; 10 000 by default. */
  readonly requestTimeoutMs?: number | undefined;
  /** Makes the requests to the registry, such as the global `fetch` with a proxy; Node's `http` and `https` by default. */
  readonly fetch?: Fetch | undefined;
  /** Clock and timers; the system's by default. For tests. */
  readonly scheduler?: Scheduler | undefined;
  /** Uniform in [0, 1); `Math.random` by default. For tests. */
  readonly random?: (() => number) | undefined;
}

export interface DnsOptions {
  /** `127.0.0.1:8053`, or several; the first that answers counts. */
  readonly servers: string | readonly string[];
  /** The domain below which services are found; `svc.` by default. */
  readonly origin?: string | undefined;
}

export interface CircuitBreakerOptions {
  /** Failures in a row that open it; 5 by default. */
  readonly failures?: number | undefined;
  /** Milliseconds after which one call tries the endpoint again; 5000 by default. */
  readonly halfOpenAfterMs?: number | undefined;
}

export interface RetryBudgetLimits {
  /** Repeated calls for each first call; 0.2 by default: one for five. */
  readonly ratio?: number | undefined;
  /** Repeated calls that are allowed in any case, each second; 10 by default. */
  readonly perSecond?: number | undefined;
}

export interface ResolvedOptions {
  readonly addresses: readonly string[];
  readonly token: string | undefined;
  readonly dns: DnsFallbackOptions | undefined;
  readonly balance: BalanceOptions;
  readonly readyTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly fetch: Fetch;
  readonly lookUp: HostLookUp | undefined;
  readonly scheduler: Scheduler;
  readonly random: () => number;
}

/** Throws `invalid`. */
export function resolveOptions(options: ClientOptions): ResolvedOptions {
  const { registry = 'http://127.0.0.1:7171', token, dns } = options;
  checkTls(options);
  const given = [registry].flat();
  if (given.length === 0) throw invalid('registry', 'must name at least one address', 'an empty list');
  if (token !== undefined && !/^[!-~]{1,512}$/.test(token))
    throw invalid('token', 'must be 1 to 512 printable ASCII characters without blanks', 'something else');
  return {
    addresses: given.map(addressOf),
    token,
    dns: dns === undefined ? undefined : { servers: [dns.servers].flat(), origin: dns.origin ?? 'svc.' },
    balance: balanceOf(options),
    readyTimeoutMs: atLeast('readyTimeoutMs', options.readyTimeoutMs ?? 10_000, 0),
    requestTimeoutMs: atLeast('requestTimeoutMs', options.requestTimeoutMs ?? 10_000, 1),
    fetch: options.fetch ?? httpRequestWith(options),
    // A `fetch` from outside connects where it wants to.
    lookUp: options.fetch === undefined ? systemLookUp : undefined,
    scheduler: options.scheduler ?? systemScheduler,
    random: options.random ?? Math.random,
  };
}

function balanceOf(options: ClientOptions): BalanceOptions {
  const { near, strategy = 'least-pending', retry = 'unsent', breaker = {}, retryBudget = {} } = options;
  if (!strategyNames.includes(strategy))
    throw invalid('strategy', `must be one of ${strategyNames.join(', ')}`, strategy);
  if (!['unsent', 'always', 'never'].includes(retry)) throw invalid('retry', 'must be unsent, always or never', retry);
  return {
    strategy,
    near,
    retry,
    attemptsMax: atLeast('attemptsMax', options.attemptsMax ?? 3, 1),
    attemptTimeoutMs: atLeast('attemptTimeoutMs', options.attemptTimeoutMs ?? 10_000, 1),
    breaker: {
      failures: atLeast('breaker.failures', breaker.failures ?? 5, 1),
      halfOpenAfterMs: atLeast('breaker.halfOpenAfterMs', breaker.halfOpenAfterMs ?? 5000, 1),
    },
    retryBudget: {
      ratio: atLeast('retryBudget.ratio', retryBudget.ratio ?? 0.2, 0),
      perSecond: atLeast('retryBudget.perSecond', retryBudget.perSecond ?? 10, 0),
    },
  };
}

/** `prod/orders` -> its two parts; the registry validates the names. Throws `invalid`. */
export function appOf(app: string): { readonly env: string; readonly appid: string } {
  const [, env, appid] = /^([^/\s]+)\/([^/\s]+)$/.exec(app) ?? [];
  if (env === undefined || appid === undefined) throw invalid('app', 'must have the form env/appid', app);
  return { env, appid };
}

/** A value that is no PEM is not repeated: it may be a key. */
function checkTls({ ca, cert, key, fetch }: ClientOptions): void {
  for (const [field, text] of Object.entries({ ca, cert, key })) {
    if (text === undefined) continue;
    if (fetch !== undefined)
      throw invalid(field, 'is for the requests of this client, and fetch replaces them', 'both');
    if (!text.includes('-----BEGIN '))
      throw invalid(field, 'must be PEM text, not the name of a file', 'something else');
  }
  if ((cert === undefined) !== (key === undefined)) throw invalid('cert', 'must come with key', 'one of them');
}

function addressOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw invalid('registry', 'must be http or https URLs like http://127.0.0.1:7171', text);
  if (url.username !== '' || url.password !== '')
    throw invalid('registry', 'must not hold a user or password; put the token into token', url.host);
  const address = registryAddress(url);
  if (address === undefined)
    throw invalid('registry', `must end before the path of the API, as ${url.origin} or ${url.origin}/prefix`, text);
  return address;
}

function atLeast(field: string, value: number, least: number): number {
  if (Number.isFinite(value) && value >= least) return value;
  throw invalid(field, `must be a number of at least ${least}`, value);
}

function invalid(field: string, rule: string, value: unknown): RollcallError {
  return new RollcallError('invalid', `Cannot make a client: ${field} ${rule}, received ${String(value)}`);
}
