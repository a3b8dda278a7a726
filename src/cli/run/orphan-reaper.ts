// Stops the program when `rollcall run` itself is killed (SIGKILL, out of memory): a shell that waits for the end of a pipe
// whose other end only this process holds. It ends the program's process group, SIGTERM first, so that no orphan keeps
// the port and its traffic without a registration. Works on every Unix; prctl's parent death signal would need code in the
// program itself.
// Limits: where both are killed at once the program survives. Without /bin/sh there is no reaper.

import { type ChildProcess, spawn } from 'node:child_process';

export interface OrphanReaper {
  /** The process group that is to end with us. */
  watch(group: number): void;
  /** The group has ended: there is nothing to reap. */
  dismiss(): void;
}

/** $1: seconds between SIGTERM and SIGKILL. In a session of its own, and ignoring the signals sent to ours. */
const script = `
trap '' HUP INT TERM QUIT
group=
while read -r line; do
  [ "$line" = dismissed ] && exit 0
  group=$line
done
[ -n "$group" ] || exit 0
kill -TERM "-$group" 2>/dev/null || exit 0
left=$1
while [ "$left" -gt 0 ] && kill -0 "-$group" 2>/dev/null; do
  sleep 1
  left=$((left - 1))
done
kill -KILL "-$group" 2>/dev/null
`;

/** Starts it; `onMissing` is called where that is not possible. */
export function startOrphanReaper(graceSeconds: number, onMissing: (why: string) => void): OrphanReaper {
  const args = ['-c', script, 'rollcall-orphan-reaper', String(Math.max(1, Math.ceil(graceSeconds)))];
  const shell: ChildProcess = spawn('/bin/sh', args, {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
  });
  shell.once('error', (error) => onMissing(error.message));
  shell.stdin?.on('error', () => {});
  shell.unref();
  return {
    watch: (group) => void shell.stdin?.write(`${group}\n`),
    dismiss: () => void shell.stdin?.end('dismissed\n'),
  };
}
