// Decides each command from the present state and nothing else, and changes nothing. The outcome of a decision that changes
// something is read from the record once the change has been applied.

import type { Actor, Cause, NewChange } from '../model/change.ts';
import type {
  CancelCommand,
  DrainCommand,
  JudgeCommand,
  PatchCommand,
  Precondition,
  RegisterCommand,
  Tag,
  UpCommand,
} from '../model/command.ts';
import { type CompactInstance, compactInstance, judgedInstance } from '../model/compact-instance.ts';
import type { Decision } from '../model/decision.ts';
import { dnsNameProblem } from '../model/dns-names.ts';
import { mergedParts, partsProblem } from '../model/front-parts.ts';
import { type Health, type Judgement, leasePart, type Verdict, withLeasePart } from '../model/health.ts';
import { type Instance, isObject, isSameRegistration, type Registration, type Supervision } from '../model/instance.ts';
import { healthOf } from '../model/instance-health.ts';
import type { InstanceRecord } from '../model/instance-record.ts';
import { defaultLiveness } from '../model/liveness.ts';
import { type InstanceKey, instanceLabel } from '../model/names.ts';
import type {
  CancelOutcome,
  DrainOutcome,
  JudgeOutcome,
  PatchOutcome,
  PreconditionFailed,
  RegisterOutcome,
  ResumeOutcome,
} from '../model/outcome.ts';
import { type Problem, problem } from '../model/problem.ts';
import { holdMsMax, isHold, type Override, overrideAfterUp } from '../model/status.ts';
import type { Moment } from '../runtime/clock.ts';
import { Admission } from './admission.ts';
import type { App } from './apps/app.ts';
import { appNameProblem, withKept } from './front-commands.ts';
import { holdsMax } from './holds.ts';
import { isLapsed, lapsesAtEnd } from './leases/term.ts';
import { patchedRegistration } from './merge-patch.ts';
import { evictionOf, type MutableRecord } from './mutable-record.ts';
import { firstTimes, isDraining, isSameSupervision, livenessAfter, overridden, updated } from './new-changes.ts';
import type { RegistryOptions } from './options.ts';
import type { State } from './state.ts';

type ReadState = Readonly<Pick<State, 'apps' | 'latest' | 'revision' | 'leases' | 'holds'>>;

export class Decider {
  readonly #options: RegistryOptions;
  readonly #state: ReadState;
  readonly #admission: Admission;

  constructor(options: RegistryOptions, state: ReadState) {
    this.#options = options;
    this.#state = state;
    this.#admission = new Admission(options, state);
  }

  register(command: RegisterCommand, origin: Actor, now: Moment): Decision<RegisterOutcome> {
    const { key, precondition } = command;
    const app = this.#state.apps.app(key.env, key.appid);
    const stored = app?.byId(key.instance);
    if (stored !== undefined && precondition?.ifNoneMatch === '*') return refused({ kind: 'exists', stored });
    const failed = failedPrecondition(precondition, stored);
    if (failed !== undefined) return refused(failed);
    const named = partsProblem(command.fronts) ?? appNameProblem(app, stored, command);
    if (named !== undefined) return refused({ kind: named.field === 'appid' ? 'conflict' : 'invalid', problem: named });
    return app === undefined || stored === undefined
      ? this.#create(app, command, origin, now)
      : this.#replace(app, stored, command, origin, now);
  }

