// Instances of another registry as instances here: names by the rule that its front has, every registration checked by the
// rules that the server has, and a mark in the metadata, by which a follower knows after a restart what it has written. What
// cannot be an instance here is named with its reason.

import { addressToText } from '../model/address.ts';
import { parseRegistration, type Registration, registrationToJson } from '../model/instance.ts';
import { foldedAppName, type InstanceKey, instanceKey, parseInstanceKey } from '../model/names.ts';
import type { Problem } from '../model/problem.ts';
import type { SourceInstance, SourceKind, SourceState, Unmapped } from './source.ts';

/** The key in the metadata; its value names the registry that the instance was read from. */
export const markKey = 'mirrored-from';

/** Renewed every third of it; after a crash of the follower what it wrote ends within this time. */
export const mirrorLeaseSeconds = 90;

/** An instance as it should be here. */
export interface MirroredInstance {
  readonly key: InstanceKey;
  readonly registration: Registration;
  readonly json: Readonly<Record<keyof Registration, unknown>>;
  readonly front: SourceKind;
  readonly appName: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** `host:port` of each address. */
  readonly endpoints: readonly string[];
}

export interface Mapped {
  readonly wanted: readonly MirroredInstance[];
  readonly unmapped: readonly Unmapped[];
}

export interface MappingOptions {
  readonly kind: SourceKind;
  readonly env: string;
  readonly mark: string;
}

/** In the order of their names, so that of two that become one it is always the same that is left out. */
export function mapped(state: SourceState, options: MappingOptions): Mapped {
  const unmapped = [...state.unmapped];
  const namesByAppid = new Map<string, string>();
  const byKey = new Map<string, MirroredInstance>();
  for (const instance of state.instances.toSorted(byName)) {
    const { appName } = instance;
    const name = `${appName}/${instance.instance}`;
    const wanted = wantedOf(instance, options);
    if (Array.isArray(wanted)) {
      unmapped.push({ name, why: sentenceOf(wanted) });
      continue;
    }
    const { appid } = wanted.key;
    const first = namesByAppid.get(appid) ?? appName;
    const key = `${appid}/${instanceKey(wanted.key.instance)}`;
    const twin = byKey.get(key);
    if (first !== appName) unmapped.push({ name, why: `becomes the app ${appid}, as "${first}" does` });
    else if (twin !== undefined) unmapped.push({ name, why: `is one instance with "${twin.key.instance}" here` });
    else {
      namesByAppid.set(appid, appName);
      byKey.set(key, wanted);
    }
  }
  return { wanted: [...byKey.values()], unmapped };
}

function byName(a: SourceInstance, b: SourceInstance): number {
  if (a.appName !== b.appName) return a.appName < b.appName ? -1 : 1;
  return a.instance < b.instance ? -1 : Number(a.instance > b.instance);
}

function wantedOf(instance: SourceInstance, { kind, env, mark }: MappingOptions): MirroredInstance | Problem[] {
  const { appName, content } = instance;
  const key = parseInstanceKey(env, foldedAppName(appName), instance.instance);
  if (Array.isArray(key)) return key;
  const metadata = { ...(instance.registration['metadata'] as object | undefined), [markKey]: mark };
  const given = { ...instance.registration, metadata, leaseSeconds: mirrorLeaseSeconds };
  const registration = parseRegistration(given, { leaseSeconds: mirrorLeaseSeconds, dnsTtl: 5 });
  if (Array.isArray(registration)) return registration;
  const json = registrationToJson(registration);
  return { key, registration, json, front: kind, appName, content, endpoints: registration.addrs.map(endpointOf) };
}

function endpointOf(address: Registration['addrs'][number]): string {
  return endpointIn(addressToText(address));
}

/** `http://10.0.0.7:8080` -> `10.0.0.7:8080`: who is there, whatever its port is called. */
export function endpointIn(address: string): string {
  return address.slice(address.indexOf('://') + 3);
}

function sentenceOf(problems: readonly Problem[]): string {
  const text = ({ field, message, value }: Problem): string =>
    `${field} ${message}${value === undefined ? '' : `, received ${String(value)}`}`;
  return problems.map(text).join('; ');
}
