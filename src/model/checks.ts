// How rollcall is to look itself whether an instance serves, instead of waiting for its renewals: what is asked, how
// often, and how many answers make up its mind. Parsed like the rest of a registration, with every problem at once; the
// asking itself is in src/health. A check is plain data, with every field of its type present but for the rare ones that
// are there only where they were given, so it is JSON as it is.

import { type Address, addressToText, parseAddress } from './address.ts';
import { type Problem, problem } from './problem.ts';
import { isPrintable, utf8Length } from './text.ts';

export const CheckType = ['http', 'tcp', 'grpc', 'dns'] as const;
export type CheckType = (typeof CheckType)[number];

export const CheckMethod = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type CheckMethod = (typeof CheckMethod)[number];

interface Rhythm {
  /** The port name, as in the addresses; '': the one that goes with the type. Every address of it has to pass. */
  readonly port: string;
  /** Where to ask instead of the addresses that are registered: `http://10.0.0.7:8081`. */
  readonly address?: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  /** So many failures in a row make it critical. */
  readonly failures: number;
  /** So many successes in a row make it passing. */
  readonly successes: number;
}

export type Check = Rhythm &
  (
    | {
        readonly type: 'http';
        readonly path: string;
        /** Statuses that pass: `200-299,401`. */
        readonly status: string;
        /** Text that has to be in the body; '': any body passes. */
        readonly body: string;
        /** The Host header; '': the address. */
        readonly host: string;
        /** Absent: GET. */
        readonly method?: CheckMethod;
        /** Beside Host; names as they were given. */
        readonly headers?: Readonly<Record<string, string>>;
        readonly requestBody?: string;
        /** Statuses that pass, but as a warning: `429`. */
        readonly warning?: string;
      }
    | { readonly type: 'tcp' }
    | {
        readonly type: 'grpc';
        /** As grpc.health.v1 calls it; '': the whole server. */
        readonly service: string;
      }
    | {
        readonly type: 'dns';
        /** The name to ask for; NOERROR passes. */
        readonly name: string;
      }
  );

export const checkLimits = {
  /** Of one instance: more than an instance needs, and a bound for the work of one registration. */
  checks: 8,
  textOctets: 200,
  /** Of one check: names and values together. Room for a token. */
  headersOctets: 2048,
  requestBodyOctets: 1024,
  intervalSeconds: { min: 1, max: 3600 },
  timeoutSeconds: { min: 0.1, max: 60 },
  inARow: { min: 1, max: 100 },
} as const;

type Reader = (value: unknown, at: string, problems: Problem[]) => unknown;

const rhythm: Readonly<Record<Exclude<keyof Rhythm, 'address'>, Reader>> = {
  port: textReader(/^([a-z]([a-z0-9-]{0,61}[a-z0-9])?)?$/, 'must be a port name, as in the addresses'),
  intervalSeconds: numberReader(10, checkLimits.intervalSeconds, true),
  timeoutSeconds: numberReader(2, checkLimits.timeoutSeconds, false),
  failures: numberReader(3, checkLimits.inARow, true),
  successes: numberReader(1, checkLimits.inARow, true),
};

const statuses = /^[1-5]\d\d(-[1-5]\d\d)?(,[1-5]\d\d(-[1-5]\d\d)?)*$/;
const statusesFault = 'must list statuses, such as 200-299,401';

const ofType: Readonly<Record<CheckType, Readonly<Record<string, Reader>>>> = {
  http: {
    path: textReader(/^\/[!-~]*$/, 'must begin with / and percent-encode what is no printable ASCII', '/'),
    status: textReader(statuses, statusesFault, '200-299'),
    body: textReader(/^/, ''),
    host: textReader(/^[A-Za-z0-9._:[\]-]*$/, 'must be a legal Host header'),
  },
  tcp: {},
  grpc: { service: textReader(/^[!-~]*$/, 'must be the name of a gRPC service') },
  dns: { name: textReader(/^[!-~]{1,255}$/, 'must be a domain name: what is to be asked for') },
};

/** Fields that are there only where they were given. */
const rareOfType: Readonly<Partial<Record<CheckType, Readonly<Record<string, Reader>>>>> = {
  http: {
    method: methodOf,
    headers: headersOf,
    requestBody: requestBodyOf,
    warning: textReader(statuses, statusesFault, '429'),
  },
};

