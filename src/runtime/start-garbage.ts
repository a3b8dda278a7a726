// What only the start needed: parsed settings, schemas before they were compiled, code that ran once. V8 would keep it until
// the heap has grown by much more, which an idle registry never does: some twenty megabytes. A collection of the most
// thorough kind, once, gives them back. It takes a few hundredths of a second of the main thread, in which no DNS waits.
// Limits: not above `heapOctetsMax`, where it would take as much as the registry is large.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const heapOctetsMax = 64 * 1024 * 1024;

/** V8's own function, which a flag shows to contexts that are made after it. */
type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

/** Returns whether it was collected. */
export function collectStartGarbage(heapUsedOctets = process.memoryUsage().heapUsed): boolean {
  if (heapUsedOctets > heapOctetsMax) return false;
  // It stays: flags are of the process, and another thread may be about to make its context.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('globalThis.gc') as Collect | undefined;
  collect?.({ type: 'major', flavor: 'last-resort' });
  return collect !== undefined;
}
