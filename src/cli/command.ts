// What a command is to the program that runs it: a row of the table in commands.ts, and behind it a module that is only
// loaded when it is called, since most of a command line's time is the loading of code that is not needed.

import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import type { Environment, ReadFile } from '../config/sources.ts';
import type { Keyboard } from './terminal/keys.ts';

export interface CliParts {
  readonly version: string;
  readonly env: Environment;
  readonly readFile: ReadFile;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Undefined: the output goes to a file, a pipe or another program. */
  readonly terminal: { readonly columns: number; readonly rows?: number } | undefined;
  /** Undefined: what is typed does not come from a terminal. */
  readonly keyboard?: Keyboard | undefined;
  /** Starts the service and returns; called once. The provider also stops the service and ends the process. */
  serve(config: Config): Promise<'running' | { readonly problem: string }>;
  /** Reads every zone file of the directory; faults as `file:line:column: message`. */
  checkZones(directory: string): Promise<{ readonly zones: number; readonly faults: readonly string[] }>;
  /** The same for service files. */
  checkServices(
    directory: string,
  ): Promise<{ readonly files: number; readonly services: number; readonly faults: readonly string[] }>;
}

export interface CliContext extends CliParts {
  /** The program with every command and every flag, for what is derived from all of them. */
  wholeProgram(): Promise<Command>;
}

/** What was typed: arguments in their order, flags by their long name in camel case. */
export interface Typed {
  readonly args: readonly (string | undefined)[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** The exit code, one of ours or (`run`) that of another program; `running`: the process has to stay. */
export type Action = (typed: Typed) => Promise<number | 'running'>;

export interface CommandModule {
  /** Adds flags, choices and examples to the command; gives what it does. */
  define(command: Command, context: CliContext): Action;
}

export interface CommandRow {
  /** Name and arguments as commander reads them: `ls [env]`. */
  readonly spec: string;
  readonly summary: string;
  readonly group: string;
  load(): Promise<CommandModule>;
}

/** A flag's text; undefined: it was not given. */
export function textOption({ options }: Typed, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** The texts of a flag that may be given several times, in their order. */
export function textOptions({ options }: Typed, name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** For commander: a flag that may be given again. */
export function oneMore(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** For --help: what each argument of the command is, in their order. */
export function describeArguments(command: Command, ...texts: readonly string[]): void {
  for (const [index, argument] of command.registeredArguments.entries()) argument.description = texts[index] ?? '';
}
