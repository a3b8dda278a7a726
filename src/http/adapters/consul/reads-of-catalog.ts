// Reads of the catalog: services with their tags, instances of a service, and nodes.

import { anyApp, catalogue } from '../../../control/long-poll.ts';
import type { InstanceRecord } from '../../../model/instance-record.ts';
import { foldAscii } from '../../../model/text.ts';
import { readOptions, sendRead } from './blocking.ts';
import { type ConsulContext, type ConsulHandler, lastPart } from './consul-context.ts';
import { filterOf } from './filtered.ts';
import { sendJson } from './replies.ts';
import {
  envRecords,
  indexOf,
  nearestFirst,
  ownService,
  ownServiceName,
  recordsOf,
  watchedService,
} from './service-records.ts';
import { healthNode, type ShownNode } from './shown-node.ts';
import { agentService, catalogService, nodeService, tagsOf } from './shown-service.ts';

const services: ConsulHandler = (context, request, reply) => {
  const options = readOptions(context, request, reply);
  const filter = options && filterOf(request, reply);
  if (options === undefined || filter === undefined) return reply;
  const watched = { place: catalogue, index: () => context.index.catalogueRevision };
  return sendRead(context, request, reply, options, watched, () => {
    const isWhole = (options.query.get('filter') ?? '') === '';
    if (!isWhole) return sendJson(reply, JSON.stringify(tagsByService(context, filter)));
    const make = (): string => JSON.stringify(context.serviceTags.sorted(ownServiceName));
    return sendJson(reply, context.texts.text('services', String(watched.index()), make));
  });
};

function tagsByService(
  context: ConsulContext,
  filter: (document: object) => boolean,
): Record<string, readonly string[]> {
  const found = new Map<string, Set<string>>([[ownServiceName, new Set()]]);
  for (const { instance } of envRecords(context)) {
    const {
      Service: ServiceName,
      Tags: ServiceTags,
      Meta: ServiceMeta,
      ID: ServiceID,
    } = agentService(instance, context.env);
    if (!filter({ ServiceName, ServiceTags, ServiceMeta, ServiceID })) continue;
    const tags = found.get(ServiceName) ?? new Set();
    found.set(ServiceName, tags);
    for (const tag of tagsOf(instance)) tags.add(tag);
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, tags]) => [name, [...tags].sort()]));
}

const service: ConsulHandler = (context, request, reply) => {
  const name = lastPart(request);
  const options = readOptions(context, request, reply);
  const filter = options && filterOf(request, reply);
  if (options === undefined || filter === undefined) return reply;
  const wanted = options.query
    .all('tag')
    .filter((tag) => tag !== '')
    .map(foldAscii);
  return sendRead(context, request, reply, options, watchedService(context, name), () => {
    const own = context.nodes.own(request);
    const found = recordsOf(context, name).filter(({ instance }) => {
      const tags = tagsOf(instance).map(foldAscii);
      return wanted.every((tag) => tags.includes(tag));
    });
    const near = nearestFirst(context, found, options.query.get('near') ?? '');
    const shown = near.map((stored) => catalogService(stored, context.nodes.of(stored.instance, own)));
    return sendJson(reply, JSON.stringify(shown.filter(filter)));
  });
};

const datacenters: ConsulHandler = (context, _request, reply) => sendJson(reply, JSON.stringify([context.env]));

/** This server's first, then those that have a service, by name. */
function nodesOf(context: ConsulContext, own: ShownNode): readonly ShownNode[] {
  const found = new Map<string, ShownNode>();
  for (const { instance } of envRecords(context)) {
    const node = context.nodes.of(instance, own);
    if (node.isExternal) found.set(node.name, node);
  }
  return [own, ...[...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))];
}

const nodes: ConsulHandler = (context, request, reply) => {
  const options = readOptions(context, request, reply);
  const filter = options && filterOf(request, reply);
  if (options === undefined || filter === undefined) return reply;
  const watched = { place: catalogue, index: () => context.index.catalogueRevision };
  return sendRead(context, request, reply, options, watched, () => {
    const all = nodesOf(context, context.nodes.own(request)).map((node) => healthNode(node));
    return sendJson(reply, JSON.stringify(all.filter(filter)));
  });
};

interface OnNode {
  readonly node: ShownNode;
  readonly stored: readonly InstanceRecord[];
}

/** Undefined: there is no such node. */
function onNode(context: ConsulContext, name: string, own: ShownNode): OnNode | undefined {
  const node = nodesOf(context, own).find((one) => one.name === name);
  if (node === undefined) return undefined;
  return { node, stored: envRecords(context).filter(({ instance }) => context.nodes.nameOf(instance) === name) };
}

/** `isList`: an array of the services, where the older call has a map. */
function ofNode(isList: boolean): ConsulHandler {
  return (context, request, reply) => {
    const name = lastPart(request);
    const options = readOptions(context, request, reply);
    const filter = options && filterOf(request, reply);
    if (options === undefined || filter === undefined) return reply;
    const watched = { place: anyApp, index: () => indexOf(context) };
    return sendRead(context, request, reply, options, watched, () => {
      const own = context.nodes.own(request);
      const found = onNode(context, name, own);
      if (found === undefined) return sendJson(reply, isList ? '{"Node":null,"Services":[]}' : 'null');
      const self = found.node.isExternal ? [] : [ownService(request)];
      const all = [...found.stored.map(nodeService), ...self].filter(filter).toSorted((a, b) => (a.ID < b.ID ? -1 : 1));
      const shown = isList ? all : Object.fromEntries(all.map((one) => [one.ID, one]));
      return sendJson(reply, JSON.stringify({ Node: healthNode(found.node), Services: shown }));
    });
  };
}

export const catalogReads = {
  services,
  service,
  datacenters,
  nodes,
  node: ofNode(false),
  nodeServices: ofNode(true),
} as const;
