// The thread that searches the events. Started by store.ts at the first question.

import { type MessagePort, parentPort } from 'node:worker_threads';
import { answerCalls } from './answering.ts';
import type { SearchCalls } from './calls.ts';
import { databasePath } from './data-folder.ts';
import { EventSearch } from './event-search.ts';

const port = parentPort as MessagePort;
let search: EventSearch | undefined;

answerCalls<SearchCalls>(port, {
  open(folder) {
    search ??= new EventSearch(databasePath(folder));
  },
  find(query) {
    if (search === undefined) throw new Error('The record of events is not open');
    return search.find(query);
  },
  close() {
    search?.close();
    port.close();
  },
});
