// The registry's reply to a registration, read defensively: it may come from a newer server, or from a faulty one. Times
// are held to what the API allows, so that no reply can make a client renew every millisecond or never.

import { limits } from '../../model/instance.ts';
import type { JsonObject } from '../registry/problem-document.ts';

export interface RegistrationReply {
  readonly outcome: 'created' | 'replaced' | 'unchanged' | 'outdated';
  /** As registered: `outdated` means that a newer registration was kept. */
  readonly status: 'up' | 'waiting';
  /** In the registry's canonical form. */
  readonly addrs: readonly string[];
  /** The names under which the instance is found. */
  readonly dnsNames: readonly string[];
  /** Seconds without a renewal after which the instance is evicted. */
  readonly leaseSeconds: number;
  /** Seconds for which resolvers may keep an answer. */
  readonly dnsTtl: number;
  /** The end of the lease without a renewal; undefined: the registry did not send it. */
  readonly renewBefore: Date | undefined;
  /** The command that renews the lease by hand; undefined: the registry did not send it. */
  readonly renewWith: string | undefined;
  /** Of the registry, after this registration; undefined: the registry did not send it. */
  readonly revision: number | undefined;
}

const outcomes = ['created', 'replaced', 'unchanged', 'outdated'] as const;
const dnsTtlDefault = 5;

export function registrationReplyOf(document: JsonObject, askedLeaseSeconds = 90): RegistrationReply {
  const { outcome, status, addrs, dnsNames, renewBefore, renewWith } = document;
  return {
    outcome: outcomes.find((one) => one === outcome) ?? 'unchanged',
    status: status === 'waiting' ? 'waiting' : 'up',
    addrs: textsOf(addrs),
    dnsNames: textsOf(dnsNames),
    leaseSeconds: leaseSecondsOf(document) ?? askedLeaseSeconds,
    dnsTtl: boundedNumber(document['dnsTtl'], 0, limits.leaseSeconds.max) ?? dnsTtlDefault,
    renewBefore: dateOf(renewBefore),
    renewWith: typeof renewWith === 'string' ? renewWith : undefined,
    revision: revisionOf(document),
  };
}

/** Within what the API allows; undefined: the document names none. */
export function leaseSecondsOf(document: JsonObject): number | undefined {
  return boundedNumber(document['leaseSeconds'], limits.leaseSeconds.min, limits.leaseSeconds.max);
}

export function revisionOf({ revision }: JsonObject): number | undefined {
  return typeof revision === 'number' && Number.isSafeInteger(revision) ? revision : undefined;
}

/** An ISO 8601 time. */
export function dateOf(value: unknown): Date | undefined {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? new Date(value) : undefined;
}

function boundedNumber(value: unknown, least: number, most: number): number | undefined {
  return typeof value === 'number' && value > 0 ? Math.min(Math.max(value, least), most) : undefined;
}

export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
