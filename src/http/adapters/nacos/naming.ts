// What Nacos's clients do with instances, whatever the protocol: register, deregister, update, beat and find, as commands.
// An instance is known by ip, port and cluster; a call that names no cluster finds it in any. Two services whose names
// become one app are refused, in the order in which they came.
// Its id is `ip#port#cluster#group@@service`.

import type { Control } from '../../../control/control.ts';
import { parseAddress } from '../../../model/address.ts';
import type { Actor } from '../../../model/change.ts';
import { ownersRegistration } from '../../../model/compact-instance.ts';
import type { Instance, RegistrationDefaults } from '../../../model/instance.ts';
import type { InstanceRecord } from '../../../model/instance-record.ts';
import { type InstanceKey, parseInstanceKey } from '../../../model/names.ts';
import type {
  CancelOutcome,
  DrainOutcome,
  PatchOutcome,
  RegisterOutcome,
  ResumeOutcome,
} from '../../../model/outcome.ts';
import type { Principal } from '../../../model/principal.ts';
import { type Problem, problem } from '../../../model/problem.ts';
import type { Refused } from '../../../model/submit.ts';
import { hostInUrl } from '../host-text.ts';
import { keptLiveness } from '../kept-liveness.ts';
import { hasOwnProbe, type Lasting, registrationOf } from './decode.ts';
import type { GivenInstance } from './given-instance.ts';
import { nacosHostOf } from './hosts.ts';
import { contentOf, isNamed, keptWeight, type NacosContent, partOf, weightOf } from './part.ts';
import { defaultCluster, type NacosService } from './service-name.ts';

/** Who calls. */
export interface Caller {
  readonly principal: Principal;
  readonly actor: Actor;
}

/** An instance as a call points to it. */
export type Pointer = Pick<GivenInstance, 'ip' | 'port' | 'cluster'>;

type Conflict = { readonly kind: 'conflict'; readonly problem: Problem };
type Invalid = { readonly kind: 'invalid'; readonly problems: readonly Problem[] };
export type NacosRegistered = RegisterOutcome | Refused | Conflict | Invalid;
export type Updated = PatchOutcome | DrainOutcome | ResumeOutcome | Refused;

export interface NamingDeps {
  readonly control: Control;
  readonly defaults: RegistrationDefaults;
}

export function instanceIdOf({ grouped }: NacosService, { ip, port, cluster = defaultCluster }: Pointer): string {
  return `${ip}#${port}#${cluster}#${grouped}`;
}

export class Naming {
  readonly #control: Control;
  readonly #defaults: RegistrationDefaults;

  constructor({ control, defaults }: NamingDeps) {
    this.#control = control;
    this.#defaults = defaults;
  }

  /** `lifetime`: how long it stays there; a persistent one is marked as such. */
  async register(
    caller: Caller,
    name: NacosService,
    given: GivenInstance,
    lifetime: Lasting,
  ): Promise<NacosRegistered> {
    const { commands, view } = this.#control;
    const taken = this.#takenProblem(name);
    if (taken !== undefined) return { kind: 'conflict', problem: taken };
    const key = parseInstanceKey(name.env, name.appid, instanceIdOf(name, given));
    const read = Array.isArray(key) ? key : registrationOf(name, given, lifetime, this.#defaults);
    if (Array.isArray(key) || Array.isArray(read)) {
      commands.malformed('register');
      return { kind: 'invalid', problems: Array.isArray(key) ? key : (read as Problem[]) };
    }
    const { registration, content, keeps, liveness } = read;
    const before = view.find(key)?.instance;
    // Checks that it was given through another front decide, and not a lease beside them.
    const hasOthers = before !== undefined && before.checks.length > 0 && !hasOwnProbe(before);
    const isNewlyProbed = registration.checks.length > 0 && (before === undefined || before.checks.length === 0);
    const command = {
      kind: 'register',
      key,
      registration,
      fronts: { nacos: partOf(content) },
      keeps: hasOthers ? [...keeps, 'checks' as const] : keeps,
      ...(hasOthers ? keptLiveness(view, key) : { liveness }),
      // It takes traffic until a check has failed.
      ...(isNewlyProbed ? { judgement: { verdict: 'passing', reason: 'registered as healthy' } as const } : {}),
    } as const;
    return commands.submit(caller.principal, caller.actor, command);
  }

  /** An instance that is not there is none to deregister. */
  async deregister(caller: Caller, name: NacosService, pointer: Pointer): Promise<CancelOutcome | Refused> {
    const found = this.find(name, pointer);
    const key = found === undefined ? this.#keyAt(name, pointer) : keyOf(found.instance);
    return this.#control.commands.submit(caller.principal, caller.actor, { kind: 'cancel', key });
  }

  /** Of a beat: `unknown` where it is not there. One whose lease has ended takes traffic again. */
  async beat(
    caller: Caller,
    name: NacosService,
    pointer: Pointer,
  ): Promise<NacosRegistered | { readonly kind: 'unknown' }> {
    const key = this.#keyAt(name, pointer);
    const first = this.#renewed(caller, key);
    if (first !== 'unknown') return first;
    const found = this.find(name, pointer);
    if (found === undefined) return { kind: 'unknown' };
    const other = keyOf(found.instance);
    const again = this.#renewed(caller, other);
    return again === 'unknown' ? this.#revive(caller, found.instance) : again;
  }

  #renewed({ principal, actor }: Caller, key: InstanceKey): NacosRegistered | 'unknown' {
    const renewal = this.#control.renewals.renew(principal, actor, key);
    if (renewal.kind === 'renewed') return { kind: 'unchanged', stored: renewal.stored };
    return renewal.kind === 'forbidden' ? { kind: 'forbidden', right: 'register' } : 'unknown';
  }