/** The checks of a registration; absent: none. Adds to `problems`, as the readers in instance.ts do. */
export function checksOf(value: unknown, field: string, problems: Problem[]): readonly Check[] {
  if (value === undefined) return none;
  if (!Array.isArray(value) || value.length > checkLimits.checks) {
    const found = Array.isArray(value) ? `${value.length} checks` : value;
    problems.push(problem(field, `must be a list of at most ${checkLimits.checks} checks`, found));
    return none;
  }
  const checks = value.map((one: unknown, index) => checkOf(one, `${field}[${index}]`, problems));
  return Object.freeze(checks.filter((check) => check !== undefined));
}

const none: readonly Check[] = Object.freeze([]);

function checkOf(value: unknown, at: string, problems: Problem[]): Check | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(problem(at, 'must be an object with a type', value));
    return undefined;
  }
  const input = value as Record<string, unknown>;
  const type = CheckType.find((known) => known === input['type']);
  if (type === undefined) {
    problems.push(problem(`${at}.type`, `must be one of ${CheckType.join(', ')}`, input['type'] ?? 'nothing'));
    return undefined;
  }
  const { [type]: rare = {} } = rareOfType;
  const given = Object.entries(rare).filter(([name]) => input[name] !== undefined && Object.hasOwn(input, name));
  const readers = { ...rhythm, ...ofType[type], ...Object.fromEntries(given) };
  for (const name of Object.keys(input)) {
    if (name === 'type' || name === 'address' || Object.hasOwn(readers, name)) continue;
    problems.push(problem(`${at}.${name.slice(0, 63)}`, `is not a field of a check of type ${type}`));
  }
  const read = Object.entries(readers).map(([name, reader]) => {
    const value = Object.hasOwn(input, name) ? input[name] : undefined;
    return [name, reader(value, `${at}.${name}`, problems)];
  });
  const whole = { type, ...Object.fromEntries(read) } as Check;
  // A short interval brings a short time with it.
  const timeoutSeconds =
    input['timeoutSeconds'] === undefined
      ? Math.min(whole.timeoutSeconds, whole.intervalSeconds)
      : whole.timeoutSeconds;
  const address = input['address'] === undefined ? {} : { address: addressOf(input['address'], at, problems) };
  const check = { ...whole, ...address, timeoutSeconds };
  if (input['address'] !== undefined && check.port !== '')
    problems.push(problem(`${at}.port`, 'must not be there beside an address', check.port));
  if (check.timeoutSeconds > check.intervalSeconds) {
    const fault = `must not be longer than intervalSeconds (${check.intervalSeconds})`;
    problems.push(problem(`${at}.timeoutSeconds`, fault, check.timeoutSeconds));
  }
  return Object.freeze(check);
}

function methodOf(value: unknown, at: string, problems: Problem[]): CheckMethod {
  const known = CheckMethod.find((one) => one === value);
  if (known === undefined) problems.push(problem(at, `must be one of ${CheckMethod.join(', ')}`, value));
  return known ?? 'GET';
}

/** Those that the connection or other fields decide. */
const ownHeaders = ['host', 'connection', 'content-length', 'transfer-encoding', 'upgrade', 'te', 'trailer', 'expect'];

/** RFC 9110 §5.1 and §5.5. */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const headerValue = /^[\t -~]*$/;

function headersOf(value: unknown, at: string, problems: Problem[]): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(problem(at, 'must be an object of header names and values', value));
    return {};
  }
  let octets = 0;
  for (const [name, text] of Object.entries(value) as [string, unknown][]) {
    octets += utf8Length(name) + (typeof text === 'string' ? utf8Length(text) : 0);
    const field = `${at}.${name.slice(0, 63)}`;
    if (!headerName.test(name)) problems.push(problem(field, 'is not the name of a header', name));
    else if (ownHeaders.includes(name.toLowerCase()))
      problems.push(problem(field, 'must not be given: it belongs to the connection (Host has a field of its own)'));
    else if (typeof text !== 'string' || !headerValue.test(text))
      problems.push(problem(field, 'must be printable ASCII text', text));
  }
  if (octets > checkLimits.headersOctets)
    problems.push(problem(at, `must be at most ${checkLimits.headersOctets} bytes in all`, `${octets} bytes`));
  return Object.freeze({ ...value });
}

