// The descriptor behind the event loop of this thread: an epoll instance, which is itself readable as long as the loop
// has something to do. Node does not expose it, but the kernel lists what each epoll instance watches (proc(5),
// /proc/PID/fdinfo): ours is the one that watches a pipe which we have just given to the loop.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LibC, Unavailable } from './libc.ts';
import { O_CLOEXEC, O_NONBLOCK } from './linux.ts';

const folder = '/proc/self';

/** To be called on the thread that it is about. The descriptor lives as long as the thread. */
export async function findLoopDescriptor(libc: LibC): Promise<number | Unavailable> {
  const ends = Buffer.alloc(8);
  if (libc.pipe2(ends, O_CLOEXEC | O_NONBLOCK) !== 0) return { unavailable: `no pipe: errno ${libc.errno()}` };
  const watched = ends.readInt32LE(0);
  const pipe = new Socket({ fd: watched, readable: true, writable: false });
  pipe.resume();
  try {
    // What is to be watched is passed to the kernel when the loop waits the next time.
    await nextTurn();
    await nextTurn();
    const watches = new RegExp(`^tfd:\\s*${watched}\\s`, 'm');
    const found = readdirSync(`${folder}/fd`).filter((fd) => isEventPoll(fd) && watches.test(factsOf(fd)));
    if (found.length === 1) return Number(found[0]);
    return { unavailable: `the event loop's descriptor is not among those in ${folder}/fd` };
  } catch (error) {
    return { unavailable: `${folder} cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    const isClosed = new Promise((resolve) => pipe.once('close', resolve));
    pipe.destroy();
    await isClosed;
    libc.close(ends.readInt32LE(4));
  }
}

/** Descriptors of other threads come and go meanwhile. */
function isEventPoll(fd: string): boolean {
  try {
    return readlinkSync(`${folder}/fd/${fd}`) === 'anon_inode:[eventpoll]';
  } catch {
    return false;
  }
}

function factsOf(fd: string): string {
  try {
    return readFileSync(`${folder}/fdinfo/${fd}`, 'latin1');
  } catch {
    return '';
  }
}
