// The program that is run: a process with our streams, in a session and process group of its own, so that a Ctrl-C in
// the terminal reaches us first and all its descendants can be ended. Signals go to the program alone, as from any
// supervisor; what it leaves behind, or what does not end in time, is ended as a group.

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { kill } from 'node:process';
import { pause, type Scheduler } from '../../runtime/scheduler.ts';

export type ChildEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'unstartable'; readonly code: number; readonly why: string };

const pollMs = 50;
const never = new AbortController().signal;

export class Child {
  readonly #started: ChildProcess;
  /** Settles once, with how it ended; never rejects. */
  readonly ended: Promise<ChildEnd>;

  constructor([command = '', ...args]: readonly string[], env: NodeJS.ProcessEnv) {
    this.#started = spawn(command, args, { stdio: 'inherit', detached: true, env });
    this.ended = new Promise((resolve) => {
      this.#started.once('error', (error: NodeJS.ErrnoException) => resolve(unstartable(command, error)));
      this.#started.once('exit', (code, signal) =>
        resolve(signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'killed', signal }),
      );
    });
  }

  /** Of its process group too; undefined where it could not be started. */
  get pid(): number | undefined {
    return this.#started.pid;
  }

  signal(signal: NodeJS.Signals): void {
    this.#started.kill(signal);
  }

  killGroup(): void {
    this.#signalGroup('SIGKILL');
  }

  /** Ends what is left of the group after the program itself: SIGTERM, and after `graceMs` SIGKILL. */
  async endGroup(graceMs: number, scheduler: Scheduler): Promise<void> {
    const endsMs = scheduler.nowMs() + graceMs;
    for (let isThere = this.#signalGroup('SIGTERM'); isThere; isThere = this.#signalGroup(0)) {
      if (scheduler.nowMs() >= endsMs) {
        this.killGroup();
        return;
      }
      await pause(scheduler, pollMs, never, true);
    }
  }

  /** Whether there was a process to signal. */
  #signalGroup(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#started;
    if (pid === undefined) return false;
    try {
      return kill(-pid, signal);
    } catch {
      return false;
    }
  }
}

/** As shells number it: 128 and the signal. */
export function exitCodeOf(end: ChildEnd): number {
  return end.kind === 'killed' ? 128 + constants.signals[end.signal] : end.code;
}

export function endText(end: ChildEnd): string {
  if (end.kind === 'exited') return `the program exited with code ${end.code}`;
  return end.kind === 'killed' ? `the program was killed by ${end.signal}` : end.why;
}

/** 127 and 126 as shells, `env` and `nohup` give them. */
function unstartable(command: string, { code, message }: NodeJS.ErrnoException): ChildEnd {
  const isMissing = code === 'ENOENT';
  const why = isMissing ? 'there is no such program, or no such working directory' : message;
  return { kind: 'unstartable', code: isMissing ? 127 : 126, why: `cannot start ${JSON.stringify(command)}: ${why}` };
}
