// What the cluster needs of the registry, handed in by app/: what was decided on any node is applied here, and the leases
// of instances that other nodes run have no end here.

import type { Actor, Change, NewChange } from '../model/change.ts';
import type { Command, OutcomeOf } from '../model/command.ts';
import type { ChangeGroup, Decision, Reregistration } from '../model/decision.ts';
import type { InstanceRecord } from '../model/instance-record.ts';
import type { Losses } from '../model/losses.ts';
import type { AppKey, InstanceKey } from '../model/names.ts';
import type { PersistedInstance } from '../model/persisted-instance.ts';
import type { Problem } from '../model/problem.ts';
import type { RemoteMark } from '../model/remote-mark.ts';
import type { Override } from '../model/status.ts';

type Moment = ChangeGroup['at'];

export interface RegistryPort {
  readonly revision: number;
  find(key: InstanceKey): InstanceRecord | undefined;
  decide<C extends Command>(command: C, actor: Actor, now: Moment): Decision<OutcomeOf<C>>;
  apply(group: ChangeGroup): Change[];
  advance(revision: number): void;
  /** Of the first list: no subscriber but those of recovered instances hears of it. */
  recover(saved: PersistedInstance): Problem | undefined;
  renew(key: InstanceKey, now?: Moment): { readonly kind: 'renewed' | 'lapsed' | 'unknown' };
  reregister(renewal: Reregistration, now: Moment): boolean;
  releaseHold(key: InstanceKey): void;
  setRemote(key: InstanceKey, isRemote: boolean): void;
  markRemote(key: InstanceKey, mark: RemoteMark): void;
  /** Own ones whose lease has ended and that the guard lets go. */
  takeExpired(now: Moment, limit: number): InstanceKey[];
  endedHolds(now: Moment): InstanceKey[];
  /** Of an app, who has the label. */
  labelHolder(key: InstanceKey, label: string): InstanceRecord | undefined;
  /** Its last change has another number: see epoch.ts. */
  renumber(key: InstanceKey, revision: number): void;
  /** A hold of an instance that is not registered. */
  keepHold(key: InstanceKey, override: Override): void;
  /** What is missed here; of apps at most `limit`. */
  losses(limit: number): Losses;
  reviewGuard(): void;
  remoteServing(app: AppKey): number;
  decideEnd(key: InstanceKey, end: 'lease' | 'hold', now: Moment): NewChange | undefined;
}
