// The configuration: defaults < rollcall.yaml < ROLLCALL_* environment < flags, resolved once at start into a frozen
// value. Every problem is found in one go, in overridden values too, since a wrong line in a file waits for its day.
// Values keep the unit in their name (seconds); app.ts converts them where it hands them over.
// Limits: nothing but the token file and certificates is reloaded while running. Relative paths are relative to the working directory, wherever they are named.

import type { CredentialList } from '../model/credential.ts';
import type { Listen } from '../model/listen.ts';
import type { Right } from '../model/principal.ts';
import { clusterNaming, clusterProblems } from './cluster-problems.ts';
import { credentialsOf, readCredentials } from './credential-file.ts';
import { environmentNameOf, factsOf, type SettingKey, type Settings, settingKeys } from './settings.ts';
import { type Environment, type Flags, findGiven, type Given, type ReadFile } from './sources.ts';
import type { Token } from './tokens.ts';
import { formatListen, isLoopback, readValue } from './values.ts';

export interface Config
  extends Readonly<
    Omit<
      Settings,
      | 'http'
      | 'dns'
      | 'dnsTls'
      | 'nacosGrpc'
      | 'dnsThreads'
      | 'data'
      | 'tokens'
      | 'tokenFile'
      | 'anonymousRights'
      | 'tlsCert'
      | 'tlsKey'
      | 'tlsClientCa'
      | 'cookieSecret'
      | 'nameServer'
      | 'clusterListen'
    >
  > {
  readonly http: readonly Listen[];
  readonly dns: readonly Listen[];
  readonly clusterListen: Listen;
  readonly dnsTls: readonly Listen[];
  /** Undefined: each port of `http` + 1000. */
  readonly nacosGrpc: readonly Listen[] | undefined;
  /** Undefined: what the machine can use. */
  readonly dnsThreads: number | undefined;
  /** Absolute; undefined: `ns` below the origin. */
  readonly nameServer: string | undefined;
  /** Undefined: nothing is kept over a restart (`data: none`). */
  readonly data: string | undefined;
  /** The folder `zones` was set, so it has to be there. */
  readonly areZonesGiven: boolean;
  /** Those of `tokens`, and of a token file of the old form, together. Never to be printed or logged. */
  readonly tokens: readonly Token[];
  /** Those of `tokens` alone. Never to be printed or logged. */
  readonly ownTokens: readonly Token[];
  /** What callers may show, of `tokens` and the token file together, as it was at the start. */
  readonly credentials: CredentialList;
  /** Undefined: all where there are no credentials, none where there are. */
  readonly anonymousRights: readonly Right[] | undefined;
  readonly tokenFile: string | undefined;
  /** Both or none. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** Set where `tlsClientAuth` asks for certificates, and only there. */
  readonly tlsClientCa: string | undefined;
  /** 32 hexadecimal digits; undefined: one is made up at every start. Never to be printed or logged. */
  readonly cookieSecret: string | undefined;
}

/** For each setting `default`, `rollcall.yaml:3`, `ROLLCALL_HTTP` or `--http`. */
export type Origins = Readonly<Record<SettingKey, string>>;

export type Resolved =
  | { readonly config: Config; readonly origins: Origins }
  | { readonly problems: readonly string[] };

