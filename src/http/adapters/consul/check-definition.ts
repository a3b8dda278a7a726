// A check as Consul's API has it, read into what rollcall runs or waits for. A TTL check is the lease; HTTP, TCP and gRPC
// checks are run by rollcall. What it does not run is refused by name: scripts (as the original does without
// `enable_script_checks`), Docker, UDP, H2PING, OS services and aliases.
// Limits: intervals are whole seconds, at least one; a timeout is at most the interval.

import { addressToText, parseAddress } from '../../../model/address.ts';
import { type Check, checkLimits, checksOf } from '../../../model/checks.ts';
import type { Problem } from '../../../model/problem.ts';
import { problemText } from '../problem-text.ts';
import { durationText } from './go-duration.ts';
import { type Decoded, decodeObject, type GoFields, type GoJsonFault } from './go-json.ts';
import { type CheckKind, CheckStatus, type KeptCheck } from './part.ts';

export const checkFields = {
  ID: 'string',
  CheckID: 'string',
  Name: 'string',
  Notes: 'string',
  ServiceID: 'string',
  Status: 'string',
  TTL: 'duration',
  HTTP: 'string',
  Method: 'string',
  Header: 'headers',
  Body: 'string',
  TLSServerName: 'string',
  TLSSkipVerify: 'bool',
  DisableRedirects: 'bool',
  TCP: 'string',
  TCPUseTLS: 'bool',
  GRPC: 'string',
  GRPCUseTLS: 'bool',
  Interval: 'duration',
  Timeout: 'duration',
  DeregisterCriticalServiceAfter: 'duration',
  SuccessBeforePassing: 'int',
  FailuresBeforeWarning: 'int',
  FailuresBeforeCritical: 'int',
  OutputMaxSize: 'int',
  Args: 'strings',
  ScriptArgs: 'strings',
  Script: 'string',
  Shell: 'string',
  DockerContainerID: 'string',
  H2PING: 'string',
  H2PingUseTLS: 'bool',
  UDP: 'string',
  OSService: 'string',
  AliasNode: 'string',
  AliasService: 'string',
  Namespace: 'string',
  Partition: 'string',
} as const satisfies GoFields;

type Given = Decoded<typeof checkFields>;

/** A check that was asked for. `run`: by rollcall. */
export interface CheckDefinition {
  readonly kept: KeptCheck;
  /** As asked for; undefined: it starts as critical. */
  readonly status: CheckStatus | undefined;
  readonly serviceId: string | undefined;
  readonly run: Check | undefined;
}

/** Shorter ones would remove what a slow start leaves critical; as the original. */
const evictAfterSecondsMin = 60;

const unknownKinds = ['DockerContainerID', 'H2PING', 'UDP', 'OSService', 'AliasNode', 'AliasService'] as const;

/** `fallback`: id and name where none is given. */
export function readCheck(
  object: Readonly<Record<string, unknown>>,
  fallback: { readonly id: string; readonly name: string },
): CheckDefinition | GoJsonFault {
  const given = decodeObject(object, checkFields, 'CheckType');
  if ('fault' in given) return { fault: `Request decode failed: ${given.fault}` };
  const kind = kindOf(given);
  if (typeof kind === 'object') return kind;
  const status = statusOf(given.Status);
  if (typeof status === 'object') return status;
  const run = kind === 'ttl' ? undefined : runOf(given, kind);
  if (run !== undefined && 'fault' in run) return run;
  return { kept: keptOf(given, kind, fallback), status, serviceId: given.ServiceID || undefined, run };
}

function keptOf(given: Given, kind: CheckKind, fallback: { readonly id: string; readonly name: string }): KeptCheck {
  const { Notes: notes, Interval, Timeout, TTL, DeregisterCriticalServiceAfter: evictAfterMs = 0 } = given;
  return {
    id: given.CheckID || given.ID || fallback.id,
    kind,
    name: given.Name || fallback.name,
    ...(notes ? { notes } : {}),
    ...(Interval ? { interval: durationText(Interval) } : {}),
    ...(Timeout ? { timeout: durationText(Timeout) } : {}),
    ...(kind === 'ttl' && TTL !== undefined ? { ttlMs: TTL } : {}),
    ...(evictAfterMs > 0 ? { evictAfterSeconds: Math.max(evictAfterSecondsMin, Math.ceil(evictAfterMs / 1000)) } : {}),
  };
}

function kindOf(given: Given): Exclude<CheckKind, 'external'> | GoJsonFault {
  if (given.Args !== undefined || given.ScriptArgs !== undefined || given.Script)
    return {
      fault:
        "Scripts are disabled on this agent; to enable, configure 'enable_script_checks' or 'enable_local_script_checks' to true",
    };
  const other = unknownKinds.find((name) => given[name]);
  if (other !== undefined) return { fault: `Invalid check: checks of ${other} are not run here` };
  const { TTL = 0, HTTP, TCP, GRPC, Interval = 0 } = given;
  const kinds = [TTL > 0 ? 'ttl' : '', HTTP ? 'http' : '', TCP ? 'tcp' : '', GRPC ? 'grpc' : ''].filter(
    (one) => one !== '',
  );
  const [kind] = kinds as (Exclude<CheckKind, 'external'> | undefined)[];
  if (kind === undefined) return { fault: 'Invalid check: TTL must be > 0 for TTL checks' };
  if (kinds.length > 1 && kind !== 'ttl') return { fault: `Invalid check: it is ${kinds.join(' and ')} at once` };
  if (kind === 'ttl') {
    return Interval === 0 && kinds.length === 1
      ? kind
      : { fault: 'Invalid check: Interval and TTL cannot both be specified' };
  }
  return Interval > 0
    ? kind
    : { fault: 'Invalid check: Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks' };
}

