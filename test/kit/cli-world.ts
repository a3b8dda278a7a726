// A command line without a process: what is typed, the environment, the files and the terminal are plain values, and
// what is said comes back. For everything but the start of a process itself; that is command-line.ts.

import { type CliParts, runCli } from '../../src/cli/program.ts';

export interface CliWorld {
  readonly env?: Readonly<Record<string, string>>;
  /** Path as it is typed -> text. */
  readonly files?: Readonly<Record<string, string>>;
  /** A terminal of this width; without it the output goes to a pipe. */
  readonly columns?: number;
}

export interface Said {
  readonly code: number | 'running';
  readonly out: string;
  readonly err: string;
}

export async function typed(argv: readonly string[], { env = {}, files = {}, columns }: CliWorld = {}): Promise<Said> {
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
    },
    err: (text) => {
      err += text;
    },
    terminal: columns === undefined ? undefined : { columns },
    serve: async () => ({ problem: 'serving is not what this test is about' }),
    checkZones: async () => ({ zones: 0, faults: [] }),
  };
  const code = await runCli(argv, parts);
  return { code, out, err };
}