/** Any text: it is what the instance's own endpoint expects. */
function requestBodyOf(value: unknown, at: string, problems: Problem[]): string {
  if (typeof value !== 'string') problems.push(problem(at, 'must be text', value));
  else if (utf8Length(value) > checkLimits.requestBodyOctets)
    problems.push(problem(at, `must be at most ${checkLimits.requestBodyOctets} bytes`, `${utf8Length(value)} bytes`));
  else return value;
  return '';
}

/** Canonical. */
function addressOf(value: unknown, at: string, problems: Problem[]): string {
  const parsed =
    typeof value === 'string' ? parseAddress(value) : { fault: 'must be text of the form name://host:port' };
  if (!('fault' in parsed)) return addressToText(parsed);
  problems.push(problem(`${at}.address`, parsed.fault, parsed.value ?? value));
  return '';
}

function textReader(form: RegExp, fault: string, fallback = ''): Reader {
  return (value, at, problems) => {
    if (value === undefined && form.test(fallback)) return fallback;
    if (typeof value !== 'string') problems.push(problem(at, `${fault || 'must be text'}`, value ?? 'nothing'));
    else if (utf8Length(value) > checkLimits.textOctets)
      problems.push(problem(at, `must be at most ${checkLimits.textOctets} bytes`, value));
    else if (!isPrintable(value)) problems.push(problem(at, 'must be printable text', value));
    else if (!form.test(value)) problems.push(problem(at, fault, value));
    else return value;
    return fallback;
  };
}

function numberReader(fallback: number, { min, max }: { min: number; max: number }, isWhole: boolean): Reader {
  return (value = fallback, at, problems) => {
    const isNumber = typeof value === 'number' && value >= min && value <= max;
    if (isNumber && (!isWhole || Number.isInteger(value))) return value;
    problems.push(problem(at, `must be a ${isWhole ? 'whole ' : ''}number ${min}-${max}`, value));
    return fallback;
  };
}

const defaultPortNames: Readonly<Record<CheckType, readonly string[]>> = {
  http: ['http', 'https'],
  tcp: [],
  grpc: ['grpc'],
  dns: ['dns'],
};

/**
 * The addresses that a check is about: its own, those of its port, without one those whose name goes with the type, or else all
 * (tcp) or the only ones there are. Empty: there are none.
 */
export function checkTargets(
  { type, port, address }: Pick<Check, 'type' | 'port' | 'address'>,
  addrs: readonly Address[],
): Address[] {
  if (address !== undefined) {
    const parsed = parseAddress(address);
    return 'fault' in parsed ? [] : [parsed];
  }
  const fitting = addrs.filter(({ protocol }) => type === 'dns' || protocol === 'tcp');
  if (port !== '') return fitting.filter((addr) => addr.portName === port);
  if (type === 'tcp') return fitting;
  const named = fitting.filter((addr) => defaultPortNames[type].includes(addr.portName));
  if (named.length > 0) return named;
  return new Set(fitting.map((addr) => addr.portName)).size === 1 ? fitting : [];
}

/** The check in words: `http GET /healthz`, `tcp`. */
export function checkName(check: Check): string {
  const port = check.address === undefined ? (check.port === '' ? '' : ` at ${check.port}`) : ` at ${check.address}`;
  switch (check.type) {
    case 'http':
      return `http ${check.method ?? 'GET'} ${check.path}${port}`;
    case 'grpc':
      return `grpc health${check.service === '' ? '' : ` of ${check.service}`}${port}`;
    case 'dns':
      return `dns ${check.name}${port}`;
    case 'tcp':
      return `tcp${port}`;
  }
}

/** A problem for each check that is about no address. */
export function targetProblems(checks: readonly Check[], addrs: readonly Address[]): Problem[] {
  return checks.flatMap((check, index) => {
    if (checkTargets(check, addrs).length > 0) return [];
    const fault =
      check.port === ''
        ? `must name one of the ports: none of the addresses is one that a check of type ${check.type} is about by itself`
        : `must be the name of a port of the addresses that a check of type ${check.type} can ask`;
    return [problem(`checks[${index}].port`, fault, check.port === '' ? 'nothing' : check.port)];
  });
}
