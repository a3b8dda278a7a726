// The worker of the thread that owns the database. It loads its program at once and opens what it is asked to open later, so that
// it can be begun before the folder is known to be usable (app/early-workers.ts).

import { Worker } from 'node:worker_threads';

export function newWriterWorker(): Worker {
  return new Worker(new URL('./writer-thread.ts', import.meta.url));
}
