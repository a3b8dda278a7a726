// The options of a client, checked once: a wrong one is told with its name and value before anything is called.

import type { BalanceOptions, Retry } from './calls/balanced-calls.ts';
import { type StrategyName, strategyNames } from './choice/strategies.ts';
import type { DnsRoadOptions } from './discovery/dns-road.ts';
import { RollcallError } from './rollcall-error.ts';
import { systemTime, type Time } from './time.ts';

export interface ClientOptions {
  /** Where the registry's HTTP API is, one address or several: `http://127.0.0.1:7171`, which is the default. */
  readonly registry?: string | readonly string[];
  /** Sent as `authorization: Bearer`. */
  readonly token?: string;
  /** The second road: `{ servers: ['127.0.0.1:8053'], origin: 'svc.' }`. Taken for apps whose port is named. */
  readonly dns?: { readonly servers: string | readonly string[]; readonly origin?: string };
  /** The zone to prefer when an instance is chosen. */
  readonly near?: string;
  /** How instances are chosen; `least-pending` by default. */
  readonly strategy?: StrategyName;
  /** What may be repeated at another instance: `unsent` by default, that is, what the first one has not seen. */
  readonly retry?: Retry;
  /** Instances that one call is tried at, the first one included; 3 by default. */
  readonly attemptsMax?: number;
  /** For each attempt; 10 s by default. */
  readonly attemptMs?: number;
  /** An instance is held back after so many failures in a row (5), and tried again after a while (5 s). */
  readonly breaker?: { readonly failures?: number; readonly halfOpenAfterMs?: number };
  /** Repetitions for each first call (0.2), and those that are allowed anyhow, each second (10). */
  readonly retryBudget?: { readonly ratio?: number; readonly perSecond?: number };
  /** How long a call waits for the first word on who is there; 10 s by default. */
  readonly readyMs?: number;
  /** For a reply of the registry; 10 s by default. */
  readonly replyWithinMs?: number;
  /** Instead of Node's own, for proxies, certificates or tests. */
  readonly fetch?: typeof fetch;
  /** For tests. */
  readonly time?: Time;
  /** For tests: uniform in [0, 1). */
  readonly random?: () => number;
}

export interface ResolvedOptions {
  readonly addresses: readonly string[];
  readonly token: string | undefined;
  readonly dns: DnsRoadOptions | undefined;
  readonly balance: BalanceOptions;
  readonly readyMs: number;
  readonly replyWithinMs: number;
  readonly fetch: typeof fetch;
  readonly time: Time;
  readonly random: () => number;
}

/** Throws `invalid`. */
export function resolveOptions(options: ClientOptions): ResolvedOptions {
  const {
    registry = 'http://127.0.0.1:7171',
    token,
    dns,
    near,
    strategy = 'least-pending',
    retry = 'unsent',
  } = options;
  const { breaker = {}, retryBudget = {} } = options;
  const given = [registry].flat();
  if (given.length === 0) throw invalid('registry', 'must name at least one address', 'an empty list');
  if (token !== undefined && !/^[!-~]{1,512}$/.test(token))
    throw invalid('token', 'must be 1 to 512 printable ASCII characters without blanks', 'something else');
  if (!strategyNames.includes(strategy))
    throw invalid('strategy', `must be one of ${strategyNames.join(', ')}`, strategy);
  if (!['unsent', 'always', 'never'].includes(retry)) throw invalid('retry', 'must be unsent, always or never', retry);
  return {
    addresses: given.map(addressOf),
    token,
    dns: dns === undefined ? undefined : { servers: [dns.servers].flat(), origin: dns.origin ?? 'svc.' },
    balance: {
      strategy,
      near,
      retry,
      attemptsMax: atLeast('attemptsMax', options.attemptsMax ?? 3, 1),
      attemptMs: atLeast('attemptMs', options.attemptMs ?? 10_000, 1),
      breaker: {
        failures: atLeast('breaker.failures', breaker.failures ?? 5, 1),
        halfOpenAfterMs: atLeast('breaker.halfOpenAfterMs', breaker.halfOpenAfterMs ?? 5000, 1),
      },
      retryBudget: {
        ratio: atLeast('retryBudget.ratio', retryBudget.ratio ?? 0.2, 0),
        perSecond: atLeast('retryBudget.perSecond', retryBudget.perSecond ?? 10, 0),
      },
    },
    readyMs: atLeast('readyMs', options.readyMs ?? 10_000, 0),
    replyWithinMs: atLeast('replyWithinMs', options.replyWithinMs ?? 10_000, 1),
    // Looked up at each call: tests and tracers put another one in its place.
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    time: options.time ?? systemTime,
    random: options.random ?? Math.random,
  };
}

/** `prod/orders` -> its two parts; whether they are names the registry will say. Throws `invalid`. */
export function appOf(app: string): { readonly env: string; readonly appid: string } {
  const [, env, appid] = /^([^/\s]+)\/([^/\s]+)$/.exec(app) ?? [];
  if (env === undefined || appid === undefined) throw invalid('app', 'must have the form env/appid', app);
  return { env, appid };
}

function addressOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw invalid('registry', 'must be http or https URLs like http://127.0.0.1:7171', text);
  if (url.username !== '' || url.password !== '')
    throw invalid('registry', 'must not hold a user or password; put the token into token', url.host);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw invalid('registry', `must end with the port, as ${url.origin}`, text);
  return url.origin;
}

function atLeast(field: string, value: number, least: number): number {
  if (Number.isFinite(value) && value >= least) return value;
  throw invalid(field, `must be a number of at least ${least}`, value);
}

function invalid(field: string, rule: string, value: unknown): RollcallError {
  return new RollcallError('invalid', `Cannot make a client: ${field} ${rule}, received ${String(value)}`);
}
