// Leaving the registry. A drain takes the instance out of all answers and waits until no resolver can hold an earlier one;
// the registry knows when that is. Clients that follow the stream of events hear of it at once, some milliseconds later
// than the reply comes: `settleMs` is for them, and for the calls that they have just begun.
// Limits: a drain asks in pieces of 30 s, so that neither a proxy nor a restart of the registry ends it.

import { backOffMs } from '../registry/back-off.ts';
import type { RegistryLink } from '../registry/registry-link.ts';
import { RollcallError } from '../rollcall-error.ts';
import { pause, type Time } from '../time.ts';
import type { Place } from './registration.ts';

export interface DrainOptions {
  /** 60 s by default. */
  readonly withinMs?: number;
  /** Kept in the registry's events. */
  readonly reason?: string;
  /** At least so long after it left the answers; 500 by default. */
  readonly settleMs?: number;
  readonly signal?: AbortSignal;
}

export interface DrainResult {
  /** No resolver can hold an answer with it. */
  readonly safe: boolean;
  /** When that is so, if the registry could say it. */
  readonly safeToStopAt: Date | undefined;
}

export interface CancelOptions {
  /** 5 s by default: time to try again in. */
  readonly withinMs?: number;
  readonly reason?: string;
  readonly signal?: AbortSignal;
}

export interface LeavingDeps {
  readonly link: RegistryLink;
  readonly time: Time;
  readonly random: () => number;
}

const pieceMs = 30_000;
const backOff = { leastMs: 100, mostMs: 3000 };

/** `onUnknown`: the registry does not know it; see to it that it does. Throws `refused`, or the signal's reason. */
export async function drainAt(
  { path, env, appid, instance }: Place,
  { withinMs = 60_000, reason, settleMs = 500, signal = new AbortController().signal }: DrainOptions,
  { link, time, random }: LeavingDeps,
  onUnknown: () => void,
): Promise<DrainResult> {
  const endMs = time.monotonicMs() + withinMs;
  let settledMs: number | undefined;
  let safeToStopAt: Date | undefined;
  for (let failures = 0; ; ) {
    signal.throwIfAborted();
    const leftMs = endMs - time.monotonicMs();
    const waitSeconds = Math.max(0, Math.ceil(Math.min(leftMs, pieceMs) / 1000));
    const query = new URLSearchParams({ wait: `${waitSeconds}s`, ...(reason === undefined ? {} : { reason }) });
    const reply = await link.call(
      { method: 'POST', path: `${path}/drain?${query.toString()}`, moreMs: waitSeconds * 1000 },
      signal,
    );
    signal.throwIfAborted();
    if (reply.kind === 'done') {
      settledMs ??= time.monotonicMs() + settleMs;
      safeToStopAt = dateOf(reply.document['safeToStopAt']);
      if (reply.document['safe'] === true) break;
    } else if (reply.kind === 'refused' && reply.status === 404) onUnknown();
    else if (reply.kind === 'refused')
      throw new RollcallError('refused', `Cannot drain ${env}/${appid}/${instance}: ${reply.text}`, reply);
    if (time.monotonicMs() >= endMs) return { safe: false, safeToStopAt };
    failures = reply.kind === 'done' ? 0 : failures + 1;
    const askedMs = reply.kind === 'busy' ? (reply.waitMs ?? 0) : 0;
    const pauseMs = failures === 0 ? 0 : Math.max(askedMs, backOffMs(failures, backOff, random));
    await holdingPause(time, Math.min(pauseMs, Math.max(0, endMs - time.monotonicMs())), signal);
  }
  await holdingPause(time, settledMs - time.monotonicMs(), signal);
  return { safe: true, safeToStopAt };
}

/** True: it is out of the registry. */
export async function cancelAt(
  { path }: Place,
  { withinMs = 5000, reason, signal = new AbortController().signal }: CancelOptions,
  { link, time, random }: LeavingDeps,
): Promise<boolean> {
  const endMs = time.monotonicMs() + withinMs;
  const query = reason === undefined ? '' : `?${new URLSearchParams({ reason }).toString()}`;
  for (let failures = 1; ; failures++) {
    const reply = await link.call({ method: 'DELETE', path: path + query }, signal);
    if (reply.kind === 'done' || (reply.kind === 'refused' && reply.status === 404)) return true;
    const leftMs = endMs - time.monotonicMs();
    if (reply.kind === 'refused' || leftMs <= 0 || signal.aborted) return false;
    await holdingPause(time, Math.min(leftMs, backOffMs(failures, backOff, random)), signal);
  }
}

/** The process stays for it: somebody waits. */
async function holdingPause(time: Time, ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await pause(time, ms, signal, true);
}

function dateOf(value: unknown): Date | undefined {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? new Date(value) : undefined;
}
