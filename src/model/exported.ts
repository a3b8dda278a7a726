// What an export has of an instance, as one JSON line, and how it is read back: everything that a registration, a front or
// an operator has set. Not in it: revisions, which belong to their registry, and verdicts of checks, which are found anew.
// A lease is there as what was left of it, for people: an import starts it afresh, as a start of the program does.
// Limits: those of a registration; a line is read like a request body, and all its faults are named at once.

import { type FrontParts, partsIn } from './front-parts.ts';
import { isObject, parseRegistration, type Registration, registrationToJson } from './instance.ts';
import type { InstanceRecord } from './instance-record.ts';
import type { Liveness } from './liveness.ts';
import { type InstanceKey, parseInstanceKey } from './names.ts';
import { type Problem, problem } from './problem.ts';
import { type Override, Status } from './status.ts';

export const exportVersion = 1;

export interface ExportedInstance {
  readonly kind: 'instance';
  readonly key: InstanceKey;
  /** Its DNS label there. */
  readonly label: string;
  readonly registration: Registration;
  readonly liveness: Liveness;
  readonly override: Override | undefined;
  readonly fronts: FrontParts | undefined;
  /** The service file that it comes from. */
  readonly file: string | undefined;
  /** Wall-clock milliseconds. */
  readonly updatedAtMs: number;
  readonly dirtyAtMs: number;
  /** Seconds that were left of its lease; undefined: it has none that ends. */
  readonly leaseLeftSeconds: number | undefined;
}

/** A hold whose instance was not registered. */
export interface ExportedHold {
  readonly kind: 'hold';
  readonly key: InstanceKey;
  readonly override: Override;
}

/** `nowMs`: monotonic, as the end of the lease is. */
export function instanceLine(stored: InstanceRecord, nowMs: number): object {
  const { instance, deadlineMs, registeredAtMs, updatedAtMs, dirtyAtMs } = stored;
  const { env, appid, instance: id, label, liveness, override, fronts, health } = instance;
  const hasNoLease = deadlineMs === Number.POSITIVE_INFINITY;
  return {
    kind: 'instance',
    ...{ env, appid, instance: id, label, registration: registrationToJson(instance), liveness },
    ...(override === undefined ? {} : { override }),
    ...(fronts === undefined ? {} : { fronts }),
    ...(health?.file === undefined ? {} : { file: health.file }),
    ...{ registeredAtMs, updatedAtMs, dirtyAtMs },
    ...(hasNoLease ? {} : { leaseLeftSeconds: Math.round((deadlineMs - nowMs) / 1000) }),
  };
}

export function holdLine({ key, override }: Omit<ExportedHold, 'kind'>): object {
  return { kind: 'hold', ...key, override };
}

/** One line, read as JSON; or all that is wrong with it. */
export function parseExported(value: unknown): ExportedInstance | ExportedHold | readonly Problem[] {
  if (!isObject(value)) return [problem('', 'must be a JSON object', value ?? 'nothing')];
  const problems: Problem[] = [];
  const key = keyOf(value, problems);
  const override = value['override'] === undefined ? undefined : overrideOf(value['override'], problems);
  if (value['kind'] === 'hold') {
    if (override === undefined && problems.length === 0) problems.push(problem('override', 'must be there'));
    return problems.length > 0 || override === undefined ? problems : { kind: 'hold', key, override };
  }
  if (value['kind'] !== 'instance')
    problems.push(problem('kind', 'must be "instance" or "hold"', value['kind'] ?? 'nothing'));
  const registration = parseRegistration(value['registration'], { leaseSeconds: 90, dnsTtl: 5 });
  const isWrong = Array.isArray(registration);
  if (isWrong) problems.push(...registration.map((one) => ({ ...one, field: `registration.${one.field}` })));
  const exported = {
    ...{ kind: 'instance' as const, key, override, fronts: partsIn(value['fronts']) },
    label: textOf(value, 'label', problems) ?? '',
    liveness: livenessOf(value['liveness'], problems),
    file: textOf(value, 'file', problems),
    updatedAtMs: wholeOf(value, 'updatedAtMs', problems) ?? 0,
    dirtyAtMs: wholeOf(value, 'dirtyAtMs', problems) ?? 0,
    leaseLeftSeconds: value['leaseLeftSeconds'] === undefined ? undefined : Number(value['leaseLeftSeconds']),
  };
  return isWrong || problems.length > 0 ? problems : { ...exported, registration };
}

function keyOf(value: Record<string, unknown>, problems: Problem[]): InstanceKey {
  const [env = '', appid = '', instance = ''] = ['env', 'appid', 'instance'].map((name) =>
    textOf(value, name, problems),
  );
  const key = parseInstanceKey(env, appid, instance);
  if (!Array.isArray(key)) return key;
  problems.push(...key);
  return { env, appid, instance };
}

function textOf(value: Record<string, unknown>, field: string, problems: Problem[]): string | undefined {
  const text = value[field];
  if (text === undefined || (typeof text === 'string' && text.length <= 4096)) return text;
  problems.push(problem(field, 'must be text of at most 4096 characters', text));
  return undefined;
}

function wholeOf(value: Record<string, unknown>, field: string, problems: Problem[]): number | undefined {
  const ms = value[field];
  if (typeof ms === 'number' && Number.isFinite(ms) && ms >= 0) return ms;
  problems.push(problem(field, 'must be wall-clock milliseconds', ms ?? 'nothing'));
  return undefined;
}

const kinds = ['lease', 'lease-then-waiting', 'checks', 'none', 'connection', 'remote'] as const;

function livenessOf(value: unknown, problems: Problem[]): Liveness {
  const { kind, evictAfterSeconds } = isObject(value) ? value : {};
  const known = kinds.find((one) => one === kind);
  if (known === undefined) {
    problems.push(problem('liveness', `must have a kind, one of ${kinds.join(', ')}`, value ?? 'nothing'));
    return { kind: 'lease' };
  }
  if (known !== 'lease-then-waiting') return { kind: known };
  const isSound = Number.isInteger(evictAfterSeconds) && (evictAfterSeconds as number) > 0;
  if (evictAfterSeconds !== undefined && !isSound)
    problems.push(problem('liveness.evictAfterSeconds', 'must be a whole number of seconds', evictAfterSeconds));
  return isSound ? { kind: known, evictAfterSeconds: evictAfterSeconds as number } : { kind: known };
}

function overrideOf(value: unknown, problems: Problem[]): Override | undefined {
  const { status, by, reason, until } = isObject(value) ? value : {};
  const known = Status.find((one) => one === status);
  const isUntil = until === 'next-up' || until === 'unbounded' || (typeof until === 'number' && until >= 0);
  const isAttributed = typeof by === 'string' && (reason === undefined || typeof reason === 'string');
  if (known !== undefined && isUntil && isAttributed)
    return { status: known, by: by.slice(0, 512), reason: reason?.slice(0, 512), until };
  problems.push(problem('override', 'must have a status, who made it (by) and its end (until)', value));
  return undefined;
}
