// Reads of the agent: what is registered here, by any client; without what the catalog was given for other nodes.

import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { InstanceRecord } from '../../../model/instance-record.ts';
import { appidOf } from '../app-name.ts';
import { queryOf } from '../parameters.ts';
import { readOptions, whenNewer } from './blocking.ts';
import { checkStates, worstOf } from './check-states.ts';
import { type ConsulContext, type ConsulHandler, lastPart } from './consul-context.ts';
import { filtered } from './filtered.ts';
import { type CheckStatus, contentOf } from './part.ts';
import { sendJson, sendText } from './replies.ts';
import { agentService, checksOf } from './shown-service.ts';

function* ownRecords({ control, env }: ConsulContext): Generator<InstanceRecord> {
  for (const app of control.view.apps(env))
    for (const stored of app.instances()) if (contentOf(stored.instance).node === undefined) yield stored;
}

const services: ConsulHandler = (context, request, reply) => {
  const all = [...ownRecords(context)].map(({ instance }) => agentService(instance, context.env));
  const sorted = all.toSorted((a, b) => (a.ID < b.ID ? -1 : 1));
  return filtered(request, reply, sorted, (found) => Object.fromEntries(found.map((one) => [one.ID, one])));
};

const service: ConsulHandler = async (context, request, reply) => {
  const id = lastPart(request);
  const options = readOptions(context, request, reply);
  if (options === undefined) return reply;
  const shown = () => {
    const stored = context.index.byId(id);
    return stored === undefined ? undefined : { stored, ...hashed(agentService(stored.instance, context.env)) };
  };
  const asked = options.query.get('hash');
  let found = shown();
  if (found !== undefined && asked !== undefined && asked === found.hash) {
    const { appid } = found.stored.instance;
    // Of hashes there is no order: another one is newer.
    const watched = { place: appid, index: () => (shown()?.hash === asked ? 1 : 2) };
    const isFree = await whenNewer(context, request, reply, { ...options, index: 1 }, watched);
    if (!isFree) return sendText(reply, 503, 'There is no place for another blocking query');
    found = shown();
  }
  if (found === undefined) return sendText(reply, 404, `unknown service ID: ${id}`);
  reply.header('x-consul-contenthash', found.hash);
  return sendJson(reply, JSON.stringify(found.document));
};

const hashOctets = 8;

function hashed(shown: ReturnType<typeof agentService>) {
  const hash = createHash('sha256')
    .update(JSON.stringify(shown))
    .digest('hex')
    .slice(0, 2 * hashOctets);
  const { Datacenter, ...fields } = shown;
  return { hash, document: { ...fields, ContentHash: hash, Datacenter } };
}

const checks: ConsulHandler = (context, request, reply) => {
  const own = context.nodes.own(request);
  const all = [...ownRecords(context)].flatMap((stored) => checksOf(stored, own, context.outputs.of));
  const shown = all.map((one) => ({ ...one, CreateIndex: 0, ModifyIndex: 0 }));
  const sorted = shown.toSorted((a, b) => (a.CheckID < b.CheckID ? -1 : 1));
  return filtered(request, reply, sorted, (found) => Object.fromEntries(found.map((one) => [one.CheckID, one])));
};

const statuses: Readonly<Record<CheckStatus, number>> = { passing: 200, warning: 429, critical: 503 };
const noDefinition = {
  Interval: '0s',
  Timeout: '0s',
  DeregisterCriticalServiceAfter: '0s',
  HTTP: '',
  Header: null,
  Method: '',
  Body: '',
  TLSServerName: '',
  TLSSkipVerify: false,
  TCP: '',
  UDP: '',
  GRPC: '',
  OSService: '',
  GRPCUseTLS: false,
};

