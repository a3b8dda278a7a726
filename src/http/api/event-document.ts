// A change as /events shows it: who, when, why, what before and after, and a sentence for those who only want that.

import type { Actor, Change } from '../../model/change.ts';
import { contentDocument, isoTime } from './instance-document.ts';

/** The document, ready for JSON. */
export function eventDocument(change: Change): Record<string, unknown> {
  const { revision, atMs, cause, before, after } = change;
  const { env, appid, instance } = change.after ?? change.before;
  const [was, is] = [before && contentDocument(before), after && contentDocument(after)];
  return {
    revision,
    at: isoTime(atMs),
    why: cause.why,
    text: sentence(change),
    env,
    appid,
    instance,
    ...(isOwnDecision(change) ? {} : { by: actorDocument(change.origin) }),
    ...(cause.why === 'evicted' ? { silentSeconds: seconds(cause.silentMs), heldSeconds: seconds(cause.heldMs) } : {}),
    ...(cause.why === 'checked' ? { verdict: cause.verdict, reason: cause.reason } : {}),
    ...(was !== undefined && is !== undefined ? { changed: changedFields(was, is) } : {}),
    ...(was === undefined ? {} : { before: was }),
    ...(is === undefined ? {} : { after: is }),
  };
}

/** Nobody asked for it. */
function isOwnDecision({ origin }: Change): boolean {
  return origin.kind === 'system';
}

function actorDocument({ address, principal, reason }: Actor): Record<string, string> {
  return {
    address,
    ...(principal === undefined ? {} : { token: principal }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}

/** The fields that differ, in the order of the document. */
function changedFields(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  return Object.keys(after).filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
}

/** A hold of less is the time that the eviction itself took. */
const heldMsLeast = 1000;

function sentence(change: Change): string {
  const { cause, before, origin } = change;
  if (cause.why === 'evicted') {
    const kept = cause.heldMs < heldMsLeast ? '' : `; the guard had kept it for ${seconds(cause.heldMs)} s after that`;
    const lease = before === undefined ? '' : ` of ${before.leaseSeconds} s`;
    return `evicted: its lease${lease} ended, no renewal came for ${seconds(cause.silentMs)} s${kept}`;
  }
  if (cause.why === 'checked') return `found ${cause.verdict}: ${cause.reason}`;
  if (isOwnDecision(change)) return cause.why;
  const { address, principal, reason } = origin;
  const who = principal === undefined ? address : `${principal} from ${address}`;
  return `${cause.why} by ${who}${reason === undefined ? '' : `: ${reason}`}`;
}
