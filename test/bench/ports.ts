// Ports for the servers of the bench, below those that the system gives to clients: what is free stays free until the
// server has it, while thousands of clients come and go.

import { isPortFree } from '../kit/process/scratch.ts';

const lowest = 20_000;
const count = 10_000;

// Not the same for two benches that run side by side.
let last = Math.floor(Math.random() * count);

/** A port that is free and that no other server of this run was given. */
export async function nextPort(): Promise<number> {
  for (let attempt = 0; attempt < count; attempt++) {
    last = (last + 1) % count;
    if (await isPortFree(lowest + last)) return lowest + last;
  }
  throw new Error(`no free port between ${lowest} and ${lowest + count}`);
}
