// The checks of an instance with the status of each. Of TTL checks it is what was reported last, and critical once the lease
// has ended; those that rollcall runs share one verdict, whose reason names the check that failed or warns. An instance that came in
// another way has one check with what rollcall knows of it, and a drained one the check of maintenance.

import { checkName } from '../../../model/checks.ts';
import { checksPart, leasePart } from '../../../model/health.ts';
import type { Instance } from '../../../model/instance.ts';
import { CheckStatus, contentOf, type KeptCheck, serviceNameOf } from './part.ts';

export interface ShownCheck {
  readonly id: string;
  readonly name: string;
  readonly status: CheckStatus;
  readonly notes: string;
  readonly output: string;
  /** `ttl`, `http` …, `maintenance`, or empty. */
  readonly type: string;
  readonly interval: string;
  readonly timeout: string;
}

/** The last output of a check that has not become another since; undefined: not known. */
export type OutputOf = (instance: Instance, checkId: string) => string | undefined;

const expired = 'TTL expired';
const asWaiting = 'it is registered as waiting';
const defaultReason =
  'Maintenance mode is enabled for this service, but no reason was provided. This is a default message.';

export function checkStates(instance: Instance, outputOf: OutputOf): readonly ShownCheck[] {
  const { checks: kept = [] } = contentOf(instance);
  const own = kept.map((check) => keptState(check, instance, outputOf));
  // Registered in another way, or checked in one that Consul was not given.
  const isOthers = instance.fronts?.consul === undefined || (instance.checks.length > 0 && !kept.some(isRunHere));
  const all = isOthers ? [...own, ...othersChecks(instance)] : own;
  if (instance.override?.status === 'waiting') return [maintenance(instance), ...all];
  const isOut = instance.wanted === 'waiting' && !all.some(({ status }) => status === 'critical');
  return isOut ? [{ ...maintenance(instance), notes: asWaiting }, ...all] : all;
}

/** Whether rollcall runs it. */
export function isRunHere({ kind }: Pick<KeptCheck, 'kind'>): boolean {
  return kind === 'http' || kind === 'tcp' || kind === 'grpc';
}

/** TTL checks, none of which was reported critical, and a lease that has ended. */
export function hasExpired(instance: Instance): boolean {
  const { health, liveness } = instance;
  if (health === undefined || liveness.kind !== 'lease-then-waiting') return false;
  if (leasePart(health).verdict !== 'critical') return false;
  return !(contentOf(instance).checks ?? []).some(({ kind, reported }) => kind === 'ttl' && reported === 'critical');
}

function keptState(check: KeptCheck, instance: Instance, outputOf: OutputOf): ShownCheck {
  const { id, name, notes = '', kind, interval = '', timeout = '' } = check;
  const known = { id, name, notes, type: kind === 'external' ? '' : kind, interval, timeout };
  if (!isRunHere(check)) {
    const isExpired = kind === 'ttl' && hasExpired(instance);
    const status = isExpired ? 'critical' : (check.reported ?? 'passing');
    return { ...known, status, output: isExpired ? expired : (outputOf(instance, id) ?? check.output ?? '') };
  }
  const { verdict = 'unchecked', reason = '' } = instance.health === undefined ? {} : checksPart(instance.health);
  if (verdict === 'passing') return { ...known, status: 'passing', output: reason };
  // Nothing has been found yet.
  if (verdict === 'unchecked') return { ...known, status: 'critical', output: '' };
  return isReasonOf(check, instance, reason)
    ? { ...known, status: verdict, output: reason }
    : { ...known, status: 'passing', output: '' };
}

/** Whether the verdict comes of this check: its reason begins with the name of the one that failed or warns. */
function isReasonOf(check: KeptCheck, { checks, fronts }: Instance, reason: string): boolean {
  const failed = checks.find((one) => reason.startsWith(`${checkName(one)}:`));
  const kept = (contentOf({ fronts }).checks ?? []).filter(isRunHere);
  return checks.length < 2 || failed === undefined || kept[checks.indexOf(failed)]?.id === check.id;
}

/** Of an instance that another front knows by other means. */
function othersChecks(instance: Instance): readonly ShownCheck[] {
  const id = `service:${instance.instance}`;
  const base = { id, name: `Service '${serviceNameOf(instance)}' check`, notes: '', interval: '', timeout: '' };
  const { health, wanted, liveness, checks } = instance;
  if (checks.length > 0) {
    const status = CheckStatus.find((known) => known === health?.verdict) ?? 'critical';
    return [{ ...base, status, output: health?.reason ?? '', type: (checks[0] as { readonly type: string }).type }];
  }
  const type = liveness.kind === 'lease' || liveness.kind === 'lease-then-waiting' ? 'ttl' : '';
  if (wanted === 'waiting') return [{ ...base, status: 'critical', output: asWaiting, type }];
  if (health?.verdict === 'critical') return [{ ...base, status: 'critical', output: expired, type }];
  return type === '' ? [] : [{ ...base, status: 'passing', output: '', type }];
}

function maintenance({ instance, override }: Instance): ShownCheck {
  const notes = override?.reason || defaultReason;
  return {
    id: `_service_maintenance:${instance}`,
    name: 'Service Maintenance Mode',
    status: 'critical',
    notes,
    output: '',
    type: 'maintenance',
    interval: '',
    timeout: '',
  };
}

const order: readonly CheckStatus[] = ['passing', 'warning', 'critical'];

/** The worst of them. */
export function worstOf(states: readonly { readonly status: CheckStatus }[]): CheckStatus {
  return order[Math.max(0, ...states.map(({ status }) => order.indexOf(status)))] as CheckStatus;
}
