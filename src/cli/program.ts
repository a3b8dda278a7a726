// The command line: arguments, output, exit code. It starts nothing by itself: the server's parts are handed in as
// functions, so this folder knows neither DNS nor HTTP servers and a test can read all output.
// Only the command that was called is loaded; of the others the table has name and summary.

import { Command, CommanderError } from 'commander';
import type { CliContext, CliParts, CommandRow } from './command.ts';
import { commandMeantBy } from './command-synonyms.ts';
import { commandRows } from './commands.ts';
import { exitCodes, exitCodesText } from './exit-codes.ts';
import { printable } from './terminal/printable.ts';

export type { CliParts } from './command.ts';

/** The exit code, or `running` where the process has to stay. */
export async function runCli(argv: readonly string[], parts: CliParts): Promise<number | 'running'> {
  const called = argv.find((word) => !word.startsWith('-'));
  const other = otherWords(called);
  if (other !== undefined) {
    parts.err(`error: unknown command '${printable(called ?? '')}'\n${other}\n`);
    return exitCodes.usage;
  }
  let result: number | 'running' = exitCodes.ok;
  const ends = (code: number | 'running'): void => {
    result = code;
  };
  const program = await programOf(parts, ends, (row) => nameOf(row) === called);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    // commander throws for --help and --version too; its output is already printed.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    throw error;
  }
  return result;
}

/** What to type instead of a word that means a command of ours elsewhere; undefined: it is one, or nothing that we know. */
function otherWords(called: string | undefined): string | undefined {
  if (called === undefined || commandRows.some((row) => nameOf(row) === called)) return undefined;
  if (called === 'help' || called === 'version') return `(Did you mean --${called}?)`;
  const meant = commandMeantBy(called);
  const row = commandRows.find((one) => nameOf(one) === meant);
  return row && `(Did you mean ${meant}?)\n  rollcall ${row.spec}   ${row.summary}`;
}

async function programOf(
  parts: CliParts,
  ends: (code: number | 'running') => void,
  isWanted: (row: CommandRow) => boolean,
): Promise<Command> {
  const program = new Command('rollcall')
    .description(
      'A service registry that answers in DNS: services register over HTTP, anything that speaks DNS finds them.',
    )
    .version(parts.version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    // `register --version 1.4.2` is the instance's, not ours.
    .enablePositionalOptions()
    .addHelpText('after', programExamples)
    .configureOutput({ writeOut: parts.out, writeErr: parts.err })
    .exitOverride();
  const context: CliContext = { ...parts, wholeProgram: () => programOf(parts, ends, () => true) };
  for (const row of commandRows) {
    const command = program.command(row.spec).description(row.summary).helpGroup(row.group);
    command.showHelpAfterError(`"rollcall ${nameOf(row)} --help" shows how to call it, with examples.`);
    if (!isWanted(row)) continue;
    const action = (await row.load()).define(command, context);
    command.action(async () => ends(await action({ args: command.args, options: command.opts() })));
  }
  return program;
}

function nameOf(row: CommandRow): string {
  return row.spec.split(' ', 1)[0] ?? '';
}

const programExamples = `
Examples:
  rollcall serve                         answer on 127.0.0.1: HTTP 7171, DNS 8053
  rollcall register prod/orders/orders-1 --addr http://127.0.0.1:8080
  rollcall ls                            which apps there are
  rollcall resolve orders.prod.svc SRV   what DNS answers, and why
  rollcall snippet unbound               how a resolver is sent to the registry
  rollcall doctor                        why it does not

"rollcall COMMAND --help" explains each of them. ROLLCALL_URL (default http://127.0.0.1:7171) names the server to talk
to, ROLLCALL_TOKEN or ROLLCALL_TOKEN_FILE holds the token. --output json and yaml are for programs to read.
Settings of the server come from, weakest first: defaults, rollcall.yaml, ROLLCALL_* variables, flags.
${exitCodesText}`;
