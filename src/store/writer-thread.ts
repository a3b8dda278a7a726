// The thread that owns the database, so that no fsync holds up an answer. Started by store.ts.

import { type MessagePort, parentPort } from 'node:worker_threads';
import { collectStartGarbage } from '../runtime/start-garbage.ts';
import { answerCalls } from './answering.ts';
import type { WriterCalls } from './calls.ts';
import { keepCopy, type Opened, openFolder } from './data-folder.ts';

/** Between looks at events that have become too old while nothing was written. */
const pruneEveryMs = 60_000;
/** The start waits for what is opened. */
const garbageAfterMs = 2000;

const port = parentPort as MessagePort;
let opened: Opened | undefined;
let timer: NodeJS.Timeout | undefined;

answerCalls<WriterCalls>(port, {
  open(options) {
    const found = openFolder(options, options.nowMs);
    if ('problem' in found) return found;
    opened = found;
    setTimeout(collectStartGarbage, garbageAfterMs).unref();
    const { database, isNew, damage, logEnd } = found;
    const brokenLog =
      logEnd === 'damaged' && damage === undefined ? keepCopy(options.folder, options.nowMs) : undefined;
    return { totals: database.totals, isNew, damage, isUnfinished: logEnd === 'unfinished', brokenLog };
  },
  instances() {
    const page = databaseOf().instances();
    if (page === 'end') timer = setInterval(prune, pruneEveryMs);
    else if ('damage' in page) {
      // What is written now would be written over what may still be saved.
      opened?.database.abandon();
      opened?.lock.close();
      opened = undefined;
    }
    return page;
  },
  forget: (rows) => databaseOf().forget(rows),
  holds: () => databaseOf().holds(),
  lift: (place) => databaseOf().lift(place),
  hold: (row) => databaseOf().hold(row),
  commit: (rows, nowMs) => databaseOf().commit(rows, nowMs),
  readFileEntries: () => databaseOf().readFileEntries(),
  writeFileEntries: (file, entries) => databaseOf().writeFileEntries(file, entries),
  checkFiles: () => opened?.database.checkFiles(),
  close(revision) {
    clearInterval(timer);
    try {
      opened?.database.close(revision);
    } finally {
      opened?.lock.close();
      port.close();
    }
  },
});

function databaseOf(): Opened['database'] {
  if (opened === undefined) throw new Error('The store is not open');
  return opened.database;
}

/** In slices: a commit that waits comes between two of them. */
function prune(): void {
  try {
    if (opened?.database.prune(Date.now()) === true) setImmediate(prune);
  } catch {
    // The commits report the fault of the disk; old events can wait.
  }
}
