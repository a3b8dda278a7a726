// Instances by the ids that Consul's clients call them by, which are unique in an agent and not in a service, and by the
// ids of their checks; and the revision at which the catalogue last became another. Kept by following the changes, and made
// anew from the registry where some of them are missing.
// An id that is in several services is the instance that came in through Consul, or the one that was there first. A write is
// given the one that its caller may change, so that no caller can take an id from another one; and none that the caller may
// neither change nor read, so that it cannot find out which there are.
// Limits: one entry an instance, one more for each check with an id of its own.

import type { ChangeSource, ReadView } from '../../../control/read-view.ts';
import type { Change } from '../../../model/change.ts';
import type { Instance } from '../../../model/instance.ts';
import type { InstanceRecord } from '../../../model/instance-record.ts';
import { type InstanceKey, instanceKey } from '../../../model/names.ts';
import type { Principal, Right } from '../../../model/principal.ts';
import { contentOf, type KeptCheck, serviceNameOf } from './part.ts';

type Caller = Pick<Principal, 'may'>;
type View = Pick<ReadView, 'revision' | 'apps' | 'find'>;

/** A check and the instance that has it; `check` undefined: one that Consul was not given. */
export interface FoundCheck {
  readonly stored: InstanceRecord;
  readonly check: KeptCheck | undefined;
}

export class ServiceIndex {
  readonly #view: View;
  readonly #changes: ChangeSource;
  readonly #env: string;
  /** By folded id: the keys of all that have it. */
  readonly #byId = new Map<string, InstanceKey | readonly InstanceKey[]>();
  /** By the ids of checks that do not name their service; the latest first. */
  readonly #byCheck = new Map<string, InstanceKey | readonly InstanceKey[]>();
  #read = -1;
  #catalogue = 0;

  constructor(view: View, changes: ChangeSource, env: string) {
    this.#view = view;
    this.#changes = changes;
    this.#env = env;
  }

  /** The revision at which there were last other services, or other tags. */
  get catalogueRevision(): number {
    this.#follow();
    return Math.max(this.#catalogue, 1);
  }

  /** `caller`: of a write; undefined for reads, which are behind a check of their own. */
  byId(id: string, caller?: Caller): InstanceRecord | undefined {
    this.#follow();
    return this.#first(this.#byId.get(instanceKey(id)), caller);
  }

  byCheck(id: string, caller: Caller): FoundCheck | undefined {
    this.#follow();
    const named = this.#first(this.#byCheck.get(id), caller);
    if (named !== undefined) return { stored: named, check: checkIn(named.instance, id) };
    const owner = /^service:(.+)$/s.exec(id)?.[1];
    if (owner === undefined) return undefined;
    const whole = this.byId(owner, caller);
    if (whole !== undefined && isKnown(whole.instance, id))
      return { stored: whole, check: checkIn(whole.instance, id) };
    const colon = owner.lastIndexOf(':');
    const numbered = colon < 0 ? undefined : this.byId(owner.slice(0, colon), caller);
    const check = numbered && checkIn(numbered.instance, id);
    return numbered === undefined || check === undefined ? undefined : { stored: numbered, check };
  }

  #first(keys: InstanceKey | readonly InstanceKey[] = [], caller: Caller | undefined): InstanceRecord | undefined {
    const records = [keys].flat().flatMap((key) => this.#view.find(key) ?? []);
    const seen = caller === undefined ? records : seenBy(caller, records);
    return seen.find(({ instance }) => instance.fronts?.consul !== undefined) ?? seen[0];
  }

  #follow(): void {
    const { revision } = this.#view;
    if (this.#read >= revision) return;
    const changes = this.#read < 0 ? undefined : this.#changes.since(this.#read);
    if (changes === undefined) this.#build();
    else for (const change of changes) this.#apply(change);
    this.#read = revision;
  }

  #build(): void {
    this.#byId.clear();
    this.#byCheck.clear();
    for (const app of this.#view.apps(this.#env)) for (const { instance } of app.instances()) this.#add(instance);
    this.#catalogue = this.#view.revision;
  }

  #apply({ before, after, revision }: Change): void {
    const { env } = after ?? before;
    if (env !== this.#env) return;
    if (before === undefined || after === undefined || cataloguedAs(before) !== cataloguedAs(after))
      this.#catalogue = revision;
    if (after !== undefined && before !== undefined && before.fronts === after.fronts) return;
    if (before !== undefined) this.#delete(before);
    if (after !== undefined) this.#add(after);
  }

  #add(instance: Instance): void {
    const id = instanceKey(instance.instance);
    const key = { env: instance.env, appid: instance.appid, instance: instance.instance };
    const known = this.#byId.get(id);
    this.#byId.set(id, known === undefined ? key : [known, key].flat());
    for (const check of ownIds(instance))
      this.#byCheck.set(check, [key, othersThan(instance, this.#byCheck.get(check))].flat());
  }

  #delete(instance: Instance): void {
    const id = instanceKey(instance.instance);
    const left = [this.#byId.get(id) ?? []].flat().filter(({ appid }) => appid !== instance.appid);
    if (left.length === 0) this.#byId.delete(id);
    else this.#byId.set(id, left.length === 1 ? (left[0] as InstanceKey) : left);
    for (const check of ownIds(instance)) {
      const others = othersThan(instance, this.#byCheck.get(check));
      if (others.length === 0) this.#byCheck.delete(check);
      else this.#byCheck.set(check, others);
    }
  }
}

/** Those that the caller may change; where there are none, those that it may know of. */
function seenBy(caller: Caller, records: readonly InstanceRecord[]): readonly InstanceRecord[] {
  const may = (...rights: readonly Right[]) =>
    records.filter(({ instance: { env, appid } }) => rights.some((right) => caller.may(right, env, appid)));
  const own = may('register', 'operate');
  return own.length > 0 ? own : may('read');
}

function othersThan({ appid, instance }: Instance, keys: InstanceKey | readonly InstanceKey[] = []): InstanceKey[] {
  return [keys].flat().filter((key) => key.appid !== appid || key.instance !== instance);
}

function checkIn(instance: Instance, id: string): KeptCheck | undefined {
  return contentOf(instance).checks?.find((check) => check.id === id);
}

/** Whether an instance has the check that is called after it. */
function isKnown(instance: Instance, id: string): boolean {
  return checkIn(instance, id) !== undefined || instance.fronts?.consul === undefined;
}

/** Ids of checks that are not made from the id of the instance. */
function ownIds(instance: Instance): readonly string[] {
  const { checks } = contentOf(instance);
  if (checks === undefined) return [];
  const made = `service:${instance.instance}`;
  return checks.map(({ id }) => id).filter((id) => id !== made && !id.startsWith(`${made}:`));
}

function cataloguedAs(instance: Instance): string {
  return JSON.stringify([serviceNameOf(instance), instance.tags, contentOf(instance).tags]);
}
