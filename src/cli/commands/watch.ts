// `rollcall watch`: the instances as they change. A live table on a terminal, a line for each change in a pipe, a JSON
// document a line (or YAML documents) for programs. It comes back by itself when the server was away.

import type { Command } from 'commander';
import {
  type Action,
  type CliContext,
  describeArguments,
  oneMore,
  type Typed,
  textOption,
  textOptions,
} from '../command.ts';
import { addConnectionFlags, addressOf, connectionOf } from '../connection.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type Fault, printFault, usageFault } from '../fault.ts';
import { scopeOf } from '../instance-path.ts';
import { addOutputFlag } from '../terminal/output.ts';
import { watchEvents } from '../watch-events.ts';
import { type WatchView, watchView } from '../watch-view.ts';

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'an env or an app, as ENV or ENV/APPID; several may be given (default: all)');
  command
    .option('--status <status>', 'up or waiting')
    .option('--version <text>', 'only of this version')
    .option('--zone <text>', 'only of this availability zone')
    .option('--group <text>', 'only of this group')
    .option('--port <name>', 'only with a port of this name')
    .option('--tag <text>', 'only with this tag; may be given again', oneMore)
    .option('--count <number>', 'end after so many changes (default: go on until stopped)');
  addOutputFlag(addConnectionFlags(command)).addHelpText('after', examples);
  return (typed) => watch(typed, context);
}

async function watch(typed: Typed, context: CliContext): Promise<ExitCode> {
  const query = queryOf(typed);
  if (typeof query === 'object') return printFault(query, context);
  const countMax = countOf(typed);
  if (typeof countMax === 'object') return printFault(countMax, context);
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const view = await watchView(textOption(typed, 'output') ?? 'table', addressOf(connection), context);
  const stop = new AbortController();
  try {
    return await show(
      watchEvents(connection, `/api/v1/watch${query}`, undefined, stop.signal),
      view,
      countMax,
      context,
    );
  } finally {
    stop.abort();
    view.stop();
  }
}

async function show(
  followed: ReturnType<typeof watchEvents>,
  view: WatchView,
  countMax: number,
  context: CliContext,
): Promise<ExitCode> {
  let count = 0;
  for await (const item of followed) {
    if (item.kind === 'refused') return printFault(item, context);
    const problem = view.show(item);
    if (problem !== undefined) return printFault({ problem, code: exitCodes.failed }, context);
    if (item.kind === 'event' && 'matches' in item.data && ++count >= countMax) return exitCodes.ok;
  }
  return exitCodes.ok;
}

const filters = ['status', 'version', 'zone', 'group', 'port'];

/** The query string, with its question mark; what values mean the server says. */
function queryOf(typed: Typed): string | Fault {
  const query = new URLSearchParams();
  for (const text of typed.args) {
    const scope = scopeOf(text ?? '', 'watch');
    if ('problem' in scope) return scope;
    if (scope.app === undefined) query.append('env', scope.env.toWellFormed());
    else query.append('app', scope.app.toWellFormed());
  }
  for (const name of filters) {
    const value = textOption(typed, name);
    if (value !== undefined) query.append(name, value.toWellFormed());
  }
  for (const tag of textOptions(typed, 'tag')) query.append('tag', tag.toWellFormed());
  return query.size === 0 ? '' : `?${query.toString()}`;
}

function countOf(typed: Typed): number | Fault {
  const text = textOption(typed, 'count');
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  return usageFault(`--count: ${JSON.stringify(text)} is not a whole number above 0`);
}

const examples = `
Examples:
  rollcall watch                         everything, as a table that stays up to date; Ctrl-C ends it
  rollcall watch prod/orders prod/pay --status up
  rollcall watch prod | tee -a changes.log
  rollcall watch prod --output json | jq -r 'select(.event == "evicted") | .text'

In JSON each line is an event of the API: first "snapshot" of every app and "synced", then what changes. After a
connection is lost it goes on where it was; "gap" means that the server has forgotten what lies between.
`;
