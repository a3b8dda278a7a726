// Which cores the servers have and which their clients, so that a server's own delays are seen and not those of a client
// that waits for its core. It takes four, and Linux's `taskset`.

import { readFileSync } from 'node:fs';
import { installed } from '../kit/process/installed.ts';
import { output } from '../kit/process/program.ts';

export interface Cores {
  readonly servers: readonly number[];
  readonly storm: readonly number[];
  readonly asking: readonly number[];
}

const coresMin = 4;

/** Undefined: too few of them, or they cannot be shared out. */
export function sharedOut(): Cores | undefined {
  const cores = allowed();
  if (cores.length < coresMin || !installed('taskset')) return undefined;
  const [storm, asking, ...servers] = [...cores].reverse();
  // The control plane and the DNS threads run at the same time.
  return { servers: servers.reverse(), storm: [storm as number], asking: [asking as number] };
}

/** What is started from then on runs on those alone; undefined: where it will. */
export async function startOn(cores: readonly number[] | undefined): Promise<void> {
  if (cores !== undefined) await output('taskset', ['-a', '-c', '-p', cores.join(','), String(process.pid)]);
}

/** proc(5), status: `0-3,8`. */
function allowed(): number[] {
  const [, list = ''] = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
  return list.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}
