// What clients of Nacos ask over gRPC, decoded, and their answers: the same use cases as over HTTP. A request that is not about
// naming (configuration, messages between servers) is answered by an ErrorResponse at once, so that no client waits.
// Limits: `batchMax` instances of one request; the size of a message is bounded where it is received.

import type { Control } from '../../../../control/control.ts';
import type { Actor } from '../../../../model/change.ts';
import type { RegistrationDefaults } from '../../../../model/instance.ts';
import { isObject } from '../../../../model/instance.ts';
import type { InstanceKey } from '../../../../model/names.ts';
import type { FindPrincipal } from '../../../auth/auth.ts';
import { isFailed } from '../../failed-outcome.ts';
import type { CreatedServices } from '../created-services.ts';
import type { Lasting } from '../decode.ts';
import { type GivenFault, type GivenInstance, instanceOfJson } from '../given-instance.ts';
import { type Caller, instanceIdOf, type NacosRegistered, Naming } from '../naming.ts';
import { failureOf } from '../replies.ts';
import type { ServiceInfos } from '../service-info.ts';
import {
  clustersOctetsMax,
  defaultGroup,
  envOf,
  type NacosService,
  namespaceOf,
  serviceNameOf,
} from '../service-name.ts';
import { pageOf, serviceNames } from '../services.ts';
import type { ClientConnection } from './client-connection.ts';
import type { Clients } from './clients.ts';
import type { NacosMessage, NacosReply } from './payload.ts';
import { RequestCounts } from './request-counts.ts';

export interface RequestDeps {
  readonly control: Control;
  readonly defaults: RegistrationDefaults;
  readonly infos: ServiceInfos;
  readonly services: CreatedServices;
  readonly clients: Clients;
  /** Where `public` is. */
  readonly env: string;
  readonly findPrincipal: FindPrincipal;
}

/** Where a message came from. */
export interface NacosPeer {
  /** `address:port`. */
  readonly text: string;
  readonly certificate: string | undefined;
}

/** The original's numbers. */
const errors = { invalid: 400, forbidden: 403, notReady: 300, unregistered: 301, noHandler: 302, server: 500 } as const;
const batchMax = 2000;
const pageSizeMax = 10_000;

interface Asked {
  readonly message: NacosMessage;
  readonly client: ClientConnection;
  readonly caller: Caller;
}

type Handler = (asked: Asked) => NacosReply | Promise<NacosReply>;

