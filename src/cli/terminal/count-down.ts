// Seconds counted down in one line that overwrites itself, for a reader who waits at a terminal. In a pipe, and on a
// terminal that cannot move its cursor, nothing is printed: a log full of them is of no use.

import type { CliParts } from '../command.ts';

const everyMs = 1000;
const eraseLine = '\r\u001b[K';

/** Begins; the function that it gives back ends it and leaves the line empty. */
export function countDown(
  what: string,
  seconds: number,
  { terminal, env, out }: Pick<CliParts, 'terminal' | 'env' | 'out'>,
): () => void {
  if (terminal === undefined || env['TERM'] === 'dumb') return () => {};
  let left = seconds;
  const draw = (): void => out(`${eraseLine}${what}: ${left > 0 ? `${left} s` : 'any moment'}`);
  draw();
  const timer = setInterval(() => {
    left--;
    draw();
  }, everyMs);
  return () => {
    clearInterval(timer);
    out(eraseLine);
  };
}
