// A registration of Eureka, in JSON or XML, as a command's parts: addresses from ipAddr and the enabled ports, the lease
// from leaseInfo, zone and version from the metadata; what rollcall has no word for goes into the front's part. Faults are
// the sentences of the original where it has one.

import {
  isObject,
  limits,
  parseRegistration,
  type Registration,
  type RegistrationDefaults,
} from '../../../model/instance.ts';
import { jsonObjectOf } from '../front.ts';
import { hostInUrl } from '../host-text.ts';
import { isLabelText } from '../label-text.ts';
import { problemText } from '../problem-text.ts';
import { type EurekaContent, keptTexts } from './part.ts';
import { type EurekaStatus, eurekaStatusOf, wantedOf } from './status.ts';
import { readXml } from './xml-reader.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface EurekaRegistration {
  readonly appName: string;
  readonly id: string;
  readonly registration: Registration;
  readonly content: EurekaContent;
  readonly dirtyAtMs: number | undefined;
  /** Whether the metadata has them: otherwise they are left alone. */
  readonly given: { readonly zone: boolean; readonly version: boolean };
}

/** `unreadable`: it is neither JSON nor XML of an instance. */
export type EurekaFault = { readonly fault: string; readonly unreadable?: true };

/** A clock that is wrong by its time zone is still believed. */
const aheadMsMax = 24 * 60 * 60 * 1000;

/** `pathName`: the app in the path, in upper case. */
export function decodeInstance(
  body: unknown,
  pathName: string,
  defaults: RegistrationDefaults,
  wallMs: number,
): EurekaRegistration | EurekaFault {
  const root = instanceIn(body);
  if ('fault' in root) return { fault: root.fault, unreadable: true };
  const { fields } = root;
  const missing = missingIn(fields, pathName);
  if (missing !== undefined) return { fault: missing };
  const hostName = textOf(fields['hostName']) ?? '';
  const id = textOf(fields['instanceId']) ?? '';
  const status = eurekaStatusOf(textOf(fields['status']) ?? 'UP') ?? 'UNKNOWN';
  const metadata = metadataOf(fields['metadata']);
  const { addrs, ...ports } = portsOf(fields);
  const given = { zone: isLabelText(metadata['zone']), version: isLabelText(metadata['version']) };
  const input = {
    addrs,
    status: wantedOf(status),
    metadata,
    leaseSeconds: leaseSecondsOf(fields['leaseInfo'], defaults),
    ...(given.zone ? { zone: metadata['zone'] } : {}),
    ...(given.version ? { version: metadata['version'] } : {}),
  };
  const registration = parseRegistration(input, defaults);
  if (Array.isArray(registration)) return { fault: problemText(registration) };
  const content = {
    ...contentIn(fields, status),
    ...ports,
    hostName,
    ...(id === '' ? { isNamedByHost: true as const } : {}),
  };
  const dirtyAtMs = dirtyIn(fields['lastDirtyTimestamp'], wallMs);
  return { appName: pathName, id: id === '' ? hostName : id, registration, content, dirtyAtMs, given };
}

function instanceIn(body: unknown): { readonly fields: Fields } | { readonly fault: string } {
  if (Buffer.isBuffer(body) && /^\s*</.test(body.toString('latin1', 0, 64))) {
    const root = readXml(body);
    if ('fault' in root) return root;
    const { name, value } = root;
    return name === 'instance' && isObject(value) ? { fields: value } : { fault: 'the body is not an <instance>' };
  }
  const read = jsonObjectOf(body);
  if ('fault' in read) return read;
  const instance = read.object['instance'];
  return isObject(instance) ? { fields: instance } : { fault: 'the body has no "instance" object' };
}

/** In the order and the words of the original. */
function missingIn(fields: Fields, pathName: string): string | undefined {
  const has = (name: string): boolean => (textOf(fields[name]) ?? '') !== '';
  if (!has('instanceId') && !has('hostName')) return 'Missing instanceId';
  if (!has('hostName')) return 'Missing hostname';
  if (!has('ipAddr')) return 'Missing ip address';
  if (!has('app')) return 'Missing appName';
  const app = (textOf(fields['app']) as string).toUpperCase();
  if (app !== pathName) return `Mismatched appName, expecting ${pathName} but was ${app}`;
  const center = fields['dataCenterInfo'];
  if (!isObject(center)) return 'Missing dataCenterInfo';
  return (textOf(center['name']) ?? '') === '' ? 'Missing dataCenterInfo Name' : undefined;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function wholeOf(value: unknown): number | undefined {
  const text = textOf(value)?.trim();
  return text !== undefined && /^-?\d{1,16}$/.test(text) ? Number(text) : undefined;
}

/** `@class` names a Java map. */
function metadataOf(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  const entries = Object.entries(value).filter(([key]) => !key.startsWith('@'));
  return Object.fromEntries(entries.map(([key, one]) => [key, textOf(one) ?? JSON.stringify(one)]));
}

/** What the original takes for a port that is not given. */
const portDefault = { port: 7001, securePort: 7002 } as const;

function portsOf(fields: Fields) {
  const host = hostInUrl(textOf(fields['ipAddr']) as string);
  const plain = portIn(fields['port'], portDefault.port, true);
  const secure = portIn(fields['securePort'], portDefault.securePort, false);
  const http = `http://${host}:${plain.port}`;
  const https = `https://${host}:${secure.port}`;
  const addrs = [...(plain.isEnabled || !secure.isEnabled ? [http] : []), ...(secure.isEnabled ? [https] : [])];
  return {
    addrs,
    ...(plain.isEnabled ? {} : { disabledPort: plain.port }),
    ...(secure.isEnabled ? {} : { disabledSecurePort: secure.port }),
  };
}

function portIn(value: unknown, absent: number, isEnabled: boolean): { port: number; isEnabled: boolean } {
  if (!isObject(value)) return { port: wholeOf(value) ?? absent, isEnabled };
  const enabled = textOf(value['@enabled'] ?? value['enabled']) ?? String(isEnabled);
  return { port: wholeOf(value['$']) ?? absent, isEnabled: enabled.toLowerCase() === 'true' };
}

function leaseSecondsOf(leaseInfo: unknown, defaults: RegistrationDefaults): number {
  const asked = isObject(leaseInfo) ? wholeOf(leaseInfo['durationInSecs']) : undefined;
  if (asked === undefined || asked <= 0) return defaults.leaseSeconds;
  return Math.min(Math.max(asked, limits.leaseSeconds.min), limits.leaseSeconds.max);
}

function contentIn(fields: Fields, status: EurekaStatus): EurekaContent {
  const texts = keptTexts.flatMap((name) => {
    const text = textOf(fields[name]);
    return text === undefined ? [] : [[name, text] as const];
  });
  const { leaseInfo } = fields;
  const interval = isObject(leaseInfo) ? wholeOf(leaseInfo['renewalIntervalInSecs']) : undefined;
  const countryId = wholeOf(fields['countryId']);
  return {
    ...Object.fromEntries(texts),
    status,
    dataCenterInfo: fields['dataCenterInfo'] as Fields,
    ...(countryId === undefined ? {} : { countryId }),
    ...(interval === undefined || interval <= 0 ? {} : { renewalIntervalInSecs: interval }),
  };
}

/** None, or one that cannot be: this registration is the newest. */
function dirtyIn(value: unknown, wallMs: number): number | undefined {
  const ms = wholeOf(value);
  return ms === undefined || ms <= 0 || ms > wallMs + aheadMsMax ? undefined : ms;
}
