// `rollcall check-services`: every fault of every service file, before the server meets it.

import type { Command } from 'commander';
import { type Action, type CliContext, describeArguments, type Typed } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { addConfigFlag } from '../flags.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { counted } from '../terminal/words.ts';
import { withConfig } from '../with-config.ts';

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'directory of service files (default: the setting "services")');
  addOutputFlag(addConfigFlag(command)).addHelpText('after', examples);
  return (typed) => {
    const [given] = typed.args;
    if (given !== undefined) return checkServices(given, typed, context);
    return withConfig(typed.options, context, (config) => checkServices(config.services, typed, context));
  };
}

async function checkServices(directory: string, typed: Typed, context: CliContext): Promise<ExitCode> {
  const { files, services, faults } = await context.checkServices(directory);
  await print(context, typed, { directory, files, services, faults }, () =>
    faults.length === 0
      ? `${counted(services, 'instance')} in ${counted(files, 'file')}, no faults\n`
      : faults.map((fault) => `${printable(fault)}\n`).join(''),
  );
  if (faults.length === 0) return exitCodes.ok;
  context.err(`${counted(faults.length, 'fault')} in ${directory}\n`);
  return exitCodes.failed;
}

const examples = `
Examples:
  rollcall check-services                the directory that "serve" would read
  rollcall check-services services.d && git push

Exit code 0: no faults. Exit code 1: each fault on a line of its own, as file:line:column: message.
`;