  patch(command: PatchCommand, origin: Actor, now: Moment): Decision<PatchOutcome> {
    const { key, precondition, patch } = command;
    const tooMuch = partsProblem(command.fronts);
    if (tooMuch !== undefined) return refused({ kind: 'invalid', problems: [tooMuch] });
    const found = this.#find(key, precondition);
    if ('kind' in found) return refused(found);
    const { app, stored } = found;
    const { instance: before } = stored;
    const registration = patchedRegistration(before, patch, this.#options.defaults);
    if (Array.isArray(registration)) return refused({ kind: 'invalid', problems: registration });
    const wantsUp = isObject(patch) && Object.hasOwn(patch, 'status') && registration.status === 'up';
    const override = wantsUp ? overrideAfterUp(before.override) : before.override;
    const fronts = mergedParts(before.fronts, command.fronts);
    const reported = before.liveness.kind === 'lease-then-waiting' ? command.judgement : undefined;
    const isSameHealth = reported === undefined || reported.verdict === leaseVerdict(before);
    if (
      isSameRegistration(before, registration) &&
      override === before.override &&
      fronts === before.fronts &&
      isSameHealth
    )
      return { kind: 'unchanged', outcome: { kind: 'unchanged', stored } };
    const liveness = livenessAfter(before, registration);
    const file = before.health?.file;
    const health = reportedHealth(healthOf(registration, before, { liveness, file, isHeard: false }), reported);
    const { quotaEntry } = before;
    const instance = this.#again(app, before, registration, { liveness, health, override, fronts, quotaEntry });
    const invalid = this.#addressProblem(instance, before);
    if (invalid !== undefined) return refused({ kind: 'invalid', problems: [invalid] });
    const isRenewal = reported?.verdict === 'passing';
    const change = updated(stored, instance, causeOf(before, reported), origin, now);
    const times = isRenewal ? { ...change.times, renewedAtMs: now.wallMs } : change.times;
    return {
      kind: 'changes',
      changes: [{ ...change, times, isRenewal }],
      outcome: () => ({ kind: 'patched', stored }),
    };
  }

  drain({ key, precondition, holdUntilMs }: DrainCommand, origin: Actor, now: Moment): Decision<DrainOutcome> {
    const found = this.#find(key, precondition);
    if ('kind' in found) return refused(found);
    const { app, stored } = found;
    const { instance: before } = stored;
    const until: Override['until'] = holdUntilMs ?? 'next-up';
    const isDrained = until === 'next-up' ? isDraining(before) : before.override?.until === until;
    if (isDrained) return { kind: 'unchanged', outcome: { kind: 'unchanged', stored } };
    const fault = until === 'next-up' ? undefined : this.#holdProblem(key, until, now);
    if (fault !== undefined) return refused({ kind: 'invalid', problems: [fault] });
    const { principal, address, reason } = origin;
    const override: Override = { status: 'waiting', by: principal ?? address, reason, until };
    const change = updated(stored, overridden(app, before, override), { why: 'drained' }, origin, now);
    return { kind: 'changes', changes: [change], outcome: () => ({ kind: 'drained', stored }) };
  }

  up({ key, precondition }: UpCommand, origin: Actor, now: Moment): Decision<ResumeOutcome> {
    const found = this.#find(key, precondition);
    if ('kind' in found) {
      if (found.kind !== 'unknown' || !this.#state.holds.has(key)) return refused(found);
      return { kind: 'unchanged', outcome: { kind: 'released' }, release: key };
    }
    const { app, stored } = found;
    if (stored.instance.override === undefined) return { kind: 'unchanged', outcome: { kind: 'unchanged', stored } };
    const change = updated(stored, overridden(app, stored.instance, undefined), { why: 'resumed' }, origin, now);
    return { kind: 'changes', changes: [change], outcome: () => ({ kind: 'resumed', stored }) };
  }

  /** At the end of its lease: it leaves, or waits. */
  expire(stored: MutableRecord, origin: Actor, now: Moment): NewChange {
    const { instance, times } = stored;
    const cause = evictionOf(stored, now.monotonicMs);
    const app = this.#state.apps.app(instance.env, instance.appid);
    if (app === undefined || !lapsesAtEnd(instance)) return { kind: 'evicted', before: instance, origin, cause, times };
    const { liveness, override, leaseSeconds, health, fronts, quotaEntry } = instance;
    const reason = `its lease of ${leaseSeconds} s has ended`;
    const found = { verdict: 'critical' as const, reason };
    const lapsed = compactInstance(app.place, instance.instance, instance.label, instance, [], {
      ...{ liveness, override, fronts, quotaEntry },
      health: health === undefined ? { ...found, file: undefined } : withLeasePart(health, found),
    });
    return updated(stored, lapsed, { why: 'lapsed', silentMs: cause.silentMs }, origin, now);
  }

  /** The end of a hold; undefined: its instance is not registered, or is held no longer. */
  endHold(key: InstanceKey, origin: Actor, now: Moment): NewChange | undefined {
    const found = this.#find(key, undefined);
    if ('kind' in found || !isHold(found.stored.instance.override)) return undefined;
    const { app, stored } = found;
    return updated(stored, overridden(app, stored.instance, undefined), { why: 'hold-ended' }, origin, now);
  }

  cancel({ key, precondition }: CancelCommand, origin: Actor): Decision<CancelOutcome> {
    const found = this.#find(key, precondition);
    if ('kind' in found) return refused(found);
    const { stored } = found;
    const change: NewChange = {
      kind: 'cancelled',
      before: stored.instance,
      origin,
      cause: { why: 'cancelled' },
      times: stored.times,
    };
    const outcome = () => ({ kind: 'cancelled' as const, revision: this.#state.revision, stored });
    return { kind: 'changes', changes: [change], outcome };
  }

  judge({ key, precondition, verdict, reason }: JudgeCommand, origin: Actor, now: Moment): Decision<JudgeOutcome> {
    const found = this.#find(key, precondition);
    if ('kind' in found) return refused(found);
    const { app, stored } = found;
    const judged = judgedInstance(app.place, stored.instance, { verdict, reason });
    if (judged === undefined) return { kind: 'unchanged', outcome: { kind: 'unchanged', stored } };
    const change = updated(stored, judged, { why: 'checked', verdict, reason }, origin, now);
    // Checks beside a lease renew nothing.
    const isRenewal = verdict === 'passing' && stored.instance.checks.length === 0 && isLapsed(stored.instance);
    const times = isRenewal ? { ...change.times, renewedAtMs: now.wallMs } : change.times;
    const changes = [{ ...change, times, isRenewal }];
    return { kind: 'changes', changes, outcome: () => ({ kind: 'judged', stored }) };
  }

  #create(known: App | undefined, command: RegisterCommand, origin: Actor, now: Moment): Decision<RegisterOutcome> {
    const { key, registration, dirtyAtMs, file, liveness = defaultLiveness(registration) } = command;
    const admission = this.#admission;
    const refusal = admission.refusal(known, key, registration.addrs);
    if (refusal !== undefined) return refused(refusal);
    const { env, appid } = key;
    const label = instanceLabel(key.instance, (candidate) => admission.isLabelTaken(known, key, candidate));
    const neighbours = [known?.latest, this.#state.latest];
    const health = reportedHealth(
      healthOf(registration, undefined, { liveness, file, isHeard: true }),
      command.judgement,
    );
    const override = this.#state.holds.at(key, now.wallMs) ?? command.override;
    const place = known?.place ?? { env, appid };
    const { fronts, quotaEntry } = command;
    const supervision = { liveness, health, override, fronts, quotaEntry };
    const instance = compactInstance(place, key.instance, label, registration, neighbours, supervision);
    const invalid = this.#addressProblem(instance, undefined);
    if (invalid !== undefined) return refused({ kind: 'invalid', problem: invalid });
    const reserved = this.#options.isReserved?.(`${label}.${appid}.${env}`, registration.addrs);
    if (reserved !== undefined)
      return refused({ kind: 'conflict', problem: problem('instance', reserved, key.instance) });
    const times = firstTimes(instance, now.wallMs, dirtyAtMs);
    const change: NewChange = { kind: 'registered', after: instance, origin, cause: { why: 'registered' }, times };
    const outcome = () => ({ kind: 'created' as const, stored: this.#stored(key) });
    return { kind: 'changes', changes: [change], outcome };
  }

  #replace(
    app: App,
    stored: MutableRecord,
    command: RegisterCommand,
    origin: Actor,
    now: Moment,
  ): Decision<RegisterOutcome> {
    const { key, dirtyAtMs, file } = command;
    const { instance: before } = stored;
    const registration = withKept(before, command);
    if (Array.isArray(registration)) return refused({ kind: 'invalid', problem: registration[0] });
    const { liveness = defaultLiveness(registration) } = command;
    const spelling = before.instance;
    if (spelling !== key.instance) {
      const differs = `is registered as "${spelling}"; ids that differ only in case are one instance`;
      return refused({ kind: 'conflict', problem: problem('instance', differs, key.instance) });
    }
    if (dirtyAtMs !== undefined && dirtyAtMs < stored.dirtyAtMs) return refused({ kind: 'outdated', stored });
    // Never backwards: a stepped wall clock must not make a plain re-registration look older than what it replaces.
    const laterDirtyAtMs = Math.max(stored.dirtyAtMs, dirtyAtMs ?? now.wallMs);
    const isEnding = registration.status === 'up' && !isHold(before.override);
    const override = isEnding ? command.override : before.override;
    const health = reportedHealth(healthOf(registration, before, { liveness, file, isHeard: true }), command.judgement);
    const fronts = mergedParts(before.fronts, command.fronts);
    const supervision = { liveness, health, override, fronts, quotaEntry: command.quotaEntry };
    if (isSameRegistration(before, registration) && isSameSupervision(before, supervision)) {
      const renewal = { key, dirtyAtMs: laterDirtyAtMs };
      return { kind: 'unchanged', outcome: { kind: 'unchanged', stored }, renewal };
    }
    const instance = this.#again(app, before, registration, supervision);
    const invalid = this.#addressProblem(instance, before);
    if (invalid !== undefined) return refused({ kind: 'invalid', problem: invalid });
    const { wallMs } = now;
    const change = updated(stored, instance, { why: 'replaced' }, origin, now);
    const times = { ...change.times, registeredAtMs: wallMs, renewedAtMs: wallMs, dirtyAtMs: laterDirtyAtMs };
    return {
      kind: 'changes',
      changes: [{ ...change, times, isRenewal: true }],
      outcome: () => ({ kind: 'replaced', stored }),
    };
  }

  /** A name that is too long, or a target that cannot work. */
  #addressProblem(instance: Instance, before: Instance | undefined): Problem | undefined {
    const { origin, targetProblem } = this.#options;
    return dnsNameProblem(instance, origin) ?? targetProblem?.(instance, before);
  }

  /** The same instance with another registration. */
  #again(app: App, before: Instance, registration: Registration, supervision: Supervision): CompactInstance {
    const neighbours = [app.latest, this.#state.latest];
    return compactInstance(app.place, before.instance, before.label, registration, neighbours, supervision);
  }

  #holdProblem(key: RegisterCommand['key'], until: number | 'unbounded', { wallMs }: Moment): Problem | undefined {
    const { holds } = this.#state;
    if (holds.isFull && !holds.has(key))
      return problem('hold', `cannot be kept: there are ${holdsMax} of them, the most there may be`);
    if (until === 'unbounded') return undefined;
    const isWithin = until > wallMs && until <= wallMs + holdMsMax;
    return isWithin ? undefined : problem('hold', `must end within the next ${holdMsMax / 86_400_000} days`);
  }

  #find(
    { env, appid, instance }: PatchCommand['key'],
    precondition: PatchCommand['precondition'],
  ): { readonly app: App; readonly stored: MutableRecord } | { readonly kind: 'unknown' } | PreconditionFailed {
    const app = this.#state.apps.app(env, appid);
    const stored = app?.byId(instance);
    if (app === undefined || stored === undefined) return { kind: 'unknown' };
    return failedPrecondition(precondition, stored) ?? { app, stored };
  }

  /** Precondition: it has just been applied. */
  #stored({ env, appid, instance }: RegisterCommand['key']): InstanceRecord {
    return this.#state.apps.app(env, appid)?.byId(instance) as MutableRecord;
  }
}

/** The verdict, with the registrant's report in it. */
function reportedHealth(found: Health | undefined, reported: Judgement | undefined): Health | undefined {
  return found === undefined || reported === undefined ? found : withLeasePart(found, reported);
}

function leaseVerdict({ health }: Instance): Verdict | undefined {
  return health === undefined ? undefined : leasePart(health).verdict;
}

function causeOf(before: Instance, reported: Judgement | undefined): Cause {
  if (reported === undefined || reported.verdict === leaseVerdict(before)) return { why: 'patched' };
  return { why: 'checked', ...reported };
}

function refused<O>(outcome: O): { readonly kind: 'refused'; readonly outcome: O } {
  return { kind: 'refused', outcome };
}

/** `If-Match` and `If-None-Match` of a command against the record (RFC 9110 §13.2.2). Tags are revisions, which a renewal does not move. */
/** Undefined: every precondition holds. */
function failedPrecondition(
  precondition: Precondition | undefined,
  stored: InstanceRecord | undefined,
): PreconditionFailed | undefined {
  if (precondition === undefined) return undefined;
  const { ifMatch, ifNoneMatch } = precondition;
  const isMatched = ifMatch === undefined || isOneOf(ifMatch, stored);
  const isExcluded = ifNoneMatch !== undefined && isOneOf(ifNoneMatch, stored);
  return isMatched && !isExcluded ? undefined : { kind: 'precondition-failed', stored };
}

function isOneOf(tags: readonly Tag[] | '*', stored: InstanceRecord | undefined): boolean {
  if (stored === undefined) return false;
  return tags === '*' || tags.includes(stored.revision);
}
