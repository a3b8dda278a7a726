// The registry with a method for each command, decided and applied at once: tests of what a command does to it, and of what
// reads it, need no front and no `control/`.

import type { Actor } from '../../../src/model/change.ts';
import type { Command, OutcomeOf } from '../../../src/model/command.ts';
import type { Judgement } from '../../../src/model/health.ts';
import type { Registration } from '../../../src/model/instance.ts';
import type { InstanceKey } from '../../../src/model/names.ts';
import type {
  CancelOutcome,
  DrainOutcome,
  NotYours,
  PatchOutcome,
  PreconditionFailed,
  RegisterOutcome,
} from '../../../src/model/outcome.ts';
import { Registry, type RegistryOptions } from '../../../src/registry/registry.ts';
import type { Moment } from '../../../src/runtime/clock.ts';

export interface RegisterOptions {
  /** Leave an instance that is there as it is. */
  readonly ifAbsent?: boolean;
  readonly dirtyAtMs?: number | undefined;
  readonly by?: Actor | undefined;
  readonly file?: string | undefined;
}

/** Of a command without preconditions. */
type Plain<Outcome> = Exclude<Outcome, NotYours | PreconditionFailed>;

const defaultActor: Actor = { kind: 'system', front: 'leases', address: '' };

export class CommandedRegistry extends Registry {
  readonly #clock: RegistryOptions['clock'];

  constructor(options: RegistryOptions) {
    super(options);
    this.#clock = options.clock;
  }

  perform<C extends Command>(command: C, actor: Actor, now: Moment = this.#now()): OutcomeOf<C> {
    return this.settle(this.decide(command, actor, now), now);
  }

  register(key: InstanceKey, registration: Registration, options: RegisterOptions = {}): Plain<RegisterOutcome> {
    const { ifAbsent = false, dirtyAtMs, file, by = defaultActor } = options;
    const precondition = ifAbsent ? { ifNoneMatch: '*' as const } : undefined;
    const command = { kind: 'register', key, registration, dirtyAtMs, file, precondition } as const;
    return this.perform(command, by) as Plain<RegisterOutcome>;
  }

  patch(key: InstanceKey, patch: unknown, by: Actor = defaultActor): Plain<PatchOutcome> {
    return this.perform({ kind: 'patch', key, patch }, by) as Plain<PatchOutcome>;
  }

  drain(key: InstanceKey, by: Actor = defaultActor): Plain<DrainOutcome> {
    return this.perform({ kind: 'drain', key }, by) as Plain<DrainOutcome>;
  }

  cancel(key: InstanceKey, by: Actor = defaultActor): Plain<CancelOutcome> {
    return this.perform({ kind: 'cancel', key }, by) as Plain<CancelOutcome>;
  }

  judge(key: InstanceKey, judgement: Judgement): boolean {
    const by: Actor = { kind: 'system', front: 'checks', address: '' };
    return this.perform({ kind: 'judge', key, ...judgement }, by).kind === 'judged';
  }

  #now(): Moment {
    return { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.wallMs() };
  }
}
