// Why a command failed: the text for stderr and the exit code that goes with it.

import type { CliParts } from './command.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

export interface CommandFault {
  /** Safe to print; more than one line where several things are wrong. */
  readonly problem: string;
  readonly code: ExitCode;
  /** The server has no such call: it is another version, or is run without what the call is for. */
  readonly isUnknownCall?: boolean;
}

/** The command line itself is wrong. */
export function usageFault(problem: string): CommandFault {
  return { problem, code: exitCodes.usage };
}

/** Prints the fault on stderr; returns its exit code. */
export function printFault({ problem, code }: CommandFault, { err }: Pick<CliParts, 'err'>): ExitCode {
  err(`${problem}\n`);
  return code;
}
