// `rollcall completion`: the scripts are made from the program itself, every command with its flags and their choices.

import type { Command } from 'commander';
import { type Action, type CliContext, describeArguments } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'shell to print it for');
  command.registeredArguments[0]?.choices([...shells]);
  command.addHelpText('after', examples);
  return async ({ args: [shell] }) => {
    const { completionScript } = await import('../completion-script.ts');
    context.out(completionScript(shell as Shell, await context.wholeProgram()));
    return exitCodes.ok;
  };
}

const examples = `
Examples:
  source <(rollcall completion bash)                               this shell; or put it into ~/.bashrc
  rollcall completion zsh > "\${fpath[1]}/_rollcall"
  rollcall completion fish > ~/.config/fish/completions/rollcall.fish
`;
