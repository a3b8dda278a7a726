// Where a DNS thread begins: see plane.ts for the whole, plane-thread.ts for what it does. It ends by itself once it has
// been asked to close and its sockets are. Its first message is what it starts with.

import { type MessagePort, parentPort } from 'node:worker_threads';
import { collectStartGarbage } from '../../runtime/start-garbage.ts';
import { Inbox } from './inbox.ts';
import { PlaneThread } from './plane-thread.ts';
import type { ThreadEvent, ThreadStart } from './thread-message.ts';

const port = parentPort as MessagePort;
const report = (event: ThreadEvent) => port.postMessage(event);
port.once('message', (start: ThreadStart) => {
  const thread = new PlaneThread(start, report, () => inbox.isBusy);
  const inbox = new Inbox(port, (message) => {
    thread.apply(message);
    if (message.kind === 'close') void thread.settled().then(() => port.close());
  });
  // Before anything is answered: later it would hold answers up.
  collectStartGarbage();
});
