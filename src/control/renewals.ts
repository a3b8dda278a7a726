// Renewals, the hot call of every front: synchronous, without a promise, and nothing is written down for them (after a
// restart every lease starts afresh, design §6). Names are looked up as they came and parsed only when nothing is found:
// what is registered is canonical by itself. A batch reads the clock once.

import type { Actor } from '../model/change.ts';
import type { InstanceRecord } from '../model/instance-record.ts';
import { type InstanceKey, parseInstanceKey } from '../model/names.ts';
import { type Principal, principalText } from '../model/principal.ts';
import type { Problem } from '../model/problem.ts';
import type { Registry } from '../registry/registry.ts';
import type { Clock, Moment } from '../runtime/clock.ts';
import type { DecisionLog } from './decision-log.ts';
import type { RefusedCalls } from './refused-calls.ts';

export type Renewal =
  | { readonly kind: 'renewed'; readonly stored: InstanceRecord }
  /** Not registered, or lapsed: either is brought back by a registration. */
  | { readonly kind: 'unknown'; readonly key: InstanceKey }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }
  | { readonly kind: 'forbidden' };

/** What the other nodes of a cluster know of instances that this one does not. */
export type AskElsewhere = (keys: readonly InstanceKey[]) => Promise<'here' | 'nowhere' | { readonly reason: string }>;

export interface RenewalsDeps {
  /** Undefined: there are no other nodes. */
  readonly elsewhere?: AskElsewhere | undefined;
  readonly registry: Pick<Registry, 'renew'>;
  readonly find: Registry['find'];
  readonly clock: Clock;
  readonly log: DecisionLog;
  readonly refusedCalls: RefusedCalls;
}

/** Of one call. */
const soughtMax = 1000;

export class Renewals {
  readonly #registry: RenewalsDeps['registry'];
  readonly #clock: Clock;
  readonly #log: DecisionLog;
  readonly #elsewhere: AskElsewhere | undefined;
  readonly #find: Registry['find'];
  readonly #refusedCalls: RefusedCalls;

  constructor({ registry, clock, log, elsewhere, find, refusedCalls }: RenewalsDeps) {
    this.#refusedCalls = refusedCalls;
    this.#registry = registry;
    this.#elsewhere = elsewhere;
    this.#find = find;
    this.#clock = clock;
    this.#log = log;
  }

  /** Whether each renewal is logged: a fast path leaves them to the full path then. */
  get isLogged(): boolean {
    return this.#log.logsRoutine;
  }

  now(): Moment {
    return { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.wallMs() };
  }

  /** For a fast path: the record, renewed and counted; undefined, and nothing counted: the full path has to find out why. */
  renewKnown(principal: Principal, key: InstanceKey): InstanceRecord | undefined {
    if (!principal.may('register', key.env, key.appid, key.instance)) return undefined;
    const outcome = this.#registry.renew(key);
    if (outcome.kind !== 'renewed') return undefined;
    this.#log.count.renewal('renewed');
    return outcome.stored;
  }

  /** `given`: as it came. `now`: of a batch. */
  renew(principal: Principal, actor: Actor, given: InstanceKey, now?: Moment): Renewal {
    const found = this.#found(principal, given, now);
    if (found.kind === 'forbidden') this.#note(principal, actor, given);
    this.#log.count.renewal(found.kind === 'forbidden' ? 'unknown' : found.kind);
    if (found.kind === 'renewed' && this.#log.logsRoutine) {
      const { instance, revision } = found.stored;
      this.#log.routine('renewed', actor, instance, revision);
    }
    return found;
  }

  #found(principal: Principal, given: InstanceKey, now: Moment | undefined): Renewal {
    if (!principal.may('register', given.env, given.appid, given.instance)) return { kind: 'forbidden' };
    const first = this.#registry.renew(given, now);
    if (first.kind === 'renewed') return first;
    const key = parseInstanceKey(given.env, given.appid, given.instance);
    if (Array.isArray(key)) return { kind: 'invalid', problems: key };
    const outcome = this.#registry.renew(key, now);
    return outcome.kind === 'renewed' ? outcome : { kind: 'unknown', key };
  }

  /** Of a batch, whose renewals are counted together: undefined where `renew` has to find out why. */
  renewCounted(principal: Principal, actor: Actor, key: InstanceKey, now: Moment): InstanceRecord | undefined {
    if (!principal.may('register', key.env, key.appid, key.instance)) return undefined;
    const outcome = this.#registry.renew(key, now);
    if (outcome.kind !== 'renewed') return undefined;
    const { stored } = outcome;
    if (this.#log.logsRoutine) this.#log.routine('renewed', actor, stored.instance, stored.revision);
    return stored;
  }

  /**
   * Before the reply that an instance is unknown: whether another node knows it. Settles once it is here, if so. A
   * reason: it is unknown at present. Undefined, without a promise: nothing is to be asked.
   */
  sought(keys: () => readonly InstanceKey[]): Promise<'here' | 'nowhere' | { readonly reason: string }> | undefined {
    if (this.#elsewhere === undefined) return undefined;
    const missing = keys()
      .filter((key) => this.#find(key) === undefined)
      .slice(0, soughtMax);
    return missing.length === 0 ? undefined : this.#elsewhere(missing);
  }

  #note(principal: Principal, { address, front }: Actor, { env, appid }: InstanceKey): void {
    this.#log.count.refused('right');
    const who = principalText(principal);
    const what = `renew by ${front}`;
    this.#refusedCalls.note({ reason: 'right', who, address, what, missing: 'register', where: `${env}/${appid}` });
  }

  /** Renewals that `renewCounted` has made. */
  counted(renewed: number): void {
    this.#log.count.renewal('renewed', renewed);
  }

  /** A front could not read a renewal. */
  malformed(): void {
    this.#log.count.renewal('invalid');
  }
}
