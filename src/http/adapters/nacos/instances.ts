// Calls about instances: register, deregister, update, beat, one, and the list of a service, with which a client that names a
// UDP port subscribes to its changes.

import { isObject } from '../../../model/instance.ts';
import { findJsonFault } from '../../server/json-scan.ts';
import { isFailed } from '../failed-outcome.ts';
import { mayRead, type NacosCall, type NacosContext, type NacosHandler, serviceIn } from './context.ts';
import { type GivenInstance, instanceOfJson, instanceOfParameters } from './given-instance.ts';
import { instanceDetailText } from './hosts.ts';
import { beatTimesOf } from './preserved.ts';
import { done, failed, fault, givenFault, missing, type Result, refused } from './replies.ts';
import type { NacosService } from './service-name.ts';

interface Named {
  readonly name: NacosService;
  readonly instance: GivenInstance;
}

function namedIn(context: NacosContext, call: NacosCall): Named | { readonly result: Result } {
  const name = serviceIn(context, call);
  if ('result' in name) return name;
  const instance = instanceOfParameters(call.given);
  return 'fault' in instance ? { result: givenFault(instance) } : { name, instance };
}

const register: NacosHandler = async (context, call) => {
  const named = namedIn(context, call);
  if ('result' in named) {
    context.control.commands.malformed('register');
    return named.result;
  }
  const outcome = await context.naming.register(call.caller, named.name, named.instance, 'beats');
  return isFailed(outcome) ? failed(outcome) : done;
};

const deregister: NacosHandler = async (context, call) => {
  const named = namedIn(context, call);
  if ('result' in named) {
    context.control.commands.malformed('cancel');
    return named.result;
  }
  const outcome = await context.naming.deregister(call.caller, named.name, named.instance);
  return isFailed(outcome) && outcome.kind !== 'unknown' ? failed(outcome) : done;
};

/** Of a service that is there, an instance that is not is passed over, as in the original. */
const update: NacosHandler = async (context, call) => {
  const named = namedIn(context, call);
  if ('result' in named) {
    context.control.commands.malformed('patch');
    return named.result;
  }
  const { name } = named;
  if (context.control.view.app(name.env, name.appid) === undefined) {
    const text = `service not found, namespace: ${name.namespace}, service: ${name.grouped}`;
    return fault(400, 'serviceMissing', `caused: ${text};`);
  }
  const outcome = await context.naming.update(call.caller, name, named.instance);
  return isFailed(outcome) && outcome.kind !== 'unknown' ? failed(outcome) : done;
};

/** What a beat carries; undefined: nothing, as of a client whose last reply had `lightBeatEnabled`. */
function beatIn(text: string | undefined): Record<string, unknown> | undefined | 'malformed' {
  if (text === undefined || text === '') return undefined;
  if (findJsonFault(text, 8) !== undefined) return 'malformed';
  const value: unknown = JSON.parse(text);
  return isObject(value) ? value : 'malformed';
}

const beat: NacosHandler = async (context, call) => {
  const { given, version, caller } = call;
  const { naming, control } = context;
  const name = serviceIn(context, call);
  if ('result' in name) {
    control.renewals.malformed();
    return name.result;
  }
  if (version === 'v2' && given.get('serviceName')?.includes('@@') !== true) {
    control.renewals.malformed();
    return fault(400, 'invalid', "Param 'serviceName' is illegal, it should be format as 'groupName@@serviceName'");
  }
  const carried = beatIn(given.get('beat'));
  const instance =
    carried === 'malformed'
      ? ({ fault: 'illegal', text: "Param 'beat' is illegal, it should be JSON" } as const)
      : carried === undefined
        ? instanceOfParameters(given)
        : instanceOfJson(carried);
  if ('fault' in instance) {
    control.renewals.malformed();
    return givenFault(instance);
  }
  const beaten = await naming.beat(caller, name, instance);
  const outcome =
    beaten.kind === 'unknown' && carried !== undefined
      ? await naming.register(caller, name, instance, 'beats')
      : beaten;
  if (outcome.kind === 'unknown') return beatResult(20_404, 5000);
  if (isFailed(outcome)) return failed(outcome);
  const { intervalMs } = beatTimesOf(
    'stored' in outcome && outcome.stored !== undefined ? outcome.stored.instance.metadata : new Map(),
  );
  return beatResult(10_200, intervalMs);
};

function beatResult(code: number, intervalMs: number): Result {
  return { kind: 'ok', data: `{"clientBeatInterval":${intervalMs},"code":${code},"lightBeatEnabled":true}` };
}

const one: NacosHandler = (context, call) => {
  const named = namedIn(context, call);
  if ('result' in named) return named.result;
  if (!mayRead(call, named.name)) return refused;
  const stored = context.naming.find(named.name, named.instance);
  if (stored === undefined) return fault(404, 'notFound', 'no matched ip found!');
  return { kind: 'ok', data: instanceDetailText(stored, named.name) };
};

const list: NacosHandler = (context, call) => {
  const { given, request } = call;
  const name = serviceIn(context, call);
  if ('result' in name) return name.result;
  if (!mayRead(call, name)) return refused;
  const asked = {
    clusters: given.get('clusters') ?? '',
    isHealthyOnly: given.get('healthyOnly')?.toLowerCase() === 'true',
  };
  const port = Number(given.get('udpPort') ?? 0);
  if (Number.isInteger(port) && port > 0 && port <= 65_535) {
    context.udp.subscribe(name, { seenAt: request.ip, port, clusters: asked.clusters });
  }
  return { kind: 'ok', data: context.infos.text(name, asked, 'http') };
};

/** Health of an instance that does not beat, set by another client. */
const setHealth: NacosHandler = async (context, call) => {
  if (call.given.get('healthy') === undefined) return missing('healthy');
  return update(context, call);
};

export const instances = { register, deregister, update, beat, one, list, setHealth } as const;
