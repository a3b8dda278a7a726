// A server as a process that we hold: started, waited for until it answers, stopped by its id.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

export interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

export interface Start {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** A large zone takes its time. */
  readonly withinMs?: number;
}

const pollMs = 100;
let port = 18_053;

/** One that no other server of this run has; the one above it is free, too. */
export function nextPort(): number {
  port += 10;
  return port;
}

export async function started(start: Start): Promise<Server> {
  const { name, program, args, port, cwd, env = process.env, withinMs = 120_000 } = start;
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr?.on('data', (text: Buffer) => {
    complaint = `${complaint}${text.toString()}`.slice(-2000);
  });
  for (let waitedMs = 0; !answers(port); waitedMs += pollMs) {
    if (waitedMs > withinMs || child.exitCode !== null) {
      child.kill('SIGKILL');
      throw new Error(`${name} does not answer on port ${port}: ${complaint}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return { name, pid: child.pid as number, port, stop: () => stopped(child) };
}

export function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** SERVFAIL is the answer of one that is not ready. */
function answers(port: number): boolean {
  const question = ['app0.prod.svc', 'A'];
  const options = ['-p', String(port), '+time=1', '+tries=1', '+noall', '+comments'];
  const { stdout } = spawnSync('dig', ['@127.0.0.1', ...options, ...question], { encoding: 'utf8' });
  return /status: (NOERROR|NXDOMAIN)/.test(stdout);
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
