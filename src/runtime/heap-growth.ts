// How far a heap grows before V8 looks for garbage. By itself V8 lets it grow to four times what is alive, and what is alive
// then lies scattered over all of it: a third more memory where a million instances are registered. A fifth is enough for
// a large heap; of a small one a fifth is filled by a thousand registrations, and each of them would pay for a tenth of
// a collection. So a heap may always grow by `headroomOctets`, and by a fifth where that is more.
// Limits: looked at every `everyMs`; the flag is of the process, so the heaps of all threads grow by the same share.

import { getHeapStatistics, setFlagsFromString } from 'node:v8';

const headroomOctets = 32 * 1024 * 1024;
const percentMin = 20;
const percentMax = 100;
const everyMs = 5000;

/** In percent of what is used. */
export function heapGrowth(usedOctets: number): number {
  const percent = Math.round((headroomOctets / Math.max(1, usedOctets)) * 100);
  return Math.min(percentMax, Math.max(percentMin, percent));
}

/** From now on, for as long as the process lives. */
export function boundHeapGrowth(): void {
  let set = 0;
  const look = (): void => {
    const percent = heapGrowth(getHeapStatistics().used_heap_size);
    if (percent !== set) setFlagsFromString(`--heap-growing-percent=${percent}`);
    set = percent;
  };
  look();
  setInterval(look, everyMs).unref();
}