export function statusOf(text: string | undefined): CheckStatus | undefined | GoJsonFault {
  if (text === undefined || text === '') return undefined;
  return CheckStatus.find((known) => known === text) ?? { fault: `Invalid check status: '${text}'` };
}

/** What rollcall is to run. */
function runOf(given: Given, kind: 'http' | 'tcp' | 'grpc'): Check | GoJsonFault {
  const target = targetOf(given, kind);
  if ('fault' in target) return { fault: `Invalid check: ${target.fault}` };
  const { Interval = 0, Timeout, SuccessBeforePassing, FailuresBeforeCritical, FailuresBeforeWarning } = given;
  const { intervalSeconds: limits } = checkLimits;
  const intervalSeconds = Math.min(Math.max(Math.round(Interval / 1000), limits.min), limits.max);
  const timeoutSeconds = Timeout === undefined || Timeout <= 0 ? 10 : Timeout / 1000;
  const input = {
    type: kind,
    ...target,
    intervalSeconds,
    timeoutSeconds: Math.min(
      Math.max(timeoutSeconds, checkLimits.timeoutSeconds.min),
      intervalSeconds,
      checkLimits.timeoutSeconds.max,
    ),
    failures: countOf(FailuresBeforeCritical ?? FailuresBeforeWarning),
    successes: countOf(SuccessBeforePassing),
  };
  const problems: Problem[] = [];
  const [check] = checksOf([input], 'check', problems);
  return check === undefined || problems.length > 0
    ? { fault: `Invalid check: ${problemText(problems.map(inTheirWords))}` }
    : check;
}

/** Our fields, as callers of this front know them. */
function inTheirWords(found: Problem): Problem {
  const [, field = '', rest = ''] = /^check\[0\]\.?([A-Za-z]*)(.*)$/.exec(found.field) ?? [];
  return { ...found, field: `${theirFields[field] ?? field}${rest}` };
}

const theirFields: Readonly<Record<string, string>> = {
  method: 'Method',
  headers: 'Header',
  requestBody: 'Body',
  host: 'Header.Host',
  path: 'HTTP',
  address: 'HTTP',
  service: 'GRPC',
};

function countOf(asked: number | undefined): number {
  return Math.min(Math.max(asked ?? 1, checkLimits.inARow.min), checkLimits.inARow.max);
}

/** Fields of a check of ours. */
interface Target {
  readonly address: string;
  readonly service?: string;
  readonly path?: string;
  readonly host?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly requestBody?: string;
  readonly warning?: string;
}

function targetOf(given: Given, kind: 'http' | 'tcp' | 'grpc'): Target | GoJsonFault {
  if (kind === 'http') return httpTarget(given);
  if (given.TCPUseTLS === true) return { fault: 'TCPUseTLS is not spoken here' };
  if (given.GRPCUseTLS === true) return { fault: 'GRPCUseTLS is not spoken here' };
  const text = (kind === 'tcp' ? given.TCP : given.GRPC) as string;
  const slash = text.indexOf('/');
  const address = parseAddress(`${kind}://${slash < 0 ? text : text.slice(0, slash)}`);
  if ('fault' in address) return { fault: `${kind.toUpperCase()} ${JSON.stringify(text)} ${address.fault}` };
  const service = kind === 'grpc' && slash >= 0 ? { service: text.slice(slash + 1) } : {};
  return { address: addressToText(address), ...service };
}

/** Too Many Requests: in the answers still. */
const warningStatus = '429';

function httpTarget({ HTTP = '', Method = '', Header = {}, Body = '' }: Given): Target | GoJsonFault {
  let url: URL;
  try {
    url = new URL(HTTP);
  } catch {
    return { fault: `HTTP ${JSON.stringify(HTTP)} is not a URL` };
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return { fault: `HTTP ${JSON.stringify(HTTP)} is not a URL of http` };
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port;
  const address = parseAddress(`${url.protocol}//${url.hostname}:${port}`);
  if ('fault' in address) return { fault: `HTTP ${JSON.stringify(HTTP)} ${address.fault}` };
  const { host, headers } = headersOf(Header);
  return {
    address: addressToText(address),
    path: `${url.pathname}${url.search}`,
    warning: warningStatus,
    ...(host === undefined ? {} : { host }),
    ...(Method === '' || Method.toUpperCase() === 'GET' ? {} : { method: Method.toUpperCase() }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(Body === '' ? {} : { requestBody: Body }),
  };
}

/** Those that can be given; several values of one are one line (RFC 9110 §5.3). */
function headersOf(given: NonNullable<Given['Header']>): {
  readonly host: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
} {
  const some = Object.entries(given).filter(([, values]) => (values ?? []).length > 0);
  const [hosts, others] = [true, false].map((isHost) =>
    some.filter(([name]) => (name.toLowerCase() === 'host') === isHost),
  ) as [typeof some, typeof some];
  const headers = Object.fromEntries(others.map(([name, values]) => [name, values.join(', ')]));
  return { host: hosts[0]?.[1][0], headers };
}
