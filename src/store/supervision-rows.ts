// Health, liveness, overrides and holds as they are stored, read back with care: what cannot be understood becomes what
// does no harm, and an instance is never refused for it.

import { crc32 } from 'node:zlib';
import { combinedHealth, type Health, type Judgement, Verdict } from '../model/health.ts';
import { isObject, type Registration } from '../model/instance.ts';
import { defaultLiveness, type Liveness } from '../model/liveness.ts';
import { type InstanceKey, instanceKey } from '../model/names.ts';
import { isHold, type Override, Status } from '../model/status.ts';
import { parsed } from './stored-json.ts';

/** A hold, under the place of the instance that it is for. */
export interface HoldRow {
  readonly env: string;
  readonly appid: string;
  /** The instance's id, folded. */
  readonly key: string;
  /** JSON of the override. */
  readonly content: string;
}

export interface StoredHold {
  readonly key: InstanceKey;
  readonly override: Override;
}

export function holdRow({ env, appid, instance }: InstanceKey, override: Override): HoldRow {
  return { env, appid, key: instanceKey(instance), content: JSON.stringify(override) };
}

export function holdCrc({ env, appid, key, content }: HoldRow): number {
  return crc32([env, appid, key, content].join('\0'));
}

/** Undefined: it is none that can be understood. */
export function holdOf({ env, appid, key, content }: HoldRow): StoredHold | undefined {
  const override = overrideIn(parsed(content));
  return isHold(override) ? { key: { env, appid, instance: key }, override } : undefined;
}

export function healthIn({ parts, ...value }: Record<string, unknown>): Health {
  const file = typeof value['file'] === 'string' ? value['file'] : undefined;
  if (!isObject(parts) || !isObject(parts['lease']) || !isObject(parts['checks']))
    return { ...judgementIn(value), file };
  return combinedHealth({ lease: judgementIn(parts['lease']), checks: judgementIn(parts['checks']) }, file);
}

function judgementIn({ verdict, reason }: Record<string, unknown>): Judgement {
  return {
    verdict: Verdict.find((known) => known === verdict) ?? 'unchecked',
    reason: typeof reason === 'string' ? reason : '',
  };
}

export function overrideIn(value: unknown): Override | undefined {
  if (!isObject(value)) return undefined;
  const { status, by, reason, until } = value;
  const known = Status.find((one) => one === status);
  if (known === undefined) return undefined;
  if (until !== 'next-up' && until !== 'unbounded' && !(typeof until === 'number' && Number.isFinite(until)))
    return undefined;
  const text = typeof reason === 'string' ? reason : undefined;
  return { status: known, by: typeof by === 'string' ? by : '', reason: text, until };
}

export function livenessIn(value: Record<string, unknown>, registration: Registration): Liveness {
  const { kind, evictAfterSeconds } = value;
  if (kind === 'lease-then-waiting' || kind === 'checks') {
    return typeof evictAfterSeconds === 'number' && evictAfterSeconds >= 0 ? { kind, evictAfterSeconds } : { kind };
  }
  return (
    plainKinds.map((one): Liveness => ({ kind: one })).find((one) => one.kind === kind) ?? defaultLiveness(registration)
  );
}

const plainKinds = ['lease', 'none', 'connection', 'remote'] as const;
