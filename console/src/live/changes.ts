// One stream of changes for the whole console: pages listen to it, none opens its own. Changes are passed on in batches,
// so that a registry under load costs a page ten updates a second. Where the server no longer knows the changes since our
// last one, everything is read again (`onReset`); its snapshots of all apps are not, they could be very large.

import { effect } from '@preact/signals';
import type { WatchedChange } from '../api/shapes.ts';
import { connection, follow, type StreamEvent } from '../api/stream.ts';
import { signInReason, token } from '../session.ts';

type Listener = (changes: readonly WatchedChange[]) => void;

const batchMs = 100;
/** Of a tab that does not get to draw: then reading everything again is less work. */
const waitingMax = 20_000;

const listeners = new Set<Listener>();
const resets = new Set<() => void>();

/** Calls `listener` with every batch; returns the end of it. */
export function onChanges(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Calls `listener` when what a page knows may be wrong and has to be read again. */
export function onReset(listener: () => void): () => void {
  resets.add(listener);
  return () => resets.delete(listener);
}

/** Follows the changes for as long as the page is open; `startFrom` reads the state and returns its revision. */
export function followChanges(startFrom: (signal: AbortSignal) => Promise<number | undefined>): void {
  effect(() => {
    const aborted = new AbortController();
    // Again with every other token.
    if (signInReason.value === undefined) void run(token.value, startFrom, aborted.signal);
    return () => aborted.abort();
  });
}

async function run(
  _token: string,
  startFrom: (signal: AbortSignal) => Promise<number | undefined>,
  signal: AbortSignal,
): Promise<void> {
  let isFirst = true;
  while (!signal.aborted) {
    connection.value = isFirst ? 'connecting' : connection.value;
    const revision = await startFrom(signal);
    if (signal.aborted) return;
    if (revision === undefined) {
      connection.value = 'lost';
      await new Promise((resolve) => setTimeout(resolve, 2000));
      continue;
    }
    if (!isFirst) for (const reset of resets) reset();
    isFirst = false;
    if ((await follow(String(revision), collector(), signal)) === 'refused') return;
  }
}

/** Gathers changes and hands them on a little later, all at once. */
function collector(): (event: StreamEvent) => 'go on' | 'start over' {
  let waiting: WatchedChange[] = [];
  let timer = 0;
  const flush = (): void => {
    timer = 0;
    const batch = waiting;
    waiting = [];
    for (const listener of listeners) listener(batch);
  };
  return ({ event, data }) => {
    if (event === 'gap') return 'start over';
    if (!/^(registered|updated|cancelled|evicted)$/.test(event)) return 'go on';
    waiting.push(JSON.parse(data) as WatchedChange);
    if (waiting.length > waitingMax) return 'start over';
    if (timer === 0) timer = window.setTimeout(flush, batchMs);
    return 'go on';
  };
}
