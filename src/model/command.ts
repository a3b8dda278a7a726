// What can be asked of the registry, as values: every front decodes its own protocol into one of these. A command names
// an instance and may carry preconditions, which are checked where the decision is made and not before it, so that no
// other write fits in between. What comes of each is in outcome.ts.

import type { FrontParts } from './front-parts.ts';
import type { Judgement } from './health.ts';
import type { Registration } from './instance.ts';
import type { Liveness } from './liveness.ts';
import type { InstanceKey } from './names.ts';
import type {
  CancelOutcome,
  DrainOutcome,
  JudgeOutcome,
  PatchOutcome,
  RegisterOutcome,
  ResumeOutcome,
} from './outcome.ts';
import type { Override } from './status.ts';

/** The revision of a record's last change. A front drops the tags it cannot read: they match nothing. */
export type Tag = number;

/** `If-Match` and `If-None-Match` of RFC 9110 §13.1; `*` is any record. */
export interface Precondition {
  readonly ifMatch?: readonly Tag[] | '*' | undefined;
  readonly ifNoneMatch?: readonly Tag[] | '*' | undefined;
}

interface Common {
  readonly key: InstanceKey;
  readonly precondition?: Precondition | undefined;
}

export interface RegisterCommand extends Common {
  readonly kind: 'register';
  readonly registration: Registration;
  /** The writer's time in wall-clock milliseconds; without it this registration is the newest. */
  readonly dirtyAtMs?: number | undefined;
  /** The service file that it comes from. */
  readonly file?: string | undefined;
  /** Undefined: by its checks if it has some, otherwise by its lease. */
  readonly liveness?: Liveness | undefined;
  /** For one that comes back, or goes on, as it was; a hold that is kept for it wins. */
  readonly override?: Override | undefined;
  /** Its registrant's first report of its health, where its lease or its checks decide about it. */
  readonly judgement?: Judgement | undefined;
  /** What a front keeps with the instance; parts of other fronts stay as they are. */
  readonly fronts?: FrontParts | undefined;
  /** The entry whose `instancesMax` it counts for; control sets it for callers that have one. */
  readonly quotaEntry?: string | undefined;
  /** What a front cannot express, so that what is stored stays: a registration through Eureka takes no tags away. */
  readonly keeps?: readonly Exclude<keyof Registration, 'addrs' | 'status'>[] | undefined;
}

/**
 * A JSON merge patch (RFC 7396) of the registration. It renews no lease, and a shorter one runs from now; but for one
 * with `passing`.
 */
export interface PatchCommand extends Common {
  readonly kind: 'patch';
  readonly patch: unknown;
  /** Its registrant's report of its health; ignored where no lease that ends in waiting decides about it. */
  readonly judgement?: Judgement | undefined;
  /** As of a registration. */
  readonly fronts?: FrontParts | undefined;
}

/**
 * Takes the instance out of all answers without forgetting it. A plain drain ends with the next registration or patch
 * with `up`, or with the registration; with a hold it outlives them until that wall-clock time, or until `up`.
 */
export interface DrainCommand extends Common {
  readonly kind: 'drain';
  readonly holdUntilMs?: number | 'unbounded' | undefined;
}

/** Ends a drain, held or not; also a hold that waits for an instance that is not registered. */
export interface UpCommand extends Common {
  readonly kind: 'up';
}

export interface CancelCommand extends Common {
  readonly kind: 'cancel';
}

/** The checks of an instance have come to a verdict. */
export interface JudgeCommand extends Common, Judgement {
  readonly kind: 'judge';
}

export type Command = RegisterCommand | PatchCommand | DrainCommand | UpCommand | CancelCommand | JudgeCommand;

interface Outcomes {
  readonly register: RegisterOutcome;
  readonly patch: PatchOutcome;
  readonly drain: DrainOutcome;
  readonly up: ResumeOutcome;
  readonly cancel: CancelOutcome;
  readonly judge: JudgeOutcome;
}

export type OutcomeOf<C extends Command> = Outcomes[C['kind']];
