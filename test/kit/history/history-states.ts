// The states that one instance went through, by the writes of a recorded history and by time: each with the earliest and
// the latest moment at which it can have been seen. Evictions have no reply; they follow from the silence.

import type { Recorded, Span, State, Write } from './history.ts';

/** What can be seen: `present` is anything but absent, `hidden` anything that no answer names. */
export type Visible = State | 'present' | 'hidden';

export interface StateSpan {
  readonly state: State;
  readonly beginMs: number;
  readonly endMs: number;
}

export interface States {
  /** In their order. */
  readonly spans: readonly StateSpan[];
  /** The latest moment at which a lease could end that was running during `span`. */
  leaseEndsMs(span: Span): number;
}

interface Step extends Span {
  readonly state: State;
  /** False: it may not have happened. */
  readonly isCertain: boolean;
}

interface Heard extends Span {
  readonly isAnswered: boolean;
}

/** What decides when the lease of one instance ends. */
interface Lease {
  readonly recorded: Recorded;
  readonly writes: readonly Write[];
  /** Beside registrations. */
  readonly heard: readonly Heard[];
  readonly leaseMs: number;
}

const ever = Number.POSITIVE_INFINITY;

export function statesOf(recorded: Recorded, place: string): States {
  const leaseMs = (recorded.leaseSeconds.get(place) ?? 0) * 1000;
  const writes = inOrder(recorded.writes.filter((write) => write.place === place));
  const heard: Heard[] = [
    ...recorded.renewals.filter((renewal) => renewal.place === place),
    // Every lease starts afresh: if the instance was there, it was heard.
    ...recorded.restarts.map(({ killedMs, readyMs }) => ({ startMs: killedMs, endMs: readyMs, isAnswered: true })),
  ];
  const steps: Step[] = [];
  for (const [at, { startMs, endMs, after, revision }] of writes.entries()) {
    steps.push({ startMs, endMs, state: after, isCertain: revision !== undefined });
    if (after === 'absent') continue;
    const evicted = eviction({ recorded, writes, heard, leaseMs }, at);
    if (evicted !== undefined) steps.push(evicted);
  }
  const all = [...writes.filter(({ isHeard }) => isHeard), ...heard].sort((a, b) => a.startMs - b.startMs);
  let latestMs = Number.NEGATIVE_INFINITY;
  const latest = all.map(({ startMs, endMs }) => {
    latestMs = Math.max(latestMs, endMs);
    return { startMs, latestMs };
  });
  return {
    spans: spansOf(steps),
    leaseEndsMs({ endMs }) {
      const begun = latest.findLast(({ startMs }) => startMs <= endMs);
      return leaseMs + Math.min(begun?.latestMs ?? Number.NEGATIVE_INFINITY, endMs);
    },
  };
}

/** By the revisions in replies; a write without one stays where its one writer wrote it. */
function inOrder(writes: readonly Write[]): Write[] {
  const byTime = writes.toSorted((a, b) => a.startMs - b.startMs);
  if (byTime.some(({ revision }) => revision === undefined)) {
    const [one] = byTime.filter(({ startMs }, at) => startMs < (byTime[at - 1]?.endMs ?? startMs));
    if (one !== undefined)
      throw new Error(`${one.place} has open writes and several writers: their order is not known`);
    return byTime;
  }
  return byTime.sort((a, b) => (a.revision as number) - (b.revision as number));
}

/** The end of the lease between the write at `at` and the next, answered or not, if it can have come there. */
function eviction({ recorded, writes, heard, leaseMs }: Lease, at: number): Step | undefined {
  const next = writes[at + 1] ?? { startMs: ever, endMs: ever };
  // Writes at the same time are in the order of their revisions; renewals have none.
  const registered = writes.slice(0, at + 1).filter(({ isHeard }) => isHeard);
  const surely = [
    ...registered.filter(({ revision }) => revision !== undefined),
    ...heard.filter(({ isAnswered, endMs }) => isAnswered && endMs < next.startMs),
  ];
  const perhaps = [...registered, ...heard.filter(({ startMs }) => startMs < next.endMs)];
  const startMs = Math.max(...surely.map((one) => one.startMs)) + leaseMs;
  if (startMs > next.endMs) return undefined;
  const endMs = Math.max(...perhaps.map((one) => one.endMs)) + leaseMs + recorded.lateMs;
  // What was seen of it shortly before a kill may not have been written down.
  const isBeforeKill = recorded.restarts.some(({ killedMs }) => startMs < killedMs && killedMs < endMs);
  return { state: 'absent', startMs, endMs, isCertain: endMs < next.startMs && !isBeforeKill };
}

/** A state may be seen once its own write and all before it have begun, until a later one is known to be done. */
function spansOf(steps: readonly Step[]): StateSpan[] {
  const spans: StateSpan[] = [];
  let endMs = ever;
  for (const { startMs, endMs: doneMs, state, isCertain } of steps.toReversed()) {
    spans.push({ state, beginMs: startMs, endMs });
    if (isCertain) endMs = Math.min(endMs, doneMs);
  }
  spans.push({ state: 'absent', beginMs: Number.NEGATIVE_INFINITY, endMs });
  let beginMs = Number.NEGATIVE_INFINITY;
  return spans.reverse().map((span, at) => {
    if (at === 0 || steps[at - 1]?.isCertain === true) beginMs = Math.max(beginMs, span.beginMs);
    return { ...span, beginMs: Math.max(beginMs, span.beginMs) };
  });
}
