// The first steps of a node: its name is free in etcd, the cluster's numbers are read, and everything is listed. Each step is
// tried until it succeeds; where the data folder has a copy, a start waits no longer than `startWaitSeconds` for etcd.

import { setTimeout as pause } from 'node:timers/promises';
import type { ClusterDeps, ClusterSettings } from './cluster-options.ts';
import { type Fault, isFault, type Listing } from './engine.ts';
import { faultSentence } from './nodes/fault-sentence.ts';
import type { NodeMembership } from './nodes/membership.ts';
import { parseNode } from './nodes/node-value.ts';
import type { Meta } from './records/epoch.ts';
import { labelsPath } from './records/keys.ts';
import { numberSpace } from './writes/number-space.ts';

const lookMs = 100;
const logEveryMs = 5000;
/** A start that finds its name taken waits so much longer than a session lives. */
const occupiedExtraMs = 2000;

export type Reached =
  | { readonly kind: 'reached'; readonly listing: Listing; readonly meta: Meta }
  /** etcd does not answer, and there is a copy. */
  | { readonly kind: 'late' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'problem'; readonly problem: string };

export interface ReachingDeps {
  readonly deps: ClusterDeps;
  readonly settings: ClusterSettings;
  readonly membership: NodeMembership;
  readonly occupied: () => Uint8Array | undefined;
  /** Of the copy in the data folder; undefined: there is none. */
  readonly life: string | undefined;
  readonly stopping: AbortSignal;
}

export async function reachEtcd(reaching: ReachingDeps): Promise<Reached> {
  const { deps, settings } = reaching;
  const fromMs = deps.clock.monotonicMs();
  const isLate = () =>
    reaching.life !== undefined && deps.clock.monotonicMs() - fromMs > settings.startWaitSeconds * 1000;
  const held = await whenHeld(reaching, fromMs, isLate);
  if (held !== undefined) return held;
  const meta = await persistently(reaching, isLate, () => numberSpace(deps, settings, reaching.life));
  if ('kind' in meta) return meta;
  if ('problem' in meta) return { kind: 'problem', problem: meta.problem };
  const listing = await persistently(reaching, isLate, () => deps.engine.list(settings.prefix, { except: labelsPath }));
  return 'kind' in listing ? listing : { kind: 'reached', listing, meta };
}

async function whenHeld(
  { deps, settings, membership, occupied, stopping }: ReachingDeps,
  fromMs: number,
  isLate: () => boolean,
): Promise<Reached | undefined> {
  const { clock, log } = deps;
  const { node, sessionSeconds } = settings;
  let loggedMs = fromMs;
  while (membership.lease === undefined) {
    if (stopping.aborted) return { kind: 'stopped' };
    const nowMs = clock.monotonicMs();
    const holder = occupied();
    if (holder !== undefined && nowMs - fromMs > sessionSeconds * 1000 + occupiedExtraMs) {
      const parsed = parseNode(holder);
      const who = 'url' in parsed ? `${parsed.url}, since ${new Date(parsed.startedAtMs).toISOString()}` : 'unknown';
      const problem = `Another node of the cluster is called "${node}" and runs (${who}): names must be unique`;
      return { kind: 'problem', problem };
    }
    if (holder === undefined && isLate()) return { kind: 'late' };
    if (nowMs - loggedMs > logEveryMs) {
      loggedMs = nowMs;
      membership.look();
      log('warn', { why: membership.why }, deps.network === undefined ? 'waits for etcd' : 'waits for the other nodes');
    }
    await pause(lookMs);
  }
  return undefined;
}

async function persistently<T extends object>(
  { deps, stopping }: ReachingDeps,
  isLate: () => boolean,
  attempt: () => Promise<T | Fault>,
): Promise<T | { readonly kind: 'late' | 'stopped' }> {
  while (!stopping.aborted) {
    const reply = await attempt();
    if (!isFault(reply)) return reply;
    if (isLate()) return { kind: 'late' };
    deps.log('warn', { fault: reply.fault, why: faultSentence(reply) }, 'waits for etcd');
    await pause(1000);
  }
  return { kind: 'stopped' };
}
