// Messages between nodes: matters of time, which etcd is not asked for. Hearings have how long ago, never
// when, since no two clocks agree. A message is parsed like a request body: a peer may be of another version, or no peer.
// Limits: `keysMax` keys a call.

import { isObject } from '../../model/instance.ts';
import type { AppLosses, Losses } from '../../model/losses.ts';
import { parseNode } from '../nodes/node-value.ts';
import type { NodeInfo } from '../nodes/nodes-table.ts';
import { isNodeName } from '../records/keys.ts';

export const keysMax = 2000;
const pathOctetsMax = 1024;
const agoMsMax = 7 * 86_400_000;
/** In place of what is left: it is kept beyond its lease, or ends before the next hello is sure to have come. */
export const keptBeyond = -1;

export const calls = [
  'hello',
  'forwarded',
  'lately',
  'heard',
  'relay',
  'answers-held',
  'write',
  'pending',
  'files',
  'events',
  'bye',
  'applied',
  'witness',
  'zones',
] as const;
export type PeerCall = (typeof calls)[number];

/** Each second. */
export interface Hello {
  readonly node: string;
  readonly isJoined: boolean;
  readonly owned: number;
  /** Of its instances, those whose lease ends soon or has ended. */
  readonly marks: readonly string[];
  /** Of each of them what is left of its lease, or `keptBeyond`; undefined: from an earlier version. */
  readonly leftMs: readonly number[] | undefined;
  /** There are too many to list. */
  readonly isAllMarked: boolean;
  /** Of its clock; undefined: from an earlier version. */
  readonly wallMs: number | undefined;
  /** Of what its service files name; undefined: from an earlier version. */
  readonly files?: string | undefined;
  /** What it misses, for the guards of the others; undefined: from an earlier version. */
  readonly losses: Losses | undefined;
  /** Without etcd, which has it elsewhere. */
  readonly self: NodeSelf | undefined;
  /** Without etcd: of its zone files. */
  readonly zones?: string | undefined;
  /** Without etcd: nodes that were struck off, each with the wall-clock time at the node where that was done. */
  readonly struck?: readonly Strike[] | undefined;
}

export type Strike = readonly [node: string, atMs: number];

/** A node's process. */
export interface NodeSelf extends NodeInfo {
  /** Of this process, and of no other. */
  readonly run: string;
}

/** How far a peer has the changes of this node. */
export interface AppliedMessage {
  readonly node: string;
  readonly life: string;
  readonly revision: number;
}

/** A key below the cluster's prefix, and how long ago, or what is left. */
export type Timed = readonly [path: string, ms: number];

export interface Hearings {
  readonly node: string;
  readonly heard: readonly Timed[];
}

export interface PeerQuestion {
  readonly keys: readonly string[];
}

export interface AnswersHeldQuestion {
  readonly env: string;
  readonly appid: string;
  readonly instance: string;
  readonly dnsTtl: number;
  /** Of etcd's: what was decided is applied there first. */
  readonly revision: number;
  /** Whose revision it is, where each node has its own. */
  readonly node: string | undefined;
}

export interface AnswersHeldReply {
  /** How long answers may still be held; 0: no more. */
  readonly heldMs: number;
  readonly servedMsAgo: number | undefined;
}

export function helloOf(body: unknown): Hello | undefined {
  if (!isObject(body)) return undefined;
  const { node, isJoined, owned, marks, leftMs, isAllMarked, wallMs, losses, files, self, zones, struck } = body;
  if (!isNode(node) || typeof isJoined !== 'boolean' || typeof isAllMarked !== 'boolean') return undefined;
  if (!isCount(owned) || !arePaths(marks)) return undefined;
  return {
    node,
    isJoined,
    owned,
    marks,
    leftMs: areLeft(leftMs, marks.length) ? leftMs : undefined,
    isAllMarked,
    wallMs: isCount(wallMs) ? wallMs : undefined,
    losses: lossesOf(losses),
    self: selfOf(self),
    files: isText(files) ? files : undefined,
    zones: isText(zones) ? zones : undefined,
    struck: areStrikes(struck) ? struck : undefined,
  };
}

