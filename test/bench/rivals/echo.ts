// The ceiling: a program in C that sends each datagram back (echo.c), built where a compiler is. Its queries per CPU second
// are what the kernel leaves of a second to any server.

import { join } from 'node:path';
import { installed } from '../../kit/process/installed.ts';
import { run } from '../../kit/process/program.ts';
import { nextPort } from '../ports.ts';
import { type Server, started } from '../started.ts';

const compiler = 'cc';
const compilingMaxMs = 60_000;

/** Built and started below `folder`; undefined where no compiler is, which is printed. */
export async function startEcho(folder: string): Promise<Server | undefined> {
  if (!installed(compiler)) {
    console.log(`not installed, so there is no C echo to compare with: ${compiler}\n`);
    return undefined;
  }
  const program = join(folder, 'echo');
  const source = join(import.meta.dirname, 'echo.c');
  const { code, err } = await run(compiler, ['-O2', '-o', program, source], { withinMs: compilingMaxMs });
  if (code !== 0) throw new Error(`the C echo cannot be built: ${err}`);
  const port = await nextPort();
  return started({ name: 'C echo', program, args: [String(port)], port, cwd: folder });
}
