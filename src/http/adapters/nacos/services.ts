// Calls about services: the list of their names, and creating, changing, showing and deleting one.

import type { Control } from '../../../control/control.ts';
import type { AppRecords } from '../../../model/app-records.ts';
import type { Principal } from '../../../model/principal.ts';
import { mayRead, type NacosCall, type NacosHandler, serviceIn } from './context.ts';
import type { CreatedServices, ServiceSettings } from './created-services.ts';
import { metadataOfText } from './given-instance.ts';
import { nacosHostOf } from './hosts.ts';
import { contentOf } from './part.ts';
import { done, fault, givenFault, missing, type Result, refused } from './replies.ts';
import { defaultCluster, defaultGroup, envOf, type NacosService, namespaceOf } from './service-name.ts';

/** Names of services of a group that a caller may read, sorted. */
export function serviceNames(
  { view }: Pick<Control, 'view'>,
  principal: Principal,
  { env, group, created }: { readonly env: string; readonly group: string; readonly created?: CreatedServices },
): readonly string[] {
  const may = (appid: string): boolean => principal.may('read', env, appid);
  const names = new Set(created?.names(env, group, may));
  for (const app of view.apps(env)) {
    if (!may(app.appid)) continue;
    const own = ownName(app);
    if (own.group === group) names.add(own.service);
  }
  return [...names].sort();
}

/** An app that came in another way is a service of the default group, by its appid. */
function ownName(app: AppRecords): { readonly service: string; readonly group: string } {
  for (const { instance } of app.instances()) {
    const content = contentOf(instance);
    if (content !== undefined) return { service: content.service, group: content.group ?? defaultGroup };
    // Instances of one app agree, and most came in through one front.
    break;
  }
  return { service: app.appid, group: defaultGroup };
}

export function pageOf<T>(all: readonly T[], pageNo: number, pageSize: number): readonly T[] {
  const from = Math.max(0, pageNo - 1) * pageSize;
  return all.slice(from, from + pageSize);
}

const list: NacosHandler = ({ control, services: created, env: adapterEnv }, { given, version, caller }) => {
  const [pageNo, pageSize] = [wholeOf(given.get('pageNo')), wholeOf(given.get('pageSize'))];
  if (pageNo === undefined) return missing('pageNo', 'Integer');
  if (pageSize === undefined) return missing('pageSize', 'Integer');
  const namespace = namespaceOf(given.get('namespaceId'));
  const env = envOf(namespace, adapterEnv);
  const group = given.get('groupName') || defaultGroup;
  const all = env === undefined ? [] : serviceNames(control, caller.principal, { env, group, created });
  const named = version === 'v1' ? 'doms' : 'services';
  return { kind: 'ok', data: JSON.stringify({ count: all.length, [named]: pageOf(all, pageNo, pageSize) }) };
};

function wholeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function settingsIn({ given }: NacosCall): ServiceSettings | { readonly result: Result } {
  const text = given.get('metadata');
  const metadata = text === undefined || text === '' ? {} : metadataOfText(text);
  if (metadata === 'malformed') return { result: givenFault({ fault: 'metadata', text: text ?? '' }) };
  const protectThreshold = Number(given.get('protectThreshold') ?? 0);
  if (!(protectThreshold >= 0 && protectThreshold <= 1))
    return {
      result: fault(400, 'invalid', "Param 'protectThreshold' is illegal, the value should be between 0 and 1"),
    };
  return { protectThreshold, metadata };
}

const create: NacosHandler = (context, call) => {
  const name = serviceIn(context, call);
  if ('result' in name) return name.result;
  if (!mayChange(call, name)) return refused;
  const settings = settingsIn(call);
  if ('result' in settings) return settings.result;
  if (context.services.get(name) !== undefined || isThere(context.control, name))
    return fault(400, 'conflict', `caused: specified service already exists, serviceName : ${name.grouped};`);
  context.services.set(name, settings);
  return done;
};

const update: NacosHandler = (context, call) => {
  const name = serviceIn(context, call);
  if ('result' in name) return name.result;
  if (!mayChange(call, name)) return refused;
  const settings = settingsIn(call);
  if ('result' in settings) return settings.result;
  if (context.services.get(name) === undefined && !isThere(context.control, name)) return noService(name);
  context.services.set(name, settings);
  return done;
};

const remove: NacosHandler = (context, call) => {
  const name = serviceIn(context, call);
  if ('result' in name) return name.result;
  if (!mayChange(call, name)) return refused;
  if (isThere(context.control, name)) {
    const text = `Service ${name.grouped} is not empty, can't be delete. Please unregister instance first`;
    return fault(400, 'serviceKept', `caused: ${text};`);
  }
  return context.services.delete(name) ? done : noService(name);
};

const show: NacosHandler = (context, call) => {
  const name = serviceIn(context, call);
  if ('result' in name) return name.result;
  if (!mayRead(call, name)) return refused;
  const created = context.services.get(name);
  const app = context.control.view.app(name.env, name.appid);
  if (created === undefined && app === undefined) return noService(name);
  const clusters = new Set([...(app?.instances() ?? [])].map(({ instance }) => nacosHostOf(instance).cluster));
  if (clusters.size === 0) clusters.add(defaultCluster);
  const threshold = created?.protectThreshold ?? 0;
  const shown = {
    metadata: created?.metadata ?? {},
    selector: { type: 'none', contextType: 'NONE' },
    clusters: [...clusters].sort().map((one) => ({ name: one, healthChecker: { type: 'TCP' }, metadata: {} })),
  };
  const head = { namespaceId: name.namespace, groupName: name.group, name: name.service };
  const point = Number.isInteger(threshold) ? `${threshold}.0` : String(threshold);
  const data = `${JSON.stringify(head).slice(0, -1)},"protectThreshold":${point},${JSON.stringify(shown).slice(1)}`;
  return { kind: 'ok', data };
};

function mayChange({ caller }: NacosCall, { env, appid }: NacosService): boolean {
  return caller.principal.may('register', env, appid);
}

function isThere({ view }: Pick<Control, 'view'>, { env, appid }: NacosService): boolean {
  return view.app(env, appid) !== undefined;
}

function noService({ namespace, grouped }: NacosService): Result {
  return fault(404, 'serviceMissing', `service not found, namespace: ${namespace}, serviceName: ${grouped}`);
}

export const services = { list, create, update, remove, show } as const;
