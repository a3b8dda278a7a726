// rollcall as a process of its own on free ports: the program that `npm start` runs, built once for all test files, with the
// Node of the tests, in an empty directory, without any setting from the environment. `stop()` is the clean end and checks
// that it was one.

import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cleanEnvironment, type Ended, type Program, start } from './program.ts';
import { type Files, removeScratch, scratch } from './scratch.ts';
import { until } from './until.ts';
import { atWorkerEnd } from './worker-end.ts';

export const root = join(import.meta.dirname, '..', '..', '..');
const { mainOf } = createRequire(import.meta.url)('../../../bin/built.cjs') as { mainOf: (root: string) => string };
/** From src/main.ts a start takes three times the CPU time. */
export const main = mainOf(root);

export interface Listen {
  readonly host: string;
  readonly port: number;
}

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface ServerOptions {
  /** One listener each on a free port of 127.0.0.1 by default. */
  readonly http?: string;
  readonly dns?: string;
  /** Nothing is kept by default. */
  readonly data?: string;
  /** The repository's own by default. */
  readonly zones?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Files;
  /** The working directory, to be kept over a restart; a new one by default. */
  readonly directory?: string;
  /** Instead of Node itself, for a start through something else. */
  readonly command?: readonly [program: string, ...args: string[]];
  /** Seconds are rare where much else runs. */
  readonly withinMs?: number;
}

export interface ServerProcess {
  /** Of the Node process itself. */
  readonly pid: number;
  readonly directory: string;
  readonly httpListens: readonly Listen[];
  readonly dnsListens: readonly Listen[];
  readonly httpPort: number;
  readonly dnsPort: number;
  /** Of DNS over TLS, where that is configured. */
  readonly dnsTlsListens: readonly Listen[];
  /** `http://127.0.0.1:PORT` */
  readonly http: string;
  readonly program: Program;
  readonly ended: Promise<Ended>;
  logs(): LogLine[];
  /** All its output, as text. */
  output(): string;
  /** SIGTERM. An exit code other than 0 or a logged error is an error. */
  stop(): Promise<Ended>;
  /** SIGKILL. */
  kill(): Promise<Ended>;
  /** Open descriptors now. */
  descriptors(): number;
}

/** Starts and waits for the ready line. */
export async function startServer(options: ServerOptions = {}): Promise<ServerProcess> {
  const { http: onHttp = '127.0.0.1:0', dns: onDns = '127.0.0.1:0', data = 'none' } = options;
  const { zones = join(root, 'zones'), args = [], env = {}, files = {}, withinMs = 50_000 } = options;
  const isOwn = options.directory === undefined;
  const directory = options.directory ?? scratch(files);
  const [command, ...before] = options.command ?? [process.execPath, main, 'serve'];
  // Every number of threads is tested the same: `TEST_DNS_THREADS=2 npm test`.
  const threads = process.env['TEST_DNS_THREADS'];
  const plane: Record<string, string> = threads === undefined ? {} : { ROLLCALL_DNS_THREADS: threads };
  const flags = ['--http', onHttp, '--dns', onDns, '--data', data, '--zones', zones];
  const program = start(command, [...before, ...flags, ...args], {
    cwd: directory,
    env: cleanEnvironment({ ...plane, ...env }),
  });
  const lines = (): LogLine[] => program.output().split('\n').flatMap(logLine);
  const ready = await until(
    'rollcall being ready',
    () => {
      const { exitCode, signalCode } = program.child;
      if (exitCode !== null || signalCode !== null) throw new Error(`rollcall ended (${exitCode ?? signalCode})`);
      return lines().find(({ msg }) => msg === 'rollcall is ready');
    },
    { withinMs },
  ).catch(async (error: Error) => {
    await program.stop('SIGKILL');
    throw new Error(`${error.message}: ${program.output()}`);
  });
  const { http, dns, dnsTls, pid } = ready as object as Record<'http' | 'dns' | 'dnsTls', Listen[]> & { pid: number };
  const [firstHttp, firstDns] = [http[0] as Listen, dns[0] as Listen];
  // npm would leave it behind.
  const isOver = atWorkerEnd(() => sendSignal(pid, 'SIGKILL'));

  async function signalled(signal: NodeJS.Signals): Promise<Ended> {
    // What npm starts is not its child: npm hands signals on, but not SIGKILL.
    if (program.child.exitCode === null && program.child.signalCode === null) sendSignal(pid, signal);
    const timer = setTimeout(() => sendSignal(pid, 'SIGKILL'), 30_000);
    const ended = await program.ended;
    clearTimeout(timer);
    isOver();
    if (isOwn) removeScratch(directory);
    return ended;
  }

  return {
    pid,
    directory,
    httpListens: http,
    dnsListens: dns,
    dnsTlsListens: dnsTls,
    httpPort: firstHttp.port,
    dnsPort: firstDns.port,
    http: `http://${firstHttp.host.includes(':') ? `[${firstHttp.host}]` : firstHttp.host}:${firstHttp.port}`,
    program,
    ended: program.ended,
    logs: lines,
    output: () => program.output(),
    async stop() {
      const ended = await signalled('SIGTERM');
      const errors = lines().filter(({ level }) => level >= 50);
      if (ended.code !== 0 || errors.length > 0)
        throw new Error(`not a clean end (${ended.code}): ${program.output()}`);
      return ended;
    },
    kill: () => signalled('SIGKILL'),
    descriptors: () => readdirSync(`/proc/${pid}/fd`).length,
  };
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function logLine(text: string): LogLine[] {
  if (!text.startsWith('{')) return [];
  try {
    return [JSON.parse(text) as LogLine];
  } catch {
    // The rest of it is still to come.
    return [];
  }
}
