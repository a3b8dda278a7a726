// Writes of the catalog: services on nodes that are not this server's, and the status that some other program (consul-esm)
// finds of them. A node is there as long as it has a service; a check of a node is one of each of its services.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { InstanceKey } from '../../../model/names.ts';
import { actorOf } from '../../auth/auth.ts';
import { jsonObjectOf } from '../front.ts';
import { type CheckDefinition, statusOf } from './check-definition.ts';
import type { ConsulContext, ConsulHandler } from './consul-context.ts';
import { type Decoded, decodeObject, type GoFields, type GoJsonFault } from './go-json.ts';
import { withChecks, withoutCheck } from './kept-checks.ts';
import { contentOf, type KeptNode, keptOutputCharactersMax } from './part.ts';
import { keyOf, type Registered, registerChecks, registerService } from './registering.ts';
import { isFailed, sendFailed, sendJson, sendText } from './replies.ts';
import { readService } from './service-definition.ts';

const nodeFields = {
  ID: 'string',
  Node: 'string',
  Address: 'string',
  Datacenter: 'string',
  TaggedAddresses: 'texts',
  NodeMeta: 'texts',
  Service: 'object',
  Check: 'object',
  Checks: 'objects',
  SkipNodeUpdate: 'bool',
  ServiceID: 'string',
  CheckID: 'string',
  Namespace: 'string',
  Partition: 'string',
  Locality: 'any',
  WriteRequest: 'any',
} as const satisfies GoFields;

type Given = Decoded<typeof nodeFields>;

const checkFields = {
  Node: 'string',
  CheckID: 'string',
  ID: 'string',
  Name: 'string',
  Status: 'string',
  Notes: 'string',
  Output: 'string',
  ServiceID: 'string',
  ServiceName: 'string',
  ServiceTags: 'strings',
  Type: 'string',
  Interval: 'any',
  Timeout: 'any',
  ExposedPort: 'int',
  Definition: 'any',
  CreateIndex: 'int',
  ModifyIndex: 'int',
  Namespace: 'string',
  Partition: 'string',
  PeerName: 'string',
} as const satisfies GoFields;

interface ExternalCheck extends CheckDefinition {
  readonly output: string;
}

/** Undefined: it has been answered. */
function readNode(context: ConsulContext, request: FastifyRequest, reply: FastifyReply): Given | undefined {
  const body = jsonObjectOf(request.body);
  const given = 'fault' in body ? body : decodeObject(body.object, nodeFields, 'RegisterRequest');
  if ('fault' in given) {
    sendText(reply, 400, `Request decode failed: ${given.fault}`);
    return undefined;
  }
  const { Datacenter = '' } = given;
  if (Datacenter !== '' && Datacenter.toLowerCase() !== context.env) {
    sendText(reply, 500, 'No path to datacenter');
    return undefined;
  }
  return given;
}

const register: ConsulHandler = async (context, request, reply) => {
  const given = readNode(context, request, reply);
  if (given === undefined) return reply;
  const { Node = '', Address = '' } = given;
  if (Node === '' || (Address === '' && given.SkipNodeUpdate !== true))
    return sendText(reply, 400, 'Must provide node and address');
  const checks = readChecks(given);
  if ('fault' in checks) return sendText(reply, 400, checks.fault);
  const outcome = await registerOnNode(context, request, given, checks);
  if (outcome === undefined) return sendJson(reply, 'true');
  if ('fault' in outcome) return sendText(reply, 400, outcome.fault);
  return isFailed(outcome) ? sendFailed(reply, outcome) : sendJson(reply, 'true');
};

