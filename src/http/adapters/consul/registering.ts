// A registration of this front as a command. Checks that are there already stay, unless they are to be replaced, so it is
// made from what is stored, and made again where another writer was faster.
// Limit: `attemptsMax`.

import type { FastifyRequest } from 'fastify';
import type { RegisterCommand } from '../../../model/command.ts';
import { ownersRegistration } from '../../../model/compact-instance.ts';
import type { Instance, Registration } from '../../../model/instance.ts';
import type { InstanceRecord } from '../../../model/instance-record.ts';
import { type InstanceKey, parseInstanceKey } from '../../../model/names.ts';
import type { RegisterOutcome } from '../../../model/outcome.ts';
import type { Refused } from '../../../model/submit.ts';
import { actorOf } from '../../auth/auth.ts';
import { appidOf } from '../app-name.ts';
import { problemText } from '../problem-text.ts';
import type { CheckDefinition } from './check-definition.ts';
import type { ConsulContext } from './consul-context.ts';
import type { GoJsonFault } from './go-json.ts';
import {
  type CheckSet,
  checksIn,
  hasOthersChecks,
  judgementOf,
  leaseSecondsOf,
  livenessOf,
  wantedOf,
  withChecks,
} from './kept-checks.ts';
import { contentOf, type KeptNode, partOf, serviceNameOf } from './part.ts';
import { registrationOf, type ServiceDefinition } from './service-definition.ts';

const attemptsMax = 5;

export type Registered = RegisterOutcome | Refused | GoJsonFault;

/** Where a service is. */
export interface Placed {
  readonly key: InstanceKey;
  /** Of a service that gives no address. */
  readonly host: string;
  /** Undefined: this server's. */
  readonly node: KeptNode | undefined;
  /** Checks that are there and not asked for leave. */
  readonly replacesChecks: boolean;
}

/** Where the service `name` has the instance `id`, or what is wrong with either. */
export function keyOf({ env }: ConsulContext, name: string, id: string): InstanceKey | GoJsonFault {
  const appid = appidOf(name);
  if (typeof appid !== 'string')
    return { fault: `Invalid service name: ${problemText([{ ...appid, field: 'Name' }])}` };
  const key = parseInstanceKey(env, appid, id);
  return Array.isArray(key) ? { fault: `Invalid service ID: ${problemText(key)}` } : key;
}

export function registerService(
  context: ConsulContext,
  request: FastifyRequest,
  definition: ServiceDefinition,
  placed: Placed,
): Promise<Registered> {
  const { key, node, replacesChecks } = placed;
  const read = registrationOf(definition, placed.host, context.defaults);
  if ('fault' in read) return Promise.resolve(read);
  return submitAgain(context, request, key, (stored) => {
    const before = stored?.instance;
    const checks = withChecks(replacesChecks ? checksIn(undefined) : checksIn(before), definition.checks);
    if ('fault' in checks) return checks;
    const { registration, content, present } = read;
    const keeps = [
      ...(['group', 'priority', 'dnsTtl'] as const),
      ...(present.zone ? [] : (['zone'] as const)),
      ...(present.version ? [] : (['version'] as const)),
    ];
    const kept = { ...content, ...(node === undefined ? {} : { node, id: definition.id }) };
    const parts = { registration, content: kept, name: definition.name, keeps };
    return commandOf(key, before, checks, definition.checks, parts);
  });
}

/** The same instance with other checks. */
export function registerChecks(
  context: ConsulContext,
  request: FastifyRequest,
  key: InstanceKey,
  asked: readonly CheckDefinition[],
  change: (known: CheckSet) => CheckSet | GoJsonFault,
): Promise<Registered> {
  return submitAgain(context, request, key, (stored) => {
    if (stored === undefined) return { fault: `Unknown service ID "${key.instance}"` };
    const { instance } = stored;
    const checks = change(checksIn(instance));
    if ('fault' in checks) return checks;
    const parts = {
      registration: ownersRegistration(instance),
      content: contentOf(instance),
      name: serviceNameOf(instance),
      keeps: [],
    };
    return commandOf(key, instance, checks, asked, parts);
  });
}

interface Parts {
  readonly registration: Registration;
  readonly content: object;
  readonly name: string;
  readonly keeps: NonNullable<RegisterCommand['keeps']>;
}

function commandOf(
  key: InstanceKey,
  before: Instance | undefined,
  checks: CheckSet,
  asked: readonly CheckDefinition[],
  { registration, content, name, keeps }: Parts,
): RegisterCommand {
  const leaseSeconds = leaseSecondsOf(checks);
  const keepsChecks = checks.run.length === 0 && hasOthersChecks(before);
  return {
    kind: 'register',
    key,
    registration: {
      ...registration,
      status: wantedOf(checks),
      checks: checks.run,
      ...(leaseSeconds === undefined ? {} : { leaseSeconds }),
    },
    liveness: livenessOf(checks, before),
    judgement: judgementOf(checks, asked, before),
    fronts: { consul: partOf(name, { ...content, checks: checks.kept }) },
    keeps: [
      ...keeps,
      ...(leaseSeconds === undefined ? (['leaseSeconds'] as const) : []),
      ...(keepsChecks ? (['checks'] as const) : []),
    ],
  };
}

async function submitAgain(
  { control }: ConsulContext,
  request: FastifyRequest,
  key: InstanceKey,
  make: (stored: InstanceRecord | undefined) => RegisterCommand | GoJsonFault,
): Promise<Registered> {
  const actor = actorOf(request, 'consul');
  for (let attempt = 1; ; attempt++) {
    const stored = control.view.find(key);
    const command = make(stored);
    if ('fault' in command) return command;
    const precondition = stored === undefined ? { ifNoneMatch: '*' as const } : { ifMatch: [stored.revision] };
    const outcome = await control.commands.submit(request.principal, actor, { ...command, precondition });
    const isTooLate = outcome.kind === 'precondition-failed' || outcome.kind === 'exists';
    if (!isTooLate || attempt === attemptsMax) return outcome;
  }
}
