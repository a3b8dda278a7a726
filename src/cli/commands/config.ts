// `rollcall config`: what "serve" would run with, and whose word each value is.

import type { Command } from 'commander';
import type { Action, CliContext } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { addFlags } from '../flags.ts';
import { printConfig, settingsTable } from '../print-config.ts';
import { withConfig } from '../with-config.ts';

export function define(command: Command, context: CliContext): Action {
  addFlags(command).addHelpText('after', () => `${examples}${settingsTable()}`);
  return ({ options }) =>
    withConfig(options, context, async (config, origins) => {
      context.out(printConfig(config, origins));
      return exitCodes.ok;
    });
}

const examples = `
Examples:
  rollcall config
  rollcall config --http 0.0.0.0:7171    would "serve" accept that?
  rollcall config --config other.yaml | grep -v '# default'

Every setting as rollcall.yaml has it, with its default. By environment, leaseSeconds is ROLLCALL_LEASE_SECONDS:
`;