export class NacosRequests {
  readonly #deps: RequestDeps;
  readonly #naming: Naming;
  readonly #handlers: Readonly<Record<string, Handler>> = {
    InstanceRequest: (asked) => this.#instance(asked, 'connection'),
    PersistentInstanceRequest: (asked) => this.#instance(asked, 'persistent'),
    BatchInstanceRequest: (asked) => this.#batch(asked),
    ServiceListRequest: (asked) => this.#list(asked),
    ServiceQueryRequest: (asked) => this.#query(asked),
    SubscribeServiceRequest: (asked) => this.#subscribe(asked),
    HealthCheckRequest: ({ message }) => success('HealthCheckResponse', message),
  };

  readonly counts = new RequestCounts(['ServerCheckRequest', ...Object.keys(this.#handlers)]);

  constructor(deps: RequestDeps) {
    this.#deps = deps;
    this.#naming = new Naming(deps);
  }

  async answer(message: NacosMessage, peer: NacosPeer): Promise<NacosReply> {
    const reply = await this.#answer(message, peer);
    this.counts.add(message.type, reply.type === 'ErrorResponse');
    return reply;
  }

  async #answer(message: NacosMessage, peer: NacosPeer): Promise<NacosReply> {
    if (!this.#deps.control.availability.isRecovered())
      return failure(message, errors.notReady, 'Server is starting, please try later.');
    if (message.type === 'ServerCheckRequest') {
      const connectionId = `"connectionId":${JSON.stringify(connectionIdOf(peer.text))},"supportAbilityNegotiation":true`;
      return success('ServerCheckResponse', message, connectionId);
    }
    const handler = Object.hasOwn(this.#handlers, message.type) ? this.#handlers[message.type] : undefined;
    if (handler === undefined) return failure(message, errors.noHandler, 'RequestHandler Not Found');
    const client = this.#deps.clients.at(peer.text);
    if (client === undefined) return failure(message, errors.unregistered, 'Connection is unregistered.');
    this.#deps.clients.heard(client);
    const caller = this.#callerOf(message, peer);
    if (message.type !== 'HealthCheckRequest') client.principal = caller.principal;
    return handler({ message, client, caller });
  }

  #callerOf({ headers }: NacosMessage, { text, certificate }: NacosPeer): Caller {
    const address = text.slice(0, text.lastIndexOf(':'));
    const principal = this.#deps.findPrincipal({ token: headers['accessToken'] || undefined, certificate, address });
    const { kind, name } = principal;
    const actor: Actor = { ...(name === '' ? {} : { principal: name }), kind, front: 'nacos', address };
    return { principal, actor };
  }

  #serviceIn({ message }: Asked): NacosService | NacosReply {
    const { namespace, groupName, serviceName } = message.body;
    const given = { namespace: textOf(namespace), group: textOf(groupName), service: textOf(serviceName) ?? '' };
    if (given.service === '') return failure(message, errors.invalid, "Param 'serviceName' is required.");
    const name = serviceNameOf(given, this.#deps.env);
    return 'fault' in name ? failure(message, errors.invalid, `Param ${name.fault}`) : name;
  }

  async #instance(asked: Asked, lifetime: Lasting): Promise<NacosReply> {
    const { message, client, caller } = asked;
    const name = this.#serviceIn(asked);
    if ('type' in name) return name;
    const given = instanceIn(message.body['instance']);
    const isRegistration = message.body['type'] === 'registerInstance';
    if ('fault' in given) {
      this.#deps.control.commands.malformed(isRegistration ? 'register' : 'cancel');
      return failure(message, errors.invalid, sentenceOf(given));
    }
    const type = message.body['type'];
    if (type === 'registerInstance') {
      const failed = await this.#register(client, caller, name, given, lifetime);
      if (failed !== undefined) return refusal(message, failed);
    } else if (type === 'deregisterInstance') {
      const outcome = await this.#naming.deregister(caller, name, given);
      if (isFailed(outcome) && outcome.kind !== 'unknown') return refusal(message, outcome);
      this.#deps.clients.released(name, outcome.kind === 'cancelled' ? outcome.stored.instance : keyAt(name, given));
    } else return failure(message, errors.invalid, `Unsupported request type ${String(type)}`);
    return success('InstanceResponse', message, `"type":${JSON.stringify(type)}`);
  }

  /** What it failed for. */
  async #register(
    client: ClientConnection,
    caller: Caller,
    name: NacosService,
    given: GivenInstance,
    lifetime: Lasting,
  ): Promise<Parameters<typeof failureOf>[0] | undefined> {
    const outcome: NacosRegistered = await this.#naming.register(caller, name, given, lifetime);
    if (isFailed(outcome)) return outcome;
    const { instance } = outcome.stored;
    if (instance.liveness.kind === 'connection') this.#deps.clients.holds(client, name, keyOf(instance));
    return undefined;
  }

  /** All that the client has of a service: what it had besides is deregistered. */
  async #batch(asked: Asked): Promise<NacosReply> {
    const { message, client, caller } = asked;
    const name = this.#serviceIn(asked);
    if ('type' in name) return name;
    const { type, instances } = message.body;
    if (type !== 'batchRegisterInstance' && type !== 'batchDeregisterInstance')
      return failure(message, errors.invalid, `Unsupported request type ${String(type)}`);
    if (!Array.isArray(instances) || instances.length > batchMax)
      return failure(
        message,
        errors.invalid,
        `Param 'instances' is illegal, it should be a list of at most ${batchMax}`,
      );
    const read = instances.map(instanceIn);
    const fault = read.find((one) => 'fault' in one);
    if (fault !== undefined) return failure(message, errors.invalid, sentenceOf(fault));
    const given = read as GivenInstance[];
    const { clients } = this.#deps;
    if (type === 'batchRegisterInstance') {
      const failed = await Promise.all(given.map((one) => this.#register(client, caller, name, one, 'connection')));
      const first = failed.find((one) => one !== undefined);
      if (first !== undefined) return refusal(message, first);
    }
    const named = new Set(given.map((one) => instanceIdOf(name, one)));
    const isGone = ({ instance }: InstanceKey): boolean => named.has(instance) === (type === 'batchDeregisterInstance');
    for (const key of clients.heldOf(client, name).filter(isGone)) {
      const outcome = await this.#deps.control.commands.submit(caller.principal, caller.actor, { kind: 'cancel', key });
      if (isFailed(outcome) && outcome.kind !== 'unknown') return refusal(message, outcome);
      clients.released(name, key);
    }
    return success('BatchInstanceResponse', message, `"type":${JSON.stringify(type)}`);
  }

  #list({ message, caller }: Asked): NacosReply {
    const { namespace, groupName, pageNo, pageSize } = message.body;
    const env = envOf(namespaceOf(textOf(namespace)), this.#deps.env);
    const group = textOf(groupName) || defaultGroup;
    const { control, services: created } = this.#deps;
    const names = env === undefined ? [] : serviceNames(control, caller.principal, { env, group, created });
    const page = pageOf(names, wholeOf(pageNo, 1), Math.min(wholeOf(pageSize, names.length), pageSizeMax));
    const found = `"count":${names.length},"serviceNames":${JSON.stringify(page)}`;
    return success('ServiceListResponse', message, found);
  }

  #query(asked: Asked): NacosReply {
    const { message, caller } = asked;
    const name = this.#serviceIn(asked);
    if ('type' in name) return name;
    if (!caller.principal.may('read', name.env, name.appid)) return forbidden(message);
    const clusters = textOf(message.body['cluster']) ?? '';
    const isHealthyOnly = message.body['healthyOnly'] === true;
    const info = this.#deps.infos.text(name, { clusters, isHealthyOnly }, 'grpc');
    return success('QueryServiceResponse', message, `"serviceInfo":${info}`);
  }

  #subscribe(asked: Asked): NacosReply {
    const { message, client, caller } = asked;
    const name = this.#serviceIn(asked);
    if ('type' in name) return name;
    if (!caller.principal.may('read', name.env, name.appid)) return forbidden(message);
    const { clients, infos } = this.#deps;
    const clusters = textOf(message.body['clusters']) ?? '';
    if (Buffer.byteLength(clusters) > clustersOctetsMax)
      return failure(message, errors.invalid, `Param 'clusters' is illegal, it is over ${clustersOctetsMax} bytes.`);
    if (message.body['subscribe'] !== true) clients.unsubscribe(client, name, clusters);
    else if (!clients.subscribe(client, name, clusters)) {
      this.#deps.control.log.count.refused('watchers');
      return failure(message, errors.server, 'too many subscriptions');
    }
    const info = infos.text(name, { clusters, isHealthyOnly: false }, 'grpc');
    return success('SubscribeServiceResponse', message, `"message":"success","serviceInfo":${info}`);
  }
}