/** Undefined: nothing of it is a service. */
async function registerOnNode(
  context: ConsulContext,
  request: FastifyRequest,
  given: Given,
  checks: readonly ExternalCheck[],
): Promise<Registered | undefined> {
  let outcome: Registered | undefined;
  const { Node = '', Service } = given;
  const definition = Service === undefined ? undefined : readService(Service, 'Service', 'NodeService');
  if (definition !== undefined) {
    if ('fault' in definition) return definition;
    const isOwn = Node === context.nodes.name;
    const id = isOwn ? definition.id : placedId(Node, definition.id);
    const key = keyOf(context, definition.name, id);
    if ('fault' in key) return key;
    const own = checks.filter(({ serviceId }) => serviceId === undefined || serviceId === definition.id);
    const node = isOwn ? undefined : keptNode(given);
    const placed = { key, host: given.Address || request.ip, node, replacesChecks: false };
    outcome = await registerService(
      context,
      request,
      { ...definition, checks: [...definition.checks, ...own] },
      placed,
    );
    if ('fault' in outcome || isFailed(outcome)) return outcome;
  }
  if (checks.length === 0) return outcome;
  // Of services that are there already; in the catalog again, a check has another status.
  for (const { key, id } of servicesOf(context, Node)) {
    const asked = checks.filter(({ serviceId }) => serviceId === undefined || serviceId === id);
    if (asked.length === 0) continue;
    const change = (known: Parameters<typeof withChecks>[0]) =>
      withChecks(
        asked.reduce((set, { kept }) => withoutCheck(set, kept.id), known),
        asked,
      );
    outcome = await registerChecks(context, request, key, asked, change);
    if ('fault' in outcome || isFailed(outcome)) return outcome;
  }
  return outcome;
}

/** The id of an instance on a node of the catalog: the same id may be on several. */
function placedId(node: string, id: string): string {
  return `${node}/${id}`;
}

function keptNode({ ID, Node = '', Address = '', TaggedAddresses, NodeMeta }: Given): KeptNode {
  return {
    name: Node,
    address: Address,
    ...(ID ? { id: ID } : {}),
    ...(TaggedAddresses === undefined ? {} : { taggedAddresses: TaggedAddresses }),
    ...(NodeMeta === undefined ? {} : { meta: NodeMeta }),
  };
}

function readChecks({ Check, Checks = [] }: Given): readonly ExternalCheck[] | GoJsonFault {
  const found: ExternalCheck[] = [];
  for (const object of [...(Check === undefined ? [] : [Check]), ...Checks]) {
    const given = decodeObject(object, checkFields, 'HealthCheck');
    if ('fault' in given) return { fault: `Request decode failed: ${given.fault}` };
    const status = statusOf(given.Status);
    if (typeof status === 'object') return status;
    const { Name: name = '', CheckID, ID, Notes, Output = '', ServiceID } = given;
    const id = CheckID || ID || name;
    if (id === '') return { fault: 'Missing check name' };
    const kept = {
      id,
      kind: 'external' as const,
      name: name || id,
      ...(Notes ? { notes: Notes } : {}),
      ...(Output === '' ? {} : { output: Output.slice(0, keptOutputCharactersMax) }),
    };
    found.push({ kept, status, serviceId: ServiceID || undefined, run: undefined, output: Output });
  }
  return found;
}

interface OnNode {
  readonly key: InstanceKey;
  /** As the node calls it. */
  readonly id: string;
}

function servicesOf({ control, env, nodes }: ConsulContext, node: string): readonly OnNode[] {
  const isOwn = node === nodes.name;
  const found: OnNode[] = [];
  for (const app of control.view.apps(env)) {
    for (const { instance } of app.instances()) {
      const { node: kept, id = instance.instance } = contentOf(instance);
      if (isOwn ? kept !== undefined : kept?.name !== node) continue;
      found.push({ key: { env: instance.env, appid: instance.appid, instance: instance.instance }, id });
    }
  }
  return found;
}

const deregister: ConsulHandler = async (context, request, reply) => {
  const given = readNode(context, request, reply);
  if (given === undefined) return reply;
  const { Node = '', ServiceID = '', CheckID = '' } = given;
  if (Node === '') return sendText(reply, 400, 'Must provide node');
  const all = servicesOf(context, Node).filter(({ id }) => ServiceID === '' || id === ServiceID);
  // This server's node does not leave.
  if (Node === context.nodes.name && ServiceID === '' && CheckID === '') return sendJson(reply, 'true');
  for (const { key } of all) {
    const outcome =
      CheckID === ''
        ? await context.control.commands.submit(request.principal, actorOf(request, 'consul'), { kind: 'cancel', key })
        : await registerChecks(context, request, key, [], (known) => withoutCheck(known, CheckID));
    if ('fault' in outcome) return sendText(reply, 400, outcome.fault);
    if (isFailed(outcome) && outcome.kind !== 'unknown') return sendFailed(reply, outcome);
  }
  return sendJson(reply, 'true');
};

export const catalogWrites = { register, deregister } as const;
