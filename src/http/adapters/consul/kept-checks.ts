// The checks of a service after a registration, and what follows from them: its lease, what decides about it, and what is
// known of its health to begin with. A check that was there keeps its status, as in the original.
// A service with TTL checks has a lease, beside checks that rollcall runs too: it is up while both pass.

import { type Check, checkLimits } from '../../../model/checks.ts';
import type { Judgement } from '../../../model/health.ts';
import { type Instance, limits } from '../../../model/instance.ts';
import type { Liveness } from '../../../model/liveness.ts';
import type { CheckDefinition } from './check-definition.ts';
import { hasExpired, isRunHere } from './check-states.ts';
import type { GoJsonFault } from './go-json.ts';
import { contentOf, type KeptCheck } from './part.ts';

export interface CheckSet {
  readonly kept: readonly KeptCheck[];
  /** Those that rollcall runs, in the order in which they are kept. */
  readonly run: readonly Check[];
}

/** Of all kinds: a bound for what is kept with an instance. */
const checksMax = 16;

/** The checks of an instance as they are. */
export function checksIn(instance: Instance | undefined): CheckSet {
  if (instance === undefined) return { kept: [], run: [] };
  const kept = contentOf(instance).checks ?? [];
  return { kept, run: kept.some(isRunHere) ? instance.checks : [] };
}

/** `known` with `asked` in their place or after them. */
export function withChecks(known: CheckSet, asked: readonly CheckDefinition[]): CheckSet | GoJsonFault {
  let { kept, run } = known;
  for (const { kept: one, status, run: check } of asked) {
    const before = kept.find(({ id }) => id === one.id);
    ({ kept, run } = withoutCheck({ kept, run }, one.id));
    if (check !== undefined) run = [...run, check];
    const reported =
      before === undefined || before.kind !== one.kind ? (status ?? 'critical') : (before.reported ?? 'passing');
    kept = [...kept, check === undefined && reported !== 'passing' ? { ...one, reported } : one];
  }
  if (kept.length > checksMax || run.length > checkLimits.checks)
    return {
      fault: `Invalid check: a service has at most ${checksMax} checks, ${checkLimits.checks} of them run here`,
    };
  return { kept, run };
}

export function withoutCheck({ kept, run }: CheckSet, id: string): CheckSet {
  const at = kept.filter(isRunHere).findIndex((one) => one.id === id);
  return { kept: kept.filter((one) => one.id !== id), run: at < 0 ? run : run.toSpliced(at, 1) };
}

/** Undefined: by the checks that another front has given it. */
export function livenessOf({ kept, run }: CheckSet, before: Instance | undefined): Liveness | undefined {
  const isTtl = kept.some(({ kind }) => kind === 'ttl');
  const deciding = kept.filter((check) => (isTtl ? check.kind === 'ttl' : isRunHere(check)));
  const evictions = deciding.flatMap(({ evictAfterSeconds }) => evictAfterSeconds ?? []);
  const evictAfter = evictions.length === 0 ? {} : { evictAfterSeconds: Math.min(...evictions) };
  if (isTtl) return { kind: 'lease-then-waiting', ...evictAfter };
  if (run.length > 0) return { kind: 'checks', ...evictAfter };
  return hasOthersChecks(before) ? undefined : { kind: 'none' };
}

/** Checks that came in another way stay where Consul brings none. */
export function hasOthersChecks(instance: Instance | undefined): boolean {
  return instance !== undefined && instance.checks.length > 0 && !checksIn(instance).kept.some(isRunHere);
}

/** Of the shortest TTL; undefined: there is none. */
export function leaseSecondsOf({ kept }: CheckSet): number | undefined {
  const ttls = kept.flatMap(({ ttlMs }) => ttlMs ?? []);
  if (ttls.length === 0) return undefined;
  return Math.min(Math.max(Math.ceil(Math.min(...ttls) / 1000), limits.leaseSeconds.min), limits.leaseSeconds.max);
}

/** What is known of its health at a registration; undefined: what was found before. */
export function judgementOf(
  { kept, run }: CheckSet,
  asked: readonly CheckDefinition[],
  before: Instance | undefined,
): Judgement | undefined {
  if (kept.some(({ kind }) => kind === 'ttl')) {
    const isExpired = before !== undefined && hasExpired(before);
    return isExpired ? { verdict: 'critical', reason: before.health?.reason ?? '' } : reportedJudgement(kept);
  }
  const isNew = run.length > 0 && (before === undefined || before.checks.length === 0);
  const isPassing = asked.every(
    ({ run: one, status }) => one === undefined || (status !== undefined && status !== 'critical'),
  );
  return isNew && isPassing ? { verdict: 'passing', reason: 'registered as passing' } : undefined;
}

/** Of reported TTL checks. */
export function reportedJudgement(kept: readonly KeptCheck[]): Judgement {
  const failing = kept.find(({ kind, reported }) => kind === 'ttl' && reported === 'critical');
  if (failing === undefined) return { verdict: 'passing', reason: '' };
  return { verdict: 'critical', reason: failing.output || `the check ${failing.id} has not passed` };
}

/** What is written into the catalog from outside decides at once. */
export function wantedOf({ kept }: CheckSet): 'up' | 'waiting' {
  return kept.some(({ kind, reported }) => kind === 'external' && reported === 'critical') ? 'waiting' : 'up';
}
