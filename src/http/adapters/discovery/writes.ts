// Writes of discovery. Addresses may be repeated or joined by commas; metadata values that are no text are written as
// JSON, where the original makes them empty; `metadata.weight` is the weight. A hostname is one instance of its app,
// whatever its zone.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ReadView } from '../../../control/read-view.ts';
import type { Command } from '../../../model/command.ts';
import { isObject, limits, parseRegistration, type Registration } from '../../../model/instance.ts';
import type { InstanceRecord } from '../../../model/instance-record.ts';
import { type InstanceKey, parseInstanceKey } from '../../../model/names.ts';
import { actorOf } from '../../auth/auth.ts';
import { findJsonFault } from '../../server/json-scan.ts';
import { isFailed } from '../failed-outcome.ts';
import { keptLiveness } from '../kept-liveness.ts';
import { type Parameters, parametersOf } from '../parameters.ts';
import { problemText } from '../problem-text.ts';
import { askedApp, type DiscoveryContext } from './apps.ts';
import { type ArgumentName, int64Of, missingArguments } from './arguments.ts';
import { contentOf, type DiscoveryContent, instanceText, noInstance } from './instance-text.ts';
import { type Code, codes, sendCode, sendFailed, sendUnbound } from './replies.ts';

type Handler = (context: DiscoveryContext, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

const statuses: Readonly<Record<string, 'up' | 'waiting'>> = { '1': 'up', '2': 'waiting' };
const identity: readonly ArgumentName[] = ['Zone', 'Env', 'AppID', 'Hostname'];

interface Decoded {
  readonly key: InstanceKey;
  readonly registration: Registration;
  readonly content: DiscoveryContent;
  readonly keeps: readonly (
    | 'group'
    | 'tags'
    | 'priority'
    | 'dnsTtl'
    | 'checks'
    | 'leaseSeconds'
    | 'weight'
    | 'version'
  )[];
  readonly dirtyAtMs: number | undefined;
}

const register: Handler = async (context, request, reply) => {
  const { commands } = context.control;
  const given = parametersOf(request);
  const missing = missingArguments('Register', given, [...identity, 'Status', 'Addrs']);
  if (missing !== undefined) {
    commands.malformed('register');
    return sendUnbound(reply, missing);
  }
  const decoded = decodeRegistration(context, given);
  if ('message' in decoded) {
    commands.malformed('register');
    return sendCode(reply, codes.badRequest, undefined, decoded.message);
  }
  const { content, ...parts } = decoded;
  const discovery = { appName: given.get('appid') ?? '', content: JSON.stringify(content) };
  const kept = keptLiveness(context.control.view, parts.key);
  const command = { kind: 'register', ...parts, ...kept, fronts: { discovery } } as const;
  const outcome = await commands.submit(request.principal, actorOf(request, 'discovery'), command);
  return isFailed(outcome) ? sendFailed(reply, outcome) : sendCode(reply, codes.ok);
};

/** `message` undefined: as the original, which sends the code alone. */
function decodeRegistration(
  { defaults, clock }: DiscoveryContext,
  given: Parameters,
): Decoded | { readonly message: string | undefined } {
  const key = keyIn(given, given.get('hostname') ?? '');
  if (typeof key === 'string') return { message: key };
  const status = statuses[given.get('status') ?? ''];
  const metadata = metadataIn(given.get('metadata'));
  if (status === undefined || metadata === undefined) return { message: undefined };
  const addrs = given.all('addrs').flatMap((text) => text.split(','));
  const weight = weightIn(metadata);
  const version = given.get('version');
  const input = {
    addrs: addrs.map((text) => text.trim()).filter((text) => text !== ''),
    status,
    metadata,
    zone: given.get('zone'),
    ...(weight === undefined ? {} : { weight }),
    ...(version === undefined ? {} : { version }),
  };
  const registration = parseRegistration(input, defaults);
  if (Array.isArray(registration)) return { message: problemText(registration) };
  const region = given.get('region');
  const keeps = ['group', 'tags', 'priority', 'dnsTtl', 'checks', 'leaseSeconds'] as const;
  return {
    key,
    registration,
    content: region === undefined || region === '' ? {} : { region },
    keeps: [
      ...keeps,
      ...(weight === undefined ? ['weight' as const] : []),
      ...(version === undefined ? ['version' as const] : []),
    ],
    dirtyAtMs: dirtyIn(given.get('dirty_timestamp'), clock.wallMs()),
  };
}

/** The key, or what is wrong with it. */
function keyIn(given: Parameters, hostname: string): InstanceKey | string {
  const app = askedApp(given.get('env') ?? '', given.get('appid') ?? '');
  if (app === undefined) return 'env must be one DNS label';
  if (app.appid === undefined) return 'appid cannot become a DNS name';
  const key = parseInstanceKey(app.env, app.appid, hostname);
  return Array.isArray(key) ? problemText(key) : key;
}

const metadataDepthMax = 8;

/** Undefined: it is no JSON object. */
function metadataIn(text: string | undefined): Record<string, string> | undefined {
  if (text === undefined || text === '') return {};
  if (findJsonFault(text, metadataDepthMax) !== undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (value === null) return {};
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value).filter(([, one]) => one !== null);
  return Object.fromEntries(entries.map(([key, one]) => [key, typeof one === 'string' ? one : JSON.stringify(one)]));
}

function weightIn({ weight }: Readonly<Record<string, string>>): number | undefined {
  if (weight === undefined || !/^\d{1,5}$/.test(weight)) return undefined;
  return Number(weight) <= limits.weight ? Number(weight) : undefined;
}

const aheadMsMax = 24 * 60 * 60 * 1000;

function dirtyIn(text: string | undefined, wallMs: number): number | undefined {
  const nanoseconds = text === undefined ? undefined : int64Of(text);
  const ms = nanoseconds === undefined ? 0 : Number(nanoseconds / 1_000_000n);
  return ms <= 0 || ms > wallMs + aheadMsMax ? undefined : ms;
}

const renew: Handler = async ({ control }, request, reply) => {
  const given = parametersOf(request);
  const missing = missingArguments('Renew', given, identity);
  if (missing !== undefined) {
    control.renewals.malformed();
    return sendUnbound(reply, missing);
  }
  const key = keyIn(given, given.get('hostname') ?? '');
  if (typeof key === 'string') {
    control.renewals.malformed();
    return sendCode(reply, codes.badRequest, undefined, key);
  }
  const zone = given.get('zone');
  const found = await control.renewals.sought(() => [key]);
  if (typeof found === 'object')
    return sendFailed(reply, { kind: 'no-quorum', reason: found.reason, isUnknown: false });
  const stored = foundBy(request, control.view, key);
  if (stored !== undefined && stored.instance.zone !== zone) return sendCode(reply, codes.notFound, 'null');
  const renewal = control.renewals.renew(request.principal, actorOf(request, 'discovery'), key);
  if (renewal.kind === 'renewed') return sendCode(reply, codes.ok, instanceText(renewal.stored));
  if (renewal.kind === 'forbidden') return sendCode(reply, codes.forbidden);
  const others = control.view.app(key.env, key.appid)?.instances() ?? [];
  const isZone = [...others].some(({ instance }) => instance.zone === zone);
  return sendCode(reply, codes.notFound, isZone ? noInstance : 'null');
};

const cancel: Handler = async ({ control }, request, reply) => {
  const given = parametersOf(request);
  const missing = missingArguments('Cancel', given, identity);
  if (missing !== undefined) {
    control.commands.malformed('cancel');
    return sendUnbound(reply, missing);
  }
  const key = keyIn(given, given.get('hostname') ?? '');
  if (typeof key === 'string') {
    control.commands.malformed('cancel');
    return sendCode(reply, codes.badRequest, undefined, key);
  }
  const stored = foundBy(request, control.view, key);
  if (stored !== undefined && stored.instance.zone !== given.get('zone')) return sendCode(reply, codes.notFound);
  const command = { kind: 'cancel', key } as const;
  const outcome = await control.commands.submit(request.principal, actorOf(request, 'discovery'), command);
  return isFailed(outcome) ? sendFailed(reply, outcome) : sendCode(reply, codes.ok);
};

/** Status and metadata of some hosts; all are looked at before the first is changed. */
const set: Handler = async (context, request, reply) => {
  const given = parametersOf(request);
  const missing = missingArguments('Set', given, ['Zone', 'Env', 'AppID']);
  if (missing !== undefined) return sendUnbound(reply, missing);
  const patches = patchesIn(context, request, given);
  if (typeof patches === 'number') return sendCode(reply, patches);
  const actor = actorOf(request, 'discovery');
  for (const command of patches) {
    const outcome = await context.control.commands.submit(request.principal, actor, command);
    if (isFailed(outcome)) return sendFailed(reply, outcome);
  }
  return sendCode(reply, codes.ok);
};

/** The instance, where the caller may change it: the zone of another's one is not revealed, the command is refused. */
function foundBy(request: FastifyRequest, view: ReadView, key: InstanceKey): InstanceRecord | undefined {
  return request.principal.may('register', key.env, key.appid) ? view.find(key) : undefined;
}

function patchesIn(
  { control }: DiscoveryContext,
  request: FastifyRequest,
  given: Parameters,
): Extract<Command, { kind: 'patch' }>[] | Code {
  const hostnames = given.all('hostname');
  const lists = [given.all('status'), given.all('metadata')] as const;
  if (lists.some((list) => list.length > 0 && list.length !== hostnames.length)) return codes.badRequest;
  const patches: Extract<Command, { kind: 'patch' }>[] = [];
  for (const [at, hostname] of hostnames.entries()) {
    const key = keyIn(given, hostname);
    if (typeof key !== 'string' && !request.principal.may('register', key.env, key.appid)) return codes.forbidden;
    const stored = typeof key === 'string' ? undefined : control.view.find(key);
    if (typeof key === 'string' || stored === undefined || stored.instance.zone !== given.get('zone'))
      return codes.badRequest;
    const patch = patchIn(stored, lists[0][at], lists[1][at]);
    if (patch === undefined) return codes.badRequest;
    const fronts = withRegion(stored, given.get('region'));
    patches.push({ kind: 'patch', key, patch, ...(fronts === undefined ? {} : { fronts }) });
  }
  return patches;
}

function patchIn(stored: InstanceRecord, status: string | undefined, text: string | undefined): object | undefined {
  const wanted = status === undefined ? undefined : statuses[status];
  if (status !== undefined && wanted === undefined) return undefined;
  const metadata = metadataIn(text);
  if (metadata === undefined) return undefined;
  const statusPatch = wanted === undefined ? {} : { status: wanted };
  if (text === undefined) return statusPatch;
  const weight = weightIn(metadata);
  // A merge patch adds; here what is left out is removed.
  const gone = Object.fromEntries([...stored.instance.metadata.keys()].map((key) => [key, null]));
  return { ...statusPatch, metadata: { ...gone, ...metadata }, ...(weight === undefined ? {} : { weight }) };
}

function withRegion({ instance }: InstanceRecord, region: string | undefined) {
  const part = instance.fronts?.discovery;
  if (part === undefined || region === undefined || region === '') return undefined;
  const content: DiscoveryContent = { ...contentOf(instance), region };
  return { discovery: { appName: part.appName, content: JSON.stringify(content) } };
}

export const writes = { register, renew, cancel, set } as const;