export function connectionIdOf(peer: string): string {
  const at = peer.lastIndexOf(':');
  return `${Date.now()}_${peer.slice(0, at)}_${peer.slice(at + 1)}`;
}

function instanceIn(value: unknown): GivenInstance | GivenFault {
  return isObject(value) ? instanceOfJson(value) : { fault: 'missing', text: 'instance' };
}

function sentenceOf({ fault, text }: GivenFault): string {
  return fault === 'missing' ? `Param '${text}' is required.` : text;
}

function keyAt(name: NacosService, given: GivenInstance): InstanceKey {
  return { env: name.env, appid: name.appid, instance: instanceIdOf(name, given) };
}

function keyOf({ env, appid, instance }: InstanceKey): InstanceKey {
  return { env, appid, instance };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function wholeOf(value: unknown, fallback: number): number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : fallback;
}

/** `fields`: JSON of some more. */
function success(type: string, message: NacosMessage, fields = ''): NacosReply {
  const more = fields === '' ? '' : `,${fields}`;
  return { type, body: `{"resultCode":200,"errorCode":0${requestIdIn(message)}${more},"success":true}` };
}

export function failure(message: NacosMessage, errorCode: number, text: string): NacosReply {
  const messageField = `"message":${JSON.stringify(text)}`;
  return {
    type: 'ErrorResponse',
    body: `{"resultCode":500,"errorCode":${errorCode}${requestIdIn(message)},${messageField},"success":false}`,
  };
}

function refusal(message: NacosMessage, outcome: Parameters<typeof failureOf>[0]): NacosReply {
  const { status, text } = failureOf(outcome);
  if (status === 403) return forbidden(message);
  return failure(message, status === 400 ? errors.invalid : errors.server, text);
}

function forbidden(message: NacosMessage): NacosReply {
  return failure(message, errors.forbidden, 'authorization failed!');
}

function requestIdIn({ body }: NacosMessage): string {
  const id = body['requestId'];
  return typeof id === 'string' && id !== '' ? `,"requestId":${JSON.stringify(id)}` : '';
}