/** As a node's key in etcd, and the run beside it. */
export function selfOf(value: unknown): NodeSelf | undefined {
  if (!isObject(value)) return undefined;
  const { run, startedAtMs: startedAt } = value;
  const info = parseNode(new TextEncoder().encode(JSON.stringify({ ...value, startedAt })));
  return isText(run) && !Array.isArray(info) ? { run, ...info } : undefined;
}

export function appliedOf(body: unknown): AppliedMessage | undefined {
  if (!isObject(body)) return undefined;
  const { node, life, revision } = body;
  return isNode(node) && isText(life) && isCount(revision) ? { node, life, revision } : undefined;
}

/** The node that a peer asks about. */
export function witnessOf(body: unknown): string | undefined {
  const node = isObject(body) ? body['node'] : undefined;
  return isNode(node) ? node : undefined;
}

/** Nodes struck off that a hello names. */
export const strikesMax = 100;

/** Apps that miss instances. */
export const lossesMax = 500;

function lossesOf(value: unknown): Losses | undefined {
  if (!isObject(value)) return undefined;
  const { registry, apps } = value;
  if (!isCount(registry) || !Array.isArray(apps) || apps.length > lossesMax) return undefined;
  const isApp = (one: unknown) => isObject(one) && isText(one['env']) && isText(one['appid']) && isCount(one['losses']);
  return apps.every(isApp) ? { registry, apps: apps as AppLosses[] } : undefined;
}

export function hearingsOf(body: unknown): Hearings | undefined {
  if (!isObject(body)) return undefined;
  const { node, heard } = body;
  return isNode(node) && areTimed(heard) ? { node, heard } : undefined;
}

/** The revision of etcd's at which a peer has each that it knows. */
export function knownOf(body: unknown): readonly (readonly [path: string, revision: number])[] | undefined {
  const known = isObject(body) ? body['known'] : undefined;
  const isKnown = (value: unknown) =>
    Array.isArray(value) && value.length === 2 && isText(value[0]) && isCount(value[1]);
  return Array.isArray(known) && known.length <= keysMax && known.every(isKnown)
    ? (known as (readonly [string, number])[])
    : undefined;
}

export interface Relayed extends Hearings {
  readonly owner: string;
}

export function relayedOf(body: unknown): Relayed | undefined {
  const hearings = hearingsOf(body);
  const owner = isObject(body) ? body['owner'] : undefined;
  return hearings === undefined || !isNode(owner) ? undefined : { ...hearings, owner };
}

export function questionOf(body: unknown): PeerQuestion | undefined {
  const keys = isObject(body) ? body['keys'] : undefined;
  return arePaths(keys) ? { keys } : undefined;
}

export function answersHeldQuestionOf(body: unknown): AnswersHeldQuestion | undefined {
  if (!isObject(body)) return undefined;
  const { env, appid, instance, dnsTtl, revision, node } = body;
  if (!isText(env) || !isText(appid) || !isText(instance) || !isCount(revision) || !isCount(dnsTtl)) return undefined;
  return { env, appid, instance, dnsTtl, revision, node: isNode(node) ? node : undefined };
}

export function answersHeldReplyOf(body: unknown): AnswersHeldReply | undefined {
  if (!isObject(body)) return undefined;
  const { heldMs, servedMsAgo } = body;
  if (!isMs(heldMs) || !(servedMsAgo === undefined || isMs(servedMsAgo))) return undefined;
  return { heldMs, servedMsAgo };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= pathOctetsMax;
}

function isNode(value: unknown): value is string {
  return typeof value === 'string' && isNodeName(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isMs(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= agoMsMax;
}

function arePaths(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= keysMax && value.every(isText);
}

function areStrikes(value: unknown): value is Strike[] {
  const isStrike = (one: unknown) => Array.isArray(one) && one.length === 2 && isNode(one[0]) && isCount(one[1]);
  return Array.isArray(value) && value.length <= strikesMax && value.every(isStrike);
}

function areLeft(value: unknown, count: number): value is number[] {
  return Array.isArray(value) && value.length === count && value.every((left) => left === keptBeyond || isMs(left));
}

function areTimed(value: unknown): value is Timed[] {
  return Array.isArray(value) && value.length <= keysMax && value.every(isTimed);
}

function isTimed(value: unknown): value is Timed {
  return Array.isArray(value) && value.length === 2 && isText(value[0]) && isMs(value[1]);
}
