// An instance as Consul shows a service: at the agent, in the catalog, and with the health of it. What was given comes
// back as it was given as long as no other front has written something else; of an instance that came in another way, its
// first address is the service's.

import type { Address } from '../../../model/address.ts';
import type { Instance } from '../../../model/instance.ts';
import type { InstanceRecord } from '../../../model/instance-record.ts';
import { checkStates, type OutputOf, type ShownCheck } from './check-states.ts';
import { contentOf, serviceIdOf, serviceNameOf } from './part.ts';
import { portOfNone } from './service-definition.ts';
import { catalogNode, healthNode, type ShownNode } from './shown-node.ts';

export const noProxy = { Mode: '', MeshGateway: {}, Expose: {} };

function addressOf(instance: Instance): { readonly Address: string; readonly Port: number } {
  const { host, port } = instance.addrs[0] as Address;
  if (instance.fronts?.consul === undefined) return { Address: host, Port: port };
  const { address = '', hasNoPort } = contentOf(instance);
  const isGiven = address === '' || address.toLowerCase() === host || (address.includes(':') && host.includes(':'));
  return { Address: isGiven ? address : host, Port: hasNoPort === true && port === portOfNone ? 0 : port };
}

/** All that were given, and those that another front has added; without those that it has taken away. */
export function tagsOf(instance: Instance): readonly string[] {
  const { tags } = contentOf(instance);
  if (tags === undefined) return instance.tags;
  const fitting = new Set(instance.tags);
  const given = new Set(tags);
  const isHere = (tag: string): boolean => fitting.has(tag) || tag.length > 63 || fitting.size === 32 || tag === '';
  return [...tags.filter(isHere), ...instance.tags.filter((tag) => !given.has(tag))];
}

function weightsOf(instance: Instance) {
  const isOurs = instance.fronts?.consul !== undefined;
  return { Passing: instance.weight, Warning: isOurs ? (contentOf(instance).warningWeight ?? 1) : instance.weight };
}

function metaOf({ metadata }: Instance): Readonly<Record<string, string>> {
  return Object.fromEntries(metadata);
}

/** Where an address was given, it is also the one by which it is reached from near and far. */
function taggedOf(instance: Instance, name: 'TaggedAddresses' | 'ServiceTaggedAddresses') {
  const { taggedAddresses = {} } = contentOf(instance);
  const shown = addressOf(instance);
  const family = shown.Address.includes(':') ? 'ipv6' : 'ipv4';
  const isIp = shown.Address !== '' && instance.addrs[0]?.family !== 'name';
  const made = isIp ? { [`lan_${family}`]: shown, [`wan_${family}`]: shown } : {};
  const all = { ...made, ...taggedAddresses };
  return Object.keys(all).length === 0 ? {} : { [name]: all };
}

/** As the agent lists its services. */
export function agentService(instance: Instance, datacenter: string) {
  const { Address, Port } = addressOf(instance);
  return {
    ID: serviceIdOf(instance),
    Service: serviceNameOf(instance),
    Tags: tagsOf(instance),
    Meta: metaOf(instance),
    Port,
    Address,
    ...taggedOf(instance, 'TaggedAddresses'),
    Weights: weightsOf(instance),
    EnableTagOverride: contentOf(instance).enableTagOverride === true,
    Datacenter: datacenter,
  };
}

/** As the catalog has it below a node, and health beside one. */
export function nodeService({ instance, revision }: InstanceRecord) {
  const { Address, Port } = addressOf(instance);
  return {
    ID: serviceIdOf(instance),
    Service: serviceNameOf(instance),
    Tags: tagsOf(instance),
    Address,
    ...taggedOf(instance, 'TaggedAddresses'),
    Meta: metaOf(instance),
    Port,
    Weights: weightsOf(instance),
    EnableTagOverride: contentOf(instance).enableTagOverride === true,
    Proxy: noProxy,
    Connect: {},
    PeerName: '',
    CreateIndex: revision,
    ModifyIndex: revision,
  };
}

/** As the catalog lists the instances of a service. */
export function catalogService({ instance, revision }: InstanceRecord, node: ShownNode) {
  const { Address, Port } = addressOf(instance);
  return {
    ...catalogNode(node),
    ServiceKind: '',
    ServiceID: serviceIdOf(instance),
    ServiceName: serviceNameOf(instance),
    ServiceTags: tagsOf(instance),
    ServiceAddress: Address,
    ...taggedOf(instance, 'ServiceTaggedAddresses'),
    ServiceWeights: weightsOf(instance),
    ServiceMeta: metaOf(instance),
    ServicePort: Port,
    ServiceSocketPath: '',
    ServiceEnableTagOverride: contentOf(instance).enableTagOverride === true,
    ServiceProxy: noProxy,
    ServiceConnect: {},
    CreateIndex: revision,
    ModifyIndex: revision,
  };
}

export function healthCheck(state: ShownCheck, { instance, revision }: InstanceRecord, node: ShownNode) {
  return {
    Node: node.name,
    CheckID: state.id,
    Name: state.name,
    Status: state.status,
    Notes: state.notes,
    Output: state.output,
    ServiceID: serviceIdOf(instance),
    ServiceName: serviceNameOf(instance),
    ServiceTags: tagsOf(instance),
    Type: state.type,
    Interval: state.interval,
    Timeout: state.timeout,
    ExposedPort: 0,
    Definition: {},
    CreateIndex: revision,
    ModifyIndex: revision,
  };
}

/** Of the node itself: it is up, or there would be no reply. */
export function nodeCheck(node: ShownNode) {
  return {
    Node: node.name,
    CheckID: 'serfHealth',
    Name: 'Serf Health Status',
    Status: 'passing',
    Notes: '',
    Output: 'Agent alive and reachable',
    ServiceID: '',
    ServiceName: '',
    ServiceTags: [],
    Type: '',
    Interval: '',
    Timeout: '',
    ExposedPort: 0,
    Definition: {},
    CreateIndex: 1,
    ModifyIndex: 1,
  } as const;
}

export function checksOf(stored: InstanceRecord, node: ShownNode, outputOf: OutputOf) {
  return checkStates(stored.instance, outputOf).map((state) => healthCheck(state, stored, node));
}

/** An instance with its node and all checks of both. */
export function healthEntry(stored: InstanceRecord, node: ShownNode, outputOf: OutputOf) {
  const own = node.isExternal ? [] : [nodeCheck(node)];
  return {
    Node: healthNode(node),
    Service: nodeService(stored),
    Checks: [...own, ...checksOf(stored, node, outputOf)],
  };
}
