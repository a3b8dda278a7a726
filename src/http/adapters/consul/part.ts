// What Consul keeps with an instance: what its registrant wrote and rollcall has no word for. Absent where the instance
// came in another way.

import type { FrontPart } from '../../../model/front-parts.ts';
import type { Instance } from '../../../model/instance.ts';

export const CheckStatus = ['passing', 'warning', 'critical'] as const;
export type CheckStatus = (typeof CheckStatus)[number];

/** `external`: its status is what some other program writes into the catalog. */
export type CheckKind = 'ttl' | 'http' | 'tcp' | 'grpc' | 'external';

/** What is written down of an output; the rest is kept in memory. */
export const keptOutputCharactersMax = 200;

export interface KeptCheck {
  readonly id: string;
  readonly kind: CheckKind;
  readonly name: string;
  readonly notes?: string;
  /** As given. */
  readonly interval?: string;
  readonly timeout?: string;
  readonly ttlMs?: number;
  /** From critical to gone; absent: never. */
  readonly evictAfterSeconds?: number;
  /** As it was reported last; absent: passing. Only of ttl and external. */
  readonly reported?: Exclude<CheckStatus, 'passing'>;
  readonly output?: string;
}

/** A node that the catalog was given. */
export interface KeptNode {
  readonly name: string;
  readonly address: string;
  readonly id?: string;
  readonly taggedAddresses?: Readonly<Record<string, string>>;
  readonly meta?: Readonly<Record<string, string>>;
}

export interface ConsulContent {
  /** As given; absent: none was, and the host of the caller, or of its node, counts. */
  readonly address?: string;
  /** No port was given. */
  readonly hasNoPort?: true;
  /** All, where some cannot be tags here. */
  readonly tags?: readonly string[];
  readonly taggedAddresses?: Readonly<Record<string, unknown>>;
  readonly warningWeight?: number;
  readonly enableTagOverride?: true;
  readonly checks?: readonly KeptCheck[];
  readonly node?: KeptNode;
  /** Its id as that node has it. */
  readonly id?: string;
}

const none: ConsulContent = Object.freeze({});
const read = new WeakMap<FrontPart, ConsulContent>();

/** Under which things are kept of a check: its id is its own among the checks of the instance alone. */
export function checkKey({ appid, instance }: Pick<Instance, 'appid' | 'instance'>, checkId: string): string {
  return `${appid} ${instance} ${checkId}`;
}

export function contentOf({ fronts }: Pick<Instance, 'fronts'>): ConsulContent {
  const part = fronts?.consul;
  if (part === undefined) return none;
  // Written by `partOf` alone.
  const content = read.get(part) ?? (JSON.parse(part.content) as ConsulContent);
  read.set(part, content);
  return content;
}

export function partOf(appName: string, { checks = [], ...content }: ConsulContent): FrontPart {
  return { appName, content: JSON.stringify(checks.length === 0 ? content : { ...content, checks }) };
}

/** The service's id: unique on its node. */
export function serviceIdOf(instance: Instance): string {
  return contentOf(instance).id ?? instance.instance;
}

/** The service's name as it was given. */
export function serviceNameOf({ fronts, appid }: Pick<Instance, 'fronts' | 'appid'>): string {
  return fronts?.consul?.appName ?? appid;
}
