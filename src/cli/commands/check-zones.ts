// `rollcall check-zones`: every fault of every zone file, before the server meets it.

import type { Command } from 'commander';
import { type Action, type CliContext, describeArguments } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { addConfigFlag } from '../flags.ts';
import { withConfig } from '../with-config.ts';

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'directory of zone files (default: the setting "zones")');
  addConfigFlag(command).addHelpText('after', examples);
  return ({ args: [given], options }) => {
    if (given !== undefined) return checkZones(given, context);
    return withConfig(options, context, (config) => checkZones(config.zones, context));
  };
}

async function checkZones(directory: string, context: CliContext): Promise<ExitCode> {
  const { zones, faults } = await context.checkZones(directory);
  if (faults.length === 0) {
    context.out(`${counted(zones, 'zone')}, no faults\n`);
    return exitCodes.ok;
  }
  context.out(faults.map((fault) => `${fault}\n`).join(''));
  context.err(`${counted(faults.length, 'fault')} in ${directory}\n`);
  return exitCodes.failed;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

const examples = `
Examples:
  rollcall check-zones                   the directory that "serve" would read
  rollcall check-zones zones && git push

Exit code 0: no faults. Exit code 1: each fault on a line of its own, as file:line:column: message.
`;