export function resolveConfig(sources: { flags: Flags; env: Environment; readFile: ReadFile }): Resolved {
  const found = findGiven(sources);
  const problems = [...found.problems];
  const values = new Map<SettingKey, unknown>();
  const givenBy = new Map<SettingKey, Given>();
  for (const one of [...defaults(), ...found.given]) {
    const outcome = readValue(one.key, one.raw);
    if ('problems' in outcome) problems.push(...outcome.problems.map((text) => `${one.subject}: ${text}`));
    else values.set(one.key, outcome.value);
    givenBy.set(one.key, one);
  }

  const origins = Object.fromEntries(settingKeys.map((key) => [key, givenBy.get(key)?.source ?? 'default'])) as Record<
    SettingKey,
    string
  >;
  const config = Object.fromEntries(settingKeys.map((key) => [key, values.get(key)])) as object as Config;
  const known = credentialsGiven(config, givenBy.get('tokenFile'), sources.readFile);
  problems.push(...known.problems);
  if (known.tokens.length > config.tokens.length) {
    const both = config.tokens.length > 0;
    origins.tokens = `${both ? `${origins.tokens} and ` : ''}${config.tokenFile} (${origins.tokenFile})`;
  }

  const areZonesGiven = givenBy.get('zones')?.source !== 'default';
  const { tokens, credentials } = known;
  // Values that could not be read are no strings.
  const naming = problems.length === 0 ? clusterNaming(config) : {};
  const whole = { ...config, ...naming, tokens, ownTokens: config.tokens, credentials, areZonesGiven };
  // The rules between settings speak of values that are right by themselves.
  if (problems.length === 0) problems.push(...contradictions(whole, origins));
  if (problems.length > 0) return { problems };
  return { config: deepFreeze(whole), origins: Object.freeze(origins) };
}

function defaults(): Given[] {
  return settingKeys
    .map((key) => ({ key, raw: factsOf(key).default, source: 'default', subject: `default: ${key}` }))
    .filter(({ raw }) => raw !== undefined);
}

function credentialsGiven(
  { tokens, tokenFile }: Config,
  given: Given | undefined,
  readFile: ReadFile,
): { readonly tokens: readonly Token[]; readonly credentials: CredentialList; readonly problems: readonly string[] } {
  const own = { tokens, credentials: { credentials: credentialsOf(tokens), isListed: false } };
  if (tokenFile === undefined || given === undefined) return { ...own, problems: [] };
  const file = readFile(tokenFile);
  if (file.kind !== 'text') {
    const reason = file.kind === 'missing' ? 'there is no such file' : file.reason;
    return { ...own, problems: [`${given.subject}: cannot read ${JSON.stringify(tokenFile)}: ${reason}`] };
  }
  const outcome = readCredentials(file.text, tokens);
  if ('problems' in outcome)
    return { ...own, problems: outcome.problems.map((text) => `${given.subject}: ${tokenFile}: ${text}`) };
  return { tokens: [...tokens, ...outcome.tokens], credentials: outcome.value, problems: [] };
}

function dnsTlsFaults({ http, dns, dnsTls, tlsCert, tlsKey }: Config, origins: Origins): string[] {
  const problems: string[] = [];
  if (dnsTls.length > 0 && tlsCert === undefined && tlsKey === undefined)
    problems.push(`dnsTls (${origins.dnsTls}) needs a certificate: set tlsCert and tlsKey`);
  for (const listen of dnsTls) {
    const name = formatListen(listen);
    for (const [key, others] of Object.entries({ http, dns })) {
      if (listen.port > 0 && others.some((other) => formatListen(other) === name))
        problems.push(
          `dnsTls (${origins.dnsTls}) and ${key} (${origins[key as 'http' | 'dns']}) both ask for TCP ${name}`,
        );
    }
  }
  return problems;
}

/** Its clients look 1000 above the port of HTTP. */
const nacosGrpcOffset = 1000;

function nacosGrpcFaults({ adapters, http, dns, nacosGrpc }: Config, origins: Origins): string[] {
  if (!adapters.includes('nacos')) return [];
  if (nacosGrpc === undefined) {
    const high = http.find(({ port }) => port > 65_535 - nacosGrpcOffset);
    if (high === undefined) return [];
    return [`nacosGrpc: the port of http ${formatListen(high)} (${origins.http}) + 1000 is above 65535: set nacosGrpc`];
  }
  return nacosGrpc.flatMap((listen) => {
    const name = formatListen(listen);
    if (listen.port === 0 || ![...http, ...dns].some((other) => formatListen(other) === name)) return [];
    return [`nacosGrpc (${origins.nacosGrpc}) asks for TCP ${name}, which http or dns asks for too`];
  });
}

