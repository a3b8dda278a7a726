// A write that one node hands to another, or keeps until etcd is there again: the command as JSON, and back. It is read as a
// request body is read, since the peer may be of another version and a file may be damaged. Preconditions do not travel:
// what has one needs etcd's answer.

import type { Actor } from '../../model/change.ts';
import type { Command, RegisterCommand } from '../../model/command.ts';
import { type FrontParts, partsIn } from '../../model/front-parts.ts';
import { Verdict } from '../../model/health.ts';
import { isObject, parseRegistration, registrationToJson } from '../../model/instance.ts';
import type { Liveness } from '../../model/liveness.ts';
import { type InstanceKey, parseInstanceKey } from '../../model/names.ts';
import { actorOf } from './record-mapping.ts';
import { policyKinds } from './record-parts.ts';

/** As it travels. */
export interface WriteBody {
  /** Unique to this write, at all nodes. */
  readonly operation: string;
  /** The node that accepted it. */
  readonly node: string;
  readonly hlc: number;
  /** Since it was accepted. */
  readonly agoMs: number;
  /** The data revision that it was decided on; undefined: the instance was not there. */
  readonly basis: number | undefined;
  readonly actor: Actor;
  readonly command: Command;
}

const defaults = { leaseSeconds: 90, dnsTtl: 5 };
const operationOctetsMax = 64;
const keepable = [
  ...['version', 'zone', 'group', 'tags', 'weight', 'priority', 'metadata', 'leaseSeconds', 'dnsTtl', 'checks'],
];

export function writeToJson({ command, ...rest }: WriteBody): object {
  const { precondition: _, ...bare } = command;
  const registration = bare.kind === 'register' ? { registration: registrationToJson(bare.registration) } : {};
  return { ...rest, command: { ...bare, ...registration } };
}

/** Undefined: it cannot be read. */
export function writeOf(body: unknown, me: string): WriteBody | undefined {
  if (!isObject(body)) return undefined;
  const { operation, node, hlc, agoMs, basis, actor } = body;
  if (typeof operation !== 'string' || operation === '' || operation.length > operationOctetsMax) return undefined;
  if (typeof node !== 'string' || !isCount(hlc) || typeof agoMs !== 'number' || !(agoMs >= 0)) return undefined;
  if (!(basis === undefined || isCount(basis))) return undefined;
  const command = commandOf(body['command']);
  if (command === undefined) return undefined;
  return { operation, node, hlc, agoMs, basis, command, actor: actorOf(isObject(actor) ? actor : undefined, me) };
}

function commandOf(value: unknown): Command | undefined {
  const key = isObject(value) ? keyOf(value['key']) : undefined;
  if (!isObject(value) || key === undefined) return undefined;
  const { kind, patch, holdUntilMs, verdict, reason } = value;
  switch (kind) {
    case 'register':
      return registerOf(value, key);
    case 'patch':
      return { kind, key, patch, fronts: partsIn(value['fronts']) };
    case 'drain':
      return holdUntilMs === undefined || holdUntilMs === 'unbounded' || isCount(holdUntilMs)
        ? { kind, key, holdUntilMs }
        : undefined;
    case 'up':
    case 'cancel':
      return { kind, key };
    case 'judge': {
      const found = Verdict.find((one) => one === verdict);
      return found === undefined || typeof reason !== 'string' ? undefined : { kind, key, verdict: found, reason };
    }
    default:
      return undefined;
  }
}

function registerOf(value: Record<string, unknown>, key: InstanceKey): RegisterCommand | undefined {
  const registration = parseRegistration(value['registration'], defaults);
  const { dirtyAtMs, file, liveness, quotaEntry } = value;
  if (Array.isArray(registration) || !(dirtyAtMs === undefined || isCount(dirtyAtMs))) return undefined;
  const fronts: FrontParts | undefined = partsIn(value['fronts']);
  const keeps = Array.isArray(value['keeps'])
    ? (value['keeps'].filter((field) => keepable.includes(field)) as RegisterCommand['keeps'])
    : undefined;
  return {
    ...{ kind: 'register', key, registration, dirtyAtMs, fronts, keeps },
    file: typeof file === 'string' ? file : undefined,
    quotaEntry: typeof quotaEntry === 'string' ? quotaEntry : undefined,
    liveness: livenessOf(liveness),
  };
}

function livenessOf(value: unknown): Liveness | undefined {
  if (!isObject(value)) return undefined;
  const { kind, evictAfterSeconds } = value;
  if (kind === 'lease-then-waiting')
    return { kind, evictAfterSeconds: isCount(evictAfterSeconds) ? evictAfterSeconds : undefined };
  const plain = policyKinds.find((one) => one === kind);
  return plain === undefined ? undefined : { kind: plain };
}

function keyOf(value: unknown): InstanceKey | undefined {
  if (!isObject(value)) return undefined;
  const { env, appid, instance } = value;
  if (typeof env !== 'string' || typeof appid !== 'string' || typeof instance !== 'string') return undefined;
  const key = parseInstanceKey(env, appid, instance);
  return Array.isArray(key) ? undefined : key;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
