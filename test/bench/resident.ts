// Resident memory of a process, all its threads together.

import { readFileSync } from 'node:fs';

/** proc(5), status: in kB. */
export function residentBytes(pid: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}
