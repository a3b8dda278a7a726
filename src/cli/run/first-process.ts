// `rollcall run` as the first process of a container. Whatever loses its parent there becomes a child of process 1, which
// has to reap it; Node reaps only what it has started itself. So process 1 turns into a small shell script that starts
// us again as its child, reaps, and hands signals and the exit code on. When it ends, the kernel ends all the others.
// Limits: without /bin/sh we stay process 1 ourselves, and zombies of orphans stay as well.

import { existsSync } from 'node:fs';

const shell = '/bin/sh';

/** Descriptor 3, since a shell gives what it starts beside itself /dev/null to read. */
const script = `
exec 3<&0
"$@" <&3 3<&- &
main=$!
for name in TERM INT HUP QUIT USR1 USR2 WINCH; do trap "kill -$name $main 2>/dev/null" $name; done
while :; do
  wait $main
  code=$?
  kill -0 $main 2>/dev/null || break
done
wait $main 2>/dev/null
again=$?
[ $again -eq 127 ] || code=$again
exit $code
`;

/** Does not return where we are process 1 and can leave that to a shell; otherwise returns why not, or nothing. */
export function leaveFirstProcess(): string | undefined {
  if (process.pid !== 1) return undefined;
  if (!existsSync(shell) || process.execve === undefined) return `there is no ${shell} to reap orphaned processes`;
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  return process.execve(shell, ['sh', '-c', script, 'rollcall-first-process', ...again], process.env);
}
