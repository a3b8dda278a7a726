// A command line without a process: what is typed, the environment, the files and the terminal are plain values, and
// its output comes back. For everything but the start of a process itself; that is command-line.ts.

import { type CliParts, runCli } from '../../../src/cli/program.ts';
import type { Keyboard } from '../../../src/cli/terminal/keys.ts';

export interface CliWorld {
  readonly env?: Readonly<Record<string, string>>;
  /** Path as it is typed -> text. */
  readonly files?: Readonly<Record<string, string>>;
  /** A terminal of this width; without it the output goes to a pipe. */
  readonly columns?: number;
  readonly rows?: number;
  readonly keyboard?: Keyboard;
  /** Called with all of stdout so far, at each write to it. */
  readonly onOut?: (out: string) => void;
  readonly onErr?: (err: string) => void;
}

export interface CommandResult {
  readonly code: number | 'running';
  readonly out: string;
  readonly err: string;
}

export async function typed(argv: readonly string[], world: CliWorld = {}): Promise<CommandResult> {
  const { env = {}, files = {}, columns, rows = 24, onOut, onErr, keyboard } = world;
  let [out, err] = ['', ''];
  const parts: CliParts = {
    version: '0.0.0',
    env,
    readFile: (path) => {
      const text = files[path];
      return text === undefined ? { kind: 'missing' } : { kind: 'text', text };
    },
    out: (text) => {
      out += text;
      onOut?.(out);
    },
    err: (text) => {
      err += text;
      onErr?.(err);
    },
    terminal: columns === undefined ? undefined : { columns, rows },
    serve: async () => ({ problem: 'serving is not what this test is about' }),
    checkZones: async () => ({ zones: 0, faults: [] }),
    checkServices: async () => ({ files: 0, services: 0, faults: [] }),
    keyboard,
  };
  const code = await runCli(argv, parts);
  return { code, out, err };
}
