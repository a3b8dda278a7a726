// Reads of health: instances with their nodes and checks, and checks alone. A service that is not known is an empty list.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { anyApp } from '../../../control/long-poll.ts';
import type { InstanceRecord } from '../../../model/instance-record.ts';
import { foldAscii } from '../../../model/text.ts';
import { isSet, type ReadOptions, readOptions, sendRead } from './blocking.ts';
import { type ConsulContext, type ConsulHandler, lastPart } from './consul-context.ts';
import { filterOf } from './filtered.ts';
import { type CheckStatus, CheckStatus as statuses } from './part.ts';
import { sendJson, sendText } from './replies.ts';
import {
  envRecords,
  indexOf,
  nearestFirst,
  ownServiceEntry,
  ownServiceName,
  recordsOf,
  watchedService,
} from './service-records.ts';
import { checksOf, healthEntry, nodeCheck, tagsOf } from './shown-service.ts';

const service: ConsulHandler = (context, request, reply) => {
  const name = lastPart(request);
  const options = readOptions(context, request, reply);
  const filter = options && filterOf(request, reply);
  if (options === undefined || filter === undefined) return reply;
  const { query } = options;
  const watched = watchedService(context, name);
  const make = (): string => {
    const own = context.nodes.own(request);
    const found = recordsOf(context, name)
      .filter(hasTags(query.all('tag')))
      .filter(hasNodeMeta(context, query.all('node-meta')));
    const near = nearestFirst(context, found, query.get('near') ?? '');
    const entries = near.map((stored) =>
      healthEntry(stored, context.nodes.of(stored.instance, own), context.outputs.of),
    );
    const all = name === ownServiceName && entries.length === 0 ? [ownServiceEntry(own, request)] : entries;
    const passing = isSet(query, 'passing')
      ? all.filter(({ Checks }) => Checks.every(({ Status }) => Status === 'passing'))
      : all;
    return JSON.stringify(passing.filter(filter));
  };
  return sendRead(context, request, reply, options, watched, () => {
    const version = `${watched.index()} ${context.outputs.version}`;
    return sendJson(reply, context.texts.text(keyOf(context, request, options), version, make));
  });
};

/** What an answer is made from beside the registry: all of the call but where it waits. */
function keyOf({ nodes }: ConsulContext, request: FastifyRequest, { query }: ReadOptions): string {
  const asked = query.queryEntries().filter(([name]) => name !== 'index' && name !== 'wait' && name !== 'token');
  return JSON.stringify([request.url.split('?', 1)[0], nodes.own(request).address, asked]);
}

/** All of them, in any case. */
function hasTags(tags: readonly string[]): (stored: InstanceRecord) => boolean {
  const wanted = tags.filter((tag) => tag !== '').map(foldAscii);
  if (wanted.length === 0) return () => true;
  return ({ instance }) => {
    const own = tagsOf(instance).map(foldAscii);
    return wanted.every((tag) => own.includes(tag));
  };
}

function hasNodeMeta({ nodes }: ConsulContext, pairs: readonly string[]): (stored: InstanceRecord) => boolean {
  const wanted = pairs.filter((pair) => pair !== '').map((pair) => pair.split(':', 2));
  if (wanted.length === 0) return () => true;
  return ({ instance }) => {
    const meta = nodes.metaOf(instance);
    return wanted.every(([key = '', value = '']) => meta[key] === value);
  };
}

const checks: ConsulHandler = (context, request, reply) => {
  const name = lastPart(request);
  return sendChecks(context, request, reply, watchedService(context, name), (own) =>
    recordsOf(context, name).flatMap((stored) =>
      checksOf(stored, context.nodes.of(stored.instance, own), context.outputs.of),
    ),
  );
};

type Checks = readonly (ReturnType<typeof checksOf>[number] | ReturnType<typeof nodeCheck>)[];

function sendChecks(
  context: ConsulContext,
  request: FastifyRequest,
  reply: FastifyReply,
  watched: ReturnType<typeof watchedService>,
  make: (own: ReturnType<ConsulContext['nodes']['own']>) => Checks,
): FastifyReply | Promise<FastifyReply> {
  const options = readOptions(context, request, reply);
  const filter = options && filterOf(request, reply);
  if (options === undefined || filter === undefined) return reply;
  return sendRead(context, request, reply, options, watched, () => {
    const all = make(context.nodes.own(request)).filter(filter);
    return sendJson(reply, JSON.stringify(all));
  });
}

const anyChange = (context: ConsulContext) => ({ place: anyApp, index: () => indexOf(context) });

/** Of all instances, and of this server's node. */
function allChecks(context: ConsulContext, own: ReturnType<ConsulContext['nodes']['own']>): Checks {
  const found: Checks = envRecords(context).flatMap((stored) =>
    checksOf(stored, context.nodes.of(stored.instance, own), context.outputs.of),
  );
  return [...found, nodeCheck(own)].toSorted((a, b) => (a.CheckID < b.CheckID ? -1 : 1));
}

const node: ConsulHandler = (context, request, reply) => {
  const name = lastPart(request);
  return sendChecks(context, request, reply, anyChange(context), (own) =>
    allChecks(context, own).filter(({ Node }) => Node === name),
  );
};

const state: ConsulHandler = (context, request, reply) => {
  const asked = lastPart(request);
  if (asked !== 'any' && !statuses.includes(asked as CheckStatus))
    return sendText(reply, 400, `Invalid check status: '${asked}'`);
  return sendChecks(context, request, reply, anyChange(context), (own) =>
    allChecks(context, own).filter(({ Status }) => asked === 'any' || Status === asked),
  );
};

export const healthReads = { service, checks, node, state } as const;
