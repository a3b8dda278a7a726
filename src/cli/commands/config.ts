// `rollcall config`: what "serve" would run with, and whose word each value is.

import type { Command } from 'commander';
import { type Action, type CliContext, describeArguments } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { addFlags } from '../flags.ts';
import { configDocument, printConfig, settingsTable } from '../print-config.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { withConfig } from '../with-config.ts';

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'the only thing it does, and may be left out');
  command.registeredArguments[0]?.choices(['print']);
  addOutputFlag(addFlags(command)).addHelpText('after', () => `${examples}${settingsTable()}`);
  return (typed) =>
    withConfig(typed.options, context, async (config, origins) => {
      await print(context, typed, configDocument(config, origins), () => printConfig(config, origins));
      return exitCodes.ok;
    });
}

const examples = `
Examples:
  rollcall config print
  rollcall config --http 0.0.0.0:7171    would "serve" accept that?
  rollcall config --config other.yaml | grep -v '# default'
  rollcall config print -o json          for programs: each value, and where it is from

Every setting as rollcall.yaml has it, with its default. By environment, leaseSeconds is ROLLCALL_LEASE_SECONDS:
`;
