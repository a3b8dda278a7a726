// Runs `rollcall` as a process of its own, in an empty directory, with nothing in the environment but what a test gives.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { main } from '../process/server-process.ts';

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  /** Path below the working directory -> text. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly directory: string;
  readonly ended: Promise<Ended>;
  /** Resolves with the whole output so far once it matches, rejects if the process ends before. */
  readonly untilOutput: (pattern: RegExp) => Promise<string>;
}

export function startRollcall(args: readonly string[], { env = {}, files = {} }: Surroundings = {}): Running {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-cli-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  const child = spawn(process.execPath, [main, ...args], { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { out: '', err: '' };
  const listeners = new Set<() => void>();
  const hear = (stream: 'out' | 'err') => (chunk: string) => {
    output[stream] += chunk;
    for (const listener of listeners) listener();
  };
  child.stdout.setEncoding('utf8').on('data', hear('out'));
  child.stderr.setEncoding('utf8').on('data', hear('err'));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...output }));
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  });

  const untilOutput = async (pattern: RegExp): Promise<string> => {
    const heard = new Promise<void>((resolve) => {
      const listener = (): void => {
        if (pattern.test(output.out + output.err)) resolve();
      };
      listeners.add(listener);
      listener();
    });
    const winner = await Promise.race([heard, ended]);
    const text = output.out + output.err;
    if (winner !== undefined && !pattern.test(text))
      throw new Error(`rollcall ended without printing ${pattern}: ${text}`);
    return text;
  };
  return { child, directory, ended, untilOutput };
}

export function rollcall(args: readonly string[], surroundings?: Surroundings): Promise<Ended> {
  return startRollcall(args, surroundings).ended;
}
