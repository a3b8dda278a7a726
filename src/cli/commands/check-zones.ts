// `rollcall check-zones`: every fault of every zone file, before the server meets it.

import type { Command } from 'commander';
import { type Action, type CliContext, describeArguments, type Typed } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { addConfigFlag } from '../flags.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { counted } from '../terminal/words.ts';
import { withConfig } from '../with-config.ts';

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'directory of zone files (default: the setting "zones")');
  addOutputFlag(addConfigFlag(command)).addHelpText('after', examples);
  return (typed) => {
    const [given] = typed.args;
    if (given !== undefined) return checkZones(given, typed, context);
    return withConfig(typed.options, context, (config) => checkZones(config.zones, typed, context));
  };
}

async function checkZones(directory: string, typed: Typed, context: CliContext): Promise<ExitCode> {
  const { zones, faults } = await context.checkZones(directory);
  await print(context, typed, { directory, zones, faults }, () =>
    faults.length === 0 ? `${counted(zones, 'zone')}, no faults\n` : faults.map((fault) => `${fault}\n`).join(''),
  );
  if (faults.length === 0) return exitCodes.ok;
  context.err(`${counted(faults.length, 'fault')} in ${directory}\n`);
  return exitCodes.failed;
}

const examples = `
Examples:
  rollcall check-zones                   the directory that "serve" would read
  rollcall check-zones zones && git push

Exit code 0: no faults. Exit code 1: each fault on a line of its own, as file:line:column: message.
`;
