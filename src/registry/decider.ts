// What is to become of each command, decided from the present state and nothing else: nothing moves here. The outcome of
// a decision that changes something is read from the record once the change has been applied.

import type { Actor, Cause, NewChange } from '../model/change.ts';
import type {
  CancelCommand,
  DrainCommand,
  JudgeCommand,
  PatchCommand,
  RegisterCommand,
  UpCommand,
} from '../model/command.ts';
import type { Decision } from '../model/decision.ts';
import { dnsNameProblem } from '../model/dns-names.ts';
import { healthOf } from '../model/health.ts';
import { type Instance, isSameRegistration, type Registration } from '../model/instance.ts';
import type { InstanceRecord, Timestamps } from '../model/instance-record.ts';
import { instanceLabel } from '../model/names.ts';
import type {
  CancelOutcome,
  JudgeOutcome,
  PatchOutcome,
  PreconditionFailed,
  RegisterOutcome,
} from '../model/outcome.ts';
import { problem } from '../model/problem.ts';
import type { Moment } from '../runtime/clock.ts';
import { Admission } from './admission.ts';
import type { App } from './apps/app.ts';
import { CompactInstance, judgedInstance } from './compact-instance.ts';
import type { MutableRecord } from './mutable-record.ts';
import type { RegistryOptions } from './options.ts';
import { patchedRegistration } from './patched-registration.ts';
import { failedPrecondition } from './precondition.ts';
import type { State } from './state.ts';

