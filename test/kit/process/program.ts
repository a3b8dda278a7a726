// Foreign programs as child processes: those that run and end (dig, curl) and those that stay (nginx, Unbound). Each is
// ended by the process we hold, at the latest with our own.

import { type ChildProcess, spawn } from 'node:child_process';
import { delimiter } from 'node:path';
import { pathOf } from './installed.ts';
import { type Patience, until } from './until.ts';
import { atWorkerEnd } from './worker-end.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Program {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Its output so far, both streams. */
  output(): string;
  readonly ended: Promise<Ended>;
  /** Sends the signal and waits for the end; after `graceMs` it is killed. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<Ended>;
}

export interface Surroundings {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** For those that are waited for: then they are killed. */
  readonly withinMs?: number;
}

/** Starts a program that stays. */
export function start(command: string, args: readonly string[], { cwd, env, input }: Surroundings = {}): Program {
  const path = command.includes('/') ? command : (pathOf(command) ?? command);
  const child = spawn(path, args, { cwd, env: { ...(env ?? cleanEnvironment()) }, stdio: ['pipe', 'pipe', 'pipe'] });
  const isOver = atWorkerEnd(() => void child.kill('SIGKILL'));
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      isOver();
      resolve({ code, signal, out, err });
    });
  });
  // Who does not wait for the end need not hear of a failed start twice.
  ended.catch(() => {});
  const stop = async (signal: NodeJS.Signals = 'SIGTERM', graceMs = 30_000): Promise<Ended> => {
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    child.kill(signal);
    const end = await ended;
    clearTimeout(timer);
    return end;
  };
  return { pid: child.pid ?? -1, child, output: () => out + err, ended, stop };
}

/** Starts a program that stays and waits until it is of use; one that ends instead is an error with its output. */
export async function startWhen(
  what: string,
  program: Program,
  isUp: () => boolean | Promise<boolean>,
  patience: Patience = {},
): Promise<Program> {
  const { child } = program;
  const ask = async (): Promise<boolean> => {
    if (child.exitCode !== null || child.signalCode !== null) await program.ended;
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`);
    return isUp();
  };
  try {
    await until(what, ask, patience);
  } catch (error) {
    await program.stop('SIGKILL');
    throw new Error(`${what}: ${(error as Error).message}\n${program.output()}`);
  }
  return program;
}

/** Runs a program to its end, within `withinMs`: a minute, where much else runs, is nothing rare for a build or a start. */
export function run(
  command: string,
  args: readonly string[],
  { withinMs = 60_000, ...surroundings }: Surroundings = {},
): Promise<Ended> {
  const program = start(command, args, surroundings);
  const timer = setTimeout(() => program.child.kill('SIGKILL'), withinMs);
  return program.ended.finally(() => clearTimeout(timer));
}

/** What it prints, without the last line end; anything but exit code 0 is an error. */
export async function output(command: string, args: readonly string[], surroundings?: Surroundings): Promise<string> {
  const { code, signal, out, err } = await run(command, args, surroundings);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${code ?? signal}\n${out}${err}`);
  return out.trimEnd();
}

/** The environment without what is meant for this program, vitest or us. */
export function cleanEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(ROLLCALL_|VITEST|NODE_|TEST$|DEV$|PROD$)/.test(name));
  return { ...Object.fromEntries(kept), ...more };
}

/** PATH with the Node that runs this file first, as npm scripts have it. */
export function pathWithNode(bin: string): string {
  return [bin, process.env['PATH'] ?? ''].join(delimiter);
}