  /** Its lease has ended, and it waits: registered as it was, it is back. */
  #revive({ principal, actor }: Caller, instance: Instance): Promise<NacosRegistered> {
    const { liveness } = instance;
    const command = { kind: 'register', key: keyOf(instance), registration: ownersRegistration(instance), liveness };
    return this.#control.commands.submit(principal, actor, { ...command, kind: 'register' });
  }

  /** Changes what is given, and nothing else. Disabled is a hold without an end; enabled is the end of one. */
  async update(caller: Caller, name: NacosService, given: GivenInstance): Promise<Updated> {
    const found = this.find(name, given);
    if (found === undefined) return { kind: 'unknown' };
    const { instance } = found;
    const before = contentOf(instance);
    const content = updatedContent(before, given);
    const patch = {
      ...(given.weight === undefined ? {} : { weight: weightOf(given.weight) }),
      ...(given.metadata === undefined ? {} : { metadata: given.metadata }),
      ...(wantedOf(content) === wantedOf(before) ? {} : { status: wantedOf(content) }),
    };
    const key = keyOf(instance);
    const { commands } = this.#control;
    const fronts = content === undefined ? {} : { fronts: { nacos: partOf(content) } };
    const patched = await commands.submit(caller.principal, caller.actor, { kind: 'patch', key, patch, ...fronts });
    if (patched.kind !== 'patched' && patched.kind !== 'unchanged') return patched;
    if (given.isEnabled === false && instance.override === undefined)
      return commands.submit(caller.principal, caller.actor, { kind: 'drain', key, holdUntilMs: 'unbounded' });
    if (given.isEnabled === true && instance.override !== undefined)
      return commands.submit(caller.principal, caller.actor, { kind: 'up', key });
    return patched;
  }

  /** With its cluster, or where none is named in any. */
  find(name: NacosService, pointer: Pointer): InstanceRecord | undefined {
    const exact = this.#control.view.find(this.#keyAt(name, pointer));
    if (exact !== undefined) return exact;
    const host = canonicalHost(pointer.ip);
    for (const stored of this.#control.view.app(name.env, name.appid)?.instances() ?? []) {
      const isThere = stored.instance.addrs.some((one) => one.port === pointer.port && one.host === host);
      if (isThere && (pointer.cluster === undefined || nacosHostOf(stored.instance).cluster === pointer.cluster))
        return stored;
    }
    return undefined;
  }

  #keyAt(name: NacosService, pointer: Pointer): InstanceKey {
    return { env: name.env, appid: name.appid, instance: instanceIdOf(name, pointer) };
  }

  /** A problem where the app is another service of Nacos's; instances of one app agree, so the first with a part decides. */
  #takenProblem(name: NacosService): Problem | undefined {
    for (const { instance } of this.#control.view.app(name.env, name.appid)?.instances() ?? []) {
      const content = contentOf(instance);
      if (content === undefined) continue;
      if (isNamed(content, name)) return undefined;
      const { namespace = 'public', group = 'DEFAULT_GROUP', service } = content;
      const message = `becomes the DNS name of ${group}@@${service} in the namespace ${namespace}, which is registered`;
      return problem('serviceName', message, name.grouped);
    }
    return undefined;
  }
}

function keyOf({ env, appid, instance }: Instance): InstanceKey {
  return { env, appid, instance };
}

/** As addresses are stored. */
function canonicalHost(ip: string): string {
  const address = parseAddress(`tcp://${hostInUrl(ip)}:1`);
  return 'fault' in address ? ip : address.host;
}

function updatedContent(before: NacosContent | undefined, given: GivenInstance): NacosContent | undefined {
  if (before === undefined) return undefined;
  const { weight, isDisabled, isUnhealthy, ...others } = before;
  const isStillDisabled = isDisabled === true && given.isEnabled !== true;
  const isStillUnhealthy = given.isHealthy === undefined ? isUnhealthy === true : !given.isHealthy;
  const kept = weight === undefined ? {} : { weight };
  return {
    ...others,
    ...(given.weight === undefined ? kept : keptWeight(given.weight)),
    ...(isStillDisabled ? { isDisabled: true as const } : {}),
    ...(isStillUnhealthy ? { isUnhealthy: true as const } : {}),
  };
}

function wantedOf(content: NacosContent | undefined): 'up' | 'waiting' {
  if (content === undefined) return 'up';
  return content.isDisabled === true || content.isUnhealthy === true || content.weight === 0 ? 'waiting' : 'up';
}
