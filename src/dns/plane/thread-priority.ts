// A thread that steps back: the thread that ends TLS spends a core on a storm of handshakes, and the others, who answer
// datagrams, should get theirs first where cores are few. Linux schedules threads, so each has a niceness of its own;
// raising it needs no right. Elsewhere nothing happens.

import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** A third of the share of a thread that has not stepped back. */
const steps = 5;
const nicenessMax = 19;

/** Of the thread that calls it. Returns the thread's number; undefined where threads have none. */
export function stepBack(): number | undefined {
  try {
    const thread = Number(/\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1]);
    if (!Number.isInteger(thread)) return undefined;
    setPriority(thread, Math.min(nicenessMax, getPriority(thread) + steps));
    return thread;
  } catch {
    return undefined;
  }
}
