// A change as /events shows it: who, when, why, what was before and after, and a sentence that sums it up.

import type { Actor, Cause, Change } from '../../model/change.ts';
import { contentDocument, isoTime } from './instance-document.ts';

/** The document, ready for JSON. */
export function eventDocument(change: Change): Record<string, unknown> {
  const { revision, atMs, cause, origin, before, after } = change;
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
    ...(isAskedFor(cause) ? { by: actorDocument(origin) } : {}),
    ...(cause.why === 'evicted' ? { silentSeconds: seconds(cause.silentMs), heldSeconds: seconds(cause.heldMs) } : {}),
    ...(cause.why === 'checked' ? { verdict: cause.verdict, reason: cause.reason } : {}),
    ...(was !== undefined && is !== undefined ? { changed: changedFields(was, is) } : {}),
    ...(was === undefined ? {} : { before: was }),
    ...(is === undefined ? {} : { after: is }),
  };
}

/** Whether a caller asked for the change, and not the registry itself. */
function isAskedFor({ why }: Cause): boolean {
  return why !== 'evicted' && why !== 'checked' && why !== 'restored';
}

/** The name that the caller has proved, under what it was proved with. */
function nameOf({ kind, principal }: Actor): Readonly<Record<string, string>> {
  if (principal === undefined) return {};
  if (kind === 'token') return { token: principal };
  if (kind === 'jwt') return { jwt: principal };
  return kind === 'certificate' ? { certificate: principal } : {};
}

function actorDocument(actor: Actor) {
  const { address, front, reason } = actor;
  const by = { address, ...nameOf(actor), ...(reason === undefined ? {} : { reason }) };
  return front === 'api' ? by : { ...by, front };
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

function sentence({ cause, origin, before }: Change): string {
  if (cause.why === 'evicted') {
    const kept = cause.heldMs < heldMsLeast ? '' : `; the guard had kept it for ${seconds(cause.heldMs)} s after that`;
    const lease = before === undefined ? '' : ` of ${before.leaseSeconds} s`;
    return `evicted: its lease${lease} ended, no renewal came for ${seconds(cause.silentMs)} s${kept}`;
  }
  if (cause.why === 'checked') return `found ${cause.verdict}: ${cause.reason}`;
  if (!isAskedFor(cause)) return cause.why;
  const { address, reason } = origin;
  const [name] = Object.values(nameOf(origin));
  const who = name === undefined ? address : `${name} from ${address}`;
  return `${cause.why} by ${who}${reason === undefined ? '' : `: ${reason}`}`;
}
