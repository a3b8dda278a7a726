// The flags of `serve` and `config`, derived from the settings that name one. Values stay as they were typed: what is
// wrong with them is reported together with the problems of the file and the environment, not one by one.

import { type Command, Option } from 'commander';
import { factsOf, flagNameOf, settingKeys } from '../config/settings.ts';

export function addFlags(command: Command): Command {
  addConfigFlag(command);
  for (const key of settingKeys) {
    const facts = factsOf(key);
    if (facts.flag === undefined) continue;
    const option = new Option(
      `${flagNameOf(key)} ${facts.flag}`.trim(),
      `${facts.description}${defaultNote(facts.default)}`,
    );
    // `--http A --http B` means both, as `--http A,B` does.
    if (facts.type === 'array')
      option.argParser((text, before: readonly string[] | undefined) => [...(before ?? []), text]);
    command.addOption(option);
  }
  return command;
}

export function addConfigFlag(command: Command): Command {
  return command.option('--config <file>', 'settings file (default: rollcall.yaml, if there is one)');
}

function defaultNote(fallback: unknown): string {
  if (Array.isArray(fallback)) return ` (default: ${fallback.join(',')})`;
  return typeof fallback === 'string' ? ` (default: ${fallback})` : '';
}