type ReadState = Readonly<Pick<State, 'apps' | 'latest' | 'revision' | 'leases'>>;
type PatchDecision = Decision<PatchOutcome>;

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
    return app === undefined || stored === undefined
      ? this.#create(app, command, origin, now)
      : this.#replace(app, stored, command, origin, now);
  }

  patch(command: PatchCommand, origin: Actor, now: Moment): PatchDecision {
    return this.#patch(command, command.patch, 'patched', origin, now);
  }

  drain(command: DrainCommand, origin: Actor, now: Moment) {
    return renamed(this.#patch(command, { status: 'waiting' }, 'drained', origin, now), 'drained');
  }

  up(command: UpCommand, origin: Actor, now: Moment) {
    return renamed(this.#patch(command, { status: 'up' }, 'resumed', origin, now), 'resumed');
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
    return { kind: 'changes', changes: [change], outcome: () => ({ kind: 'judged', stored }) };
  }

  #create(
    known: App | undefined,
    { key, registration, dirtyAtMs, file }: RegisterCommand,
    origin: Actor,
    now: Moment,
  ): Decision<RegisterOutcome> {
    const admission = this.#admission;
    const refusal = admission.refusal(key);
    if (refusal !== undefined) return refused(refusal);
    const { env, appid } = key;
    const label = instanceLabel(key.instance, (candidate) => admission.isLabelTaken(known, key, candidate));
    const neighbours = [known?.latest, this.#state.latest];
    const health = healthOf(registration, undefined, file);
    const place = known?.place ?? { env, appid };
    const instance = new CompactInstance(place, key.instance, label, registration, neighbours, health);
    const tooLong = dnsNameProblem(instance, this.#options.origin);
    if (tooLong !== undefined) return refused({ kind: 'invalid', problem: tooLong });
    const reserved = this.#options.isReserved?.(`${label}.${appid}.${env}`);
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
    { key, registration, dirtyAtMs, file }: RegisterCommand,
    origin: Actor,
    now: Moment,
  ): Decision<RegisterOutcome> {
    const { instance: before } = stored;
    const spelling = before.instance;
    if (spelling !== key.instance) {
      const differs = `is registered as "${spelling}"; ids that differ only in case are one instance`;
      return refused({ kind: 'conflict', problem: problem('instance', differs, key.instance) });
    }
    if (dirtyAtMs !== undefined && dirtyAtMs < stored.dirtyAtMs) return refused({ kind: 'outdated', stored });
    // Never backwards: a stepped wall clock must not make a plain re-registration look older than what it replaces.
    const laterDirtyAtMs = Math.max(stored.dirtyAtMs, dirtyAtMs ?? now.wallMs);
    if (isSameRegistration(before, registration) && before.health?.file === file) {
      const renewal = { key, dirtyAtMs: laterDirtyAtMs };
      return { kind: 'unchanged', outcome: { kind: 'unchanged', stored }, renewal };
    }
    const instance = this.#again(app, before, registration, file);
    const tooLong = dnsNameProblem(instance, this.#options.origin);
    if (tooLong !== undefined) return refused({ kind: 'invalid', problem: tooLong });
    const { wallMs } = now;
    const change = updated(stored, instance, { why: 'replaced' }, origin, now);
    const times = { ...change.times, registeredAtMs: wallMs, renewedAtMs: wallMs, dirtyAtMs: laterDirtyAtMs };
    return {
      kind: 'changes',
      changes: [{ ...change, times, isRenewal: true }],
      outcome: () => ({ kind: 'replaced', stored }),
    };
  }

  #patch(
    { key, precondition }: Pick<PatchCommand, 'key' | 'precondition'>,
    patch: unknown,
    why: 'patched' | 'drained' | 'resumed',
    origin: Actor,
    now: Moment,
  ): PatchDecision {
    const found = this.#find(key, precondition);
    if ('kind' in found) return refused(found);
    const { app, stored } = found;
    const registration = patchedRegistration(stored.instance, patch, this.#options.defaults);
    if (Array.isArray(registration)) return refused({ kind: 'invalid', problems: registration });
    if (isSameRegistration(stored.instance, registration))
      return { kind: 'unchanged', outcome: { kind: 'unchanged', stored } };
    const instance = this.#again(app, stored.instance, registration, stored.instance.health?.file);
    const tooLong = dnsNameProblem(instance, this.#options.origin);
    if (tooLong !== undefined) return refused({ kind: 'invalid', problems: [tooLong] });
    const change = updated(stored, instance, { why }, origin, now);
    return { kind: 'changes', changes: [change], outcome: () => ({ kind: 'patched', stored }) };
  }

  /** The same instance with another registration. */
  #again(app: App, before: Instance, registration: Registration, file: string | undefined): CompactInstance {
    const health = healthOf(registration, before, file);
    const neighbours = [app.latest, this.#state.latest];
    return new CompactInstance(app.place, before.instance, before.label, registration, neighbours, health);
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

function refused<O>(outcome: O): { readonly kind: 'refused'; readonly outcome: O } {
  return { kind: 'refused', outcome };
}

function updated(
  { instance: before, times }: MutableRecord,
  after: Instance,
  cause: Cause,
  origin: Actor,
  { wallMs }: Moment,
) {
  const upAtMs = after.status === 'up' && before.status !== 'up' ? wallMs : times.upAtMs;
  return {
    kind: 'updated' as const,
    before,
    after,
    origin,
    cause,
    times: { ...times, upAtMs, updatedAtMs: wallMs },
    isRenewal: false,
  };
}

/** Of an instance that joins now. `dirtyAtMs`: as its writer says. */
function firstTimes({ status }: Registration, wallMs: number, dirtyAtMs = wallMs): Timestamps {
  const upAtMs = status === 'up' ? wallMs : undefined;
  return { registeredAtMs: wallMs, upAtMs, renewedAtMs: wallMs, updatedAtMs: wallMs, dirtyAtMs };
}

type Renamed<Kind extends string> =
  | Exclude<PatchOutcome, { readonly kind: 'patched' }>
  | { readonly kind: Kind; readonly stored: InstanceRecord };

/** The decision of a patch that has a name of its own. */
function renamed<Kind extends string>(decision: PatchDecision, kind: Kind): Decision<Renamed<Kind>> {
  const rename = (outcome: PatchOutcome): Renamed<Kind> =>
    outcome.kind === 'patched' ? { kind, stored: outcome.stored } : outcome;
  if (decision.kind === 'changes') return { ...decision, outcome: () => rename(decision.outcome()) };
  return { ...decision, outcome: rename(decision.outcome) };
}
