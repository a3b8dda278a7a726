// Names of Nacos over ours. A namespace is an env: `public`, also as an empty text, is the env of the setting `adapterEnv`, any
// other one the env of its name, in lower case and with `-` for `_`. A service of the group DEFAULT_GROUP is the app of its
// name, one of another group the app `service.group`, since Nacos has a service of one name in each group.
// Names are given back as they came; two that become one app are refused (naming.ts).

import { parseEnv } from '../../../model/names.ts';
import { foldAscii } from '../../../model/text.ts';
import { appidOf } from '../app-name.ts';

export const defaultGroup = 'DEFAULT_GROUP';
export const defaultCluster = 'DEFAULT';
export const publicNamespace = 'public';
const separator = '@@';
/** Of the list of clusters that a subscription is kept by. */
export const clustersOctetsMax = 512;

/** A service as a call names it, and where it is here. */
export interface NacosService {
  /** As given; `public` where it was empty. */
  readonly namespace: string;
  readonly group: string;
  readonly service: string;
  /** `group@@service`. */
  readonly grouped: string;
  readonly env: string;
  readonly appid: string;
}

export interface GivenServiceName {
  readonly namespace: string | undefined;
  /** Ignored where the service has a group in its name. */
  readonly group: string | undefined;
  readonly service: string;
}

/** Faults are sentences that follow `Param`. */
export function serviceNameOf(given: GivenServiceName, adapterEnv: string): NacosService | { readonly fault: string } {
  const at = given.service.indexOf(separator);
  const group = (at < 0 ? given.group : given.service.slice(0, at)) || defaultGroup;
  const service = at < 0 ? given.service : given.service.slice(at + separator.length);
  if (service === '') return { fault: "'serviceName' is illegal, it has a group and no name" };
  const namespace = namespaceOf(given.namespace);
  const env = envOf(namespace, adapterEnv);
  if (env === undefined) return { fault: `'namespaceId' is illegal, it cannot become a DNS label: ${namespace}` };
  const appid = appidOf(group === defaultGroup ? service : `${service}.${group}`);
  if (typeof appid !== 'string')
    return { fault: `'serviceName' is illegal, it cannot become a DNS name: it ${appid.message}` };
  return { namespace, group, service, grouped: `${group}${separator}${service}`, env, appid };
}

export function namespaceOf(given: string | undefined): string {
  return given === undefined || given === '' ? publicNamespace : given;
}

/** Undefined: no env can have such a name. */
export function envOf(namespace: string, adapterEnv: string): string | undefined {
  if (namespace === publicNamespace) return adapterEnv;
  const env = parseEnv(foldAscii(namespace).replaceAll('_', '-'));
  return typeof env === 'string' ? env : undefined;
}

/** Some clients send the words of their language for nothing. */
export function clusterOf(given: string | undefined): string | undefined {
  return given === undefined || given === '' || given === 'None' || given === 'null' ? undefined : given;
}
