// Which instances a call is about, and the index of its result: of a service that of its last change, so that a change of
// another one wakes no watcher.

import type { FastifyRequest } from 'fastify';
import type { InstanceRecord } from '../../../model/instance-record.ts';
import { appidOf } from '../app-name.ts';
import type { WatchedResult } from './blocking.ts';
import type { ConsulContext } from './consul-context.ts';
import { healthNode, type ShownNode } from './shown-node.ts';
import { nodeCheck, noProxy } from './shown-service.ts';

/** This server itself, which the original lists too. */
export const ownServiceName = 'consul';

/** At least 1. */
export function indexOf({ control }: ConsulContext): number {
  return Math.max(control.view.revision, 1);
}

export function recordsOf({ control, env }: ConsulContext, name: string): readonly InstanceRecord[] {
  const appid = appidOf(name);
  const app = typeof appid === 'string' ? control.view.app(env, appid) : undefined;
  return app === undefined ? [] : [...app.instances()].toSorted(byId);
}

/** All of the env, by id. */
export function envRecords({ control, env }: ConsulContext): readonly InstanceRecord[] {
  return [...control.view.apps(env)].flatMap((app) => [...app.instances()]).toSorted(byId);
}

function byId(a: InstanceRecord, b: InstanceRecord): number {
  return a.instance.instance < b.instance.instance ? -1 : 1;
}

export function watchedService({ control, env }: ConsulContext, name: string): WatchedResult {
  const appid = appidOf(name);
  // A name that no app can have: nothing will come of it.
  if (typeof appid !== 'string') return { place: `${name} `, index: () => 1 };
  return { place: appid, index: () => Math.max(control.view.appRevision(env, appid), 1) };
}

/** Those on the node `near` first; `_agent` is this server's. */
export function nearestFirst(
  { nodes }: ConsulContext,
  found: readonly InstanceRecord[],
  near: string,
): readonly InstanceRecord[] {
  if (near === '') return found;
  const name = near === '_agent' || near === '_ip' ? nodes.name : near;
  const isNear = ({ instance }: InstanceRecord): number => (nodes.nameOf(instance) === name ? 0 : 1);
  return found.toSorted((a, b) => isNear(a) - isNear(b));
}

/** The service that is this server. */
export function ownService(request: FastifyRequest) {
  return {
    ID: ownServiceName,
    Service: ownServiceName,
    Tags: [],
    Address: '',
    Meta: { server: 'rollcall' },
    Port: request.raw.socket.localPort ?? 0,
    Weights: { Passing: 1, Warning: 1 },
    EnableTagOverride: false,
    Proxy: noProxy,
    Connect: {},
    PeerName: '',
    CreateIndex: 1,
    ModifyIndex: 1,
  };
}

export function ownServiceEntry(own: ShownNode, request: FastifyRequest) {
  return { Node: healthNode(own), Service: ownService(request), Checks: [nodeCheck(own)] };
}
