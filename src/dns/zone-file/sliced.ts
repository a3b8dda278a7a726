// Work that can be done in slices: a generator that yields often, and now and then a file that it needs before it can
// go on. Start-up and check-zones do it in one go; a running server does a millisecond of it at a time and answers in
// between. One code path either way: what differs is who turns the crank.

import { setImmediate } from 'node:timers/promises';
import { type ConfinedFile, type FileWanted, readConfined, readConfinedLater } from './confined-file.ts';

/** Yields nothing to let others in, or a file; a file's content is what comes back. */
export type Sliced<Result> = Generator<FileWanted | undefined, Result, ConfinedFile | undefined>;

/** As long as other work waits at most. Socket reads are batched by the slice: longer ones would overflow sockets. */
const sliceMs = 1;

/** Waits for a file within sliced work. */
export function* wanted(file: FileWanted): Sliced<ConfinedFile> {
  return (yield file) as ConfinedFile;
}

/** All of it now. */
export function inOneGo<Result>(work: Sliced<Result>): Result {
  let step = work.next();
  while (!step.done) step = work.next(step.value && readConfined(step.value));
  return step.value;
}

/** All of it, yielding to other work; undefined: given up on `signal`. */
export async function inSlices<Result>(work: Sliced<Result>, signal: AbortSignal): Promise<Result | undefined> {
  let endMs = performance.now() + sliceMs;
  for (let step = work.next(); ; ) {
    if (signal.aborted) return undefined;
    if (step.done) return step.value;
    let file: ConfinedFile | undefined;
    if (step.value !== undefined) file = await readConfinedLater(step.value);
    else if (performance.now() > endMs) await setImmediate();
    else {
      step = work.next();
      continue;
    }
    endMs = performance.now() + sliceMs;
    step = work.next(file);
  }
}
