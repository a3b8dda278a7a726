// Who wrote each part of a record last. Without etcd no store orders the writes of all nodes, so every part carries the
// stamp of its own write, and of two copies the later part counts: a drain at one node and a verdict at another, made while
// they were cut off from each other, both hold. A registration is ordered by its writer's time, then by the hybrid logical
// clock, then by the node's name; everything else by the last two. Written into a record as one text, since there may be a
// hundred thousand of them.

import { isNodeName } from '../records/keys.ts';

export interface PartStamp {
  readonly hlc: number;
  readonly node: string;
}

/** Of a registration, and of what removes one. */
export interface Version extends PartStamp {
  readonly dirtyAtMs: number;
}

export interface RecordStamps {
  /** The node in whose stream of changes it travels. */
  readonly author: string;
  readonly registration: Version;
  readonly content: PartStamp;
  readonly hold: PartStamp;
  readonly drain: PartStamp;
  readonly health: PartStamp;
  readonly owner: PartStamp;
}

/** What of an instance was removed: every registration before `cancelled`, and the one that was let go as it was then. */
export interface GraveStamps {
  readonly author: string;
  readonly cancelled: Version;
  readonly evicted: Version;
  readonly evictedOwner: PartStamp;
  readonly hold: PartStamp;
}

export const noStamp: PartStamp = Object.freeze({ hlc: 0, node: '' });
export const noVersion: Version = Object.freeze({ dirtyAtMs: 0, hlc: 0, node: '' });

export function compareStamps(a: PartStamp, b: PartStamp): number {
  return a.hlc - b.hlc || (a.node === b.node ? 0 : a.node < b.node ? -1 : 1);
}

export function compareVersions(a: Version, b: Version): number {
  return a.dirtyAtMs - b.dirtyAtMs || compareStamps(a, b);
}

export function laterStamp<T extends PartStamp>(a: T, b: T, compare: (a: T, b: T) => number): T {
  return compare(a, b) < 0 ? b : a;
}

export function recordStampsText(stamps: RecordStamps): string {
  const { author, registration, content, hold, drain, health, owner } = stamps;
  return [author, versionText(registration), ...[content, hold, drain, health, owner].map(stampText)].join(';');
}

export function graveStampsText({ author, cancelled, evicted, evictedOwner, hold }: GraveStamps): string {
  return [author, versionText(cancelled), versionText(evicted), stampText(evictedOwner), stampText(hold)].join(';');
}

/** Undefined: it is none. */
export function parseRecordStamps(text: unknown): RecordStamps | undefined {
  const [author, registration, ...rest] = partsOf(text, 7);
  const [content, hold, drain, health, owner] = rest.map(stampOf);
  const version = versionOf(registration);
  if (author === undefined || !isNodeName(author) || version === undefined) return undefined;
  if (!content || !hold || !drain || !health || !owner) return undefined;
  return { author, registration: version, content, hold, drain, health, owner };
}

/** Undefined: it is none. */
export function parseGraveStamps(text: unknown): GraveStamps | undefined {
  const [author, cancelledText, evictedText, ...rest] = partsOf(text, 5);
  const [evictedOwner, hold] = rest.map(stampOf);
  const [cancelled, evicted] = [versionOf(cancelledText), versionOf(evictedText)];
  if (author === undefined || !isNodeName(author)) return undefined;
  if (!cancelled || !evicted || !evictedOwner || !hold) return undefined;
  return { author, cancelled, evicted, evictedOwner, hold };
}

function partsOf(text: unknown, count: number): string[] {
  const parts = typeof text === 'string' && text.length < 2048 ? text.split(';') : [];
  return parts.length === count ? parts : [];
}

function stampText({ hlc, node }: PartStamp): string {
  return `${hlc},${node}`;
}

function versionText(version: Version): string {
  return `${version.dirtyAtMs},${stampText(version)}`;
}

function stampOf(text: string): PartStamp | undefined {
  const found = /^(\d{1,16}),(.*)$/.exec(text);
  if (found === null) return undefined;
  const [, hlc, node = ''] = found;
  if (node === '') return Number(hlc) === 0 ? noStamp : undefined;
  return isNodeName(node) && Number.isSafeInteger(Number(hlc)) ? { hlc: Number(hlc), node } : undefined;
}

function versionOf(text: string | undefined): Version | undefined {
  const found = /^(\d{1,16}),(.*)$/.exec(text ?? '');
  const stamp = found === null ? undefined : stampOf(found[2] ?? '');
  const dirtyAtMs = Number(found?.[1]);
  return stamp === undefined || !Number.isSafeInteger(dirtyAtMs) ? undefined : { ...stamp, dirtyAtMs };
}