function aggregated(context: ConsulContext, request: FastifyRequest, stored: InstanceRecord) {
  const own = context.nodes.own(request);
  const states = checkStates(stored.instance, context.outputs.of);
  const shown = checksOf(stored, own, context.outputs.of).map(({ Interval: _i, Timeout: _t, ...one }) => ({
    ...one,
    ServiceTags: one.ServiceTags.length === 0 ? null : one.ServiceTags,
    Type: '',
    Definition: noDefinition,
    CreateIndex: 0,
    ModifyIndex: 0,
  }));
  const status: CheckStatus | 'maintenance' = states.some(({ type }) => type === 'maintenance')
    ? 'maintenance'
    : worstOf(states);
  return { AggregatedStatus: status, Service: agentService(stored.instance, context.env), Checks: shown };
}

function codeOf(status: CheckStatus | 'maintenance'): number {
  return status === 'maintenance' ? statuses.critical : statuses[status];
}

const healthById: ConsulHandler = (context, request, reply) => {
  const id = lastPart(request);
  const stored = context.index.byId(id);
  if (stored === undefined) {
    reply.header('x-consul-reason', `ServiceId ${printableHeader(id)} not found`);
    return sendHealth(request, reply, 404, 'critical', { AggregatedStatus: 'critical', Service: null, Checks: null });
  }
  const found = aggregated(context, request, stored);
  reply.header('x-consul-reason', found.AggregatedStatus);
  return sendHealth(request, reply, codeOf(found.AggregatedStatus), found.AggregatedStatus, found);
};

const healthByName: ConsulHandler = (context, request, reply) => {
  const name = lastPart(request);
  const appid = appidOf(name);
  const app = typeof appid === 'string' ? context.control.view.app(context.env, appid) : undefined;
  if (app === undefined) {
    reply.header('x-consul-reason', `ServiceName ${printableHeader(name)} Not Found`);
    return sendHealth(request, reply, 404, 'critical', []);
  }
  const all = [...app.instances()].map((stored) => aggregated(context, request, stored));
  const sorted = all.toSorted((a, b) => (a.Service.ID < b.Service.ID ? -1 : 1));
  const worst = worstOf([...app.instances()].flatMap(({ instance }) => checkStates(instance, context.outputs.of)));
  reply.header('x-consul-reason', worst);
  return sendHealth(request, reply, statuses[worst], worst, sorted);
};

function sendHealth(
  request: FastifyRequest,
  reply: FastifyReply,
  code: number,
  word: string,
  found: unknown,
): FastifyReply {
  if (queryOf(request).get('format') !== 'text') return sendJson(reply, JSON.stringify(found), code);
  return reply.code(code).header('content-type', 'text/plain').send(word);
}

/** A name goes into a header. */
function printableHeader(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

const self: ConsulHandler = (context, request, reply) => {
  const { name, id, address } = context.nodes.own(request);
  const member = memberOf(context, request);
  const document = {
    Config: {
      Datacenter: context.env,
      PrimaryDatacenter: context.env,
      NodeName: name,
      NodeID: id,
      Revision: '',
      Server: true,
      Version: shownVersion,
      BuildDate: '1970-01-01T00:00:01Z',
    },
    DebugConfig: { Datacenter: context.env, NodeName: name, AdvertiseAddrLAN: address, EnableLocalScriptChecks: false },
    Member: member,
    Stats: {},
    Meta: { 'consul-network-segment': '' },
  };
  return sendJson(reply, JSON.stringify(document));
};

/** The version whose API this is: clients look whether a call is there. */
const shownVersion = '1.14.0';

function memberOf(context: ConsulContext, request: FastifyRequest) {
  const { name, id, address } = context.nodes.own(request);
  const port = request.raw.socket.localPort ?? 0;
  return {
    Name: name,
    Addr: address,
    Port: port,
    Tags: { build: `${shownVersion}:`, dc: context.env, id, port: String(port), role: 'consul', server: 'rollcall' },
    Status: 1,
    ProtocolMin: 1,
    ProtocolMax: 5,
    ProtocolCur: 2,
    DelegateMin: 2,
    DelegateMax: 5,
    DelegateCur: 4,
  };
}

const members: ConsulHandler = (context, request, reply) =>
  sendJson(reply, JSON.stringify([memberOf(context, request)]));

export const agentReads = { services, service, checks, healthById, healthByName, self, members } as const;
