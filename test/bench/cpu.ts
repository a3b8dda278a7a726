// CPU seconds that a process and its descendants have used, all threads included, from /proc (Linux). A server that
// forks workers is charged for all of them, those that have ended included.

import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** User and system seconds of the process tree below `pid`, itself included. */
export function cpuSeconds(pid: number): number {
  const processes = readdirSync('/proc')
    .filter((entry) => /^[0-9]+$/.test(entry))
    .flatMap((entry) => statOf(Number(entry)) ?? []);
  const family = new Set([pid]);
  // Parents have no smaller ids by rule, so look until no process is added.
  for (let size = 0; size < family.size; ) {
    size = family.size;
    for (const one of processes) if (family.has(one.parent)) family.add(one.pid);
  }
  return processes.filter((one) => family.has(one.pid)).reduce((sum, { ticks }) => sum + ticks, 0) / ticksPerSecond;
}

/** proc(5): the fields behind the command, which stands in parentheses and may hold anything. */
function statOf(pid: number): { pid: number; parent: number; ticks: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // utime, stime, and the same of children that have ended.
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { pid, parent: Number(fields[1]), ticks };
  } catch {
    return undefined;
  }
}
