// The filters of lists and watches as flags: which instances of an app or env are meant. What their values mean the server
// decides.

import type { Command } from 'commander';
import { oneMore, type Typed, textOption, textOptions } from './command.ts';

export function addSelectionFlags(command: Command): Command {
  return command
    .option('--status <status>', 'up or waiting')
    .option('--version <text>', 'only of this version')
    .option('--zone <text>', 'only of this availability zone')
    .option('--group <text>', 'only of this group')
    .option('--port <name>', 'only with a port of this name')
    .option('--tag <text>', 'only with this tag; may be given again', oneMore);
}

/** Adds what was given to a query. */
export function addSelection(query: URLSearchParams, typed: Typed): void {
  for (const name of ['status', 'version', 'zone', 'group', 'port']) {
    const value = textOption(typed, name);
    if (value !== undefined) query.append(name, value.toWellFormed());
  }
  for (const tag of textOptions(typed, 'tag')) query.append('tag', tag.toWellFormed());
}