function contradictions(config: Config, origins: Origins): string[] {
  const problems = [...tlsFaults(config, origins), ...dnsTlsFaults(config, origins), ...exposures(config, origins)];
  problems.push(...clusterProblems(config, origins), ...nacosGrpcFaults(config, origins));
  const { consulDomain, origin } = config;
  if (consulDomain !== '' && (`.${consulDomain}`.endsWith(`.${origin}`) || `.${origin}`.endsWith(`.${consulDomain}`)))
    problems.push(
      `consulDomain (${origins.consulDomain}) ${consulDomain} and origin (${origins.origin}) ${origin} overlap`,
    );
  for (const listen of config.http) {
    if (listen.port > 0 && config.dns.some((other) => formatListen(other) === formatListen(listen))) {
      problems.push(`http (${origins.http}) and dns (${origins.dns}) both ask for TCP ${formatListen(listen)}`);
    }
  }
  return problems;
}

function tlsFaults(config: Config, origins: Origins): string[] {
  const problems: string[] = [];
  const { tlsCert, tlsKey, tlsClientCa, tlsClientAuth } = config;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    const [has, lacks] = tlsKey === undefined ? (['tlsCert', 'tlsKey'] as const) : (['tlsKey', 'tlsCert'] as const);
    problems.push(`${lacks} is not set, and ${has} (${origins[has]}) is of no use without it`);
  }
  const asksClients = tlsClientAuth !== 'none';
  if (asksClients && tlsCert === undefined && tlsKey === undefined)
    problems.push(`tlsClientAuth: ${tlsClientAuth} (${origins.tlsClientAuth}) needs TLS: set tlsCert and tlsKey`);
  if (asksClients && tlsClientCa === undefined) {
    problems.push(
      `tlsClientAuth: ${tlsClientAuth} (${origins.tlsClientAuth}) needs tlsClientCa, to check certificates with`,
    );
  }
  if (!asksClients && tlsClientCa !== undefined) {
    problems.push(
      `tlsClientCa (${origins.tlsClientCa}) is of no use while tlsClientAuth is none: set it to optional or required`,
    );
  }
  return problems;
}

/** What other machines could do that this configuration does not mean them to. */
function exposures(config: Config, origins: Origins): string[] {
  const http = exposuresOf(config, origins, 'http', config.http);
  // Unset, it is where HTTP is.
  const { adapters, nacosGrpc = [] } = config;
  return http.length > 0 || !adapters.includes('nacos') ? http : exposuresOf(config, origins, 'nacosGrpc', nacosGrpc);
}

function exposuresOf(
  config: Config,
  origins: Origins,
  key: 'http' | 'nacosGrpc',
  listens: readonly Listen[],
): string[] {
  const open = listens.filter((listen) => !isLoopback(listen));
  if (open.length === 0) return [];
  const problems: string[] = [];
  const who = `${key}: ${open.map(formatListen).join(', ')} (${origins[key]}) can be reached from other machines`;
  if (config.credentials.credentials.length === 0 && config.tlsClientAuth !== 'required' && !config.insecure) {
    problems.push(
      `${who} and no token is set, ` +
        `so anyone who reaches it could change the registry: set ${environmentNameOf('tokens')}=NAME=SECRET or --token-file FILE, ` +
        'or listen on 127.0.0.1 alone, or accept it with --insecure',
    );
  }
  if (config.tlsCert === undefined && !config.plainHttp) {
    problems.push(
      `${who} and has no TLS, so tokens would cross the network in the clear: set --tls-cert FILE and --tls-key FILE ` +
        '("rollcall tls init" makes a pair to try it with), or listen on 127.0.0.1 alone, or accept it with --plain-http, ' +
        'where a proxy in front has TLS',
    );
  }
  return problems;
}

function deepFreeze<Whole>(whole: Whole): Whole {
  if (typeof whole === 'object' && whole !== null) {
    for (const part of Object.values(whole)) deepFreeze(part);
    Object.freeze(whole);
  }
  return whole;
}
