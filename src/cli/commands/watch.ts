// `rollcall watch`: the instances as they change. A live table on a terminal, a line for each change in a pipe, a JSON
// document a line (or YAML documents) for programs. It reconnects by itself when the server was down.

import type { Command } from 'commander';
import { type Action, type CliContext, describeArguments, type Typed, textOption } from '../command.ts';
import { addConnectionFlags, addressText, connectionOf } from '../connection.ts';
import { fieldsList } from '../document-fields.ts';
import { exitCodes } from '../exit-codes.ts';
import { type CommandFault, printFault, usageFault } from '../fault.ts';
import { scopeOf } from '../instance-path.ts';
import { addSelection, addSelectionFlags } from '../selection-flags.ts';
import { listenToKeys } from '../terminal/keys.ts';
import { addOutputFlag, streamDocument } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { watchEvents } from '../watch-events.ts';
import type { WatchView } from '../watch-view.ts';

/** What a shell makes of SIGINT: Ctrl-C is one, although the terminal sends it as a key meanwhile. */
const interrupted = 130;

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'an env or an app, as ENV or ENV/APPID; several may be given (default: all)');
  addSelectionFlags(command).option('--count <number>', 'end after so many changes (default: go on until stopped)');
  addOutputFlag(addConnectionFlags(command)).addHelpText('after', examples);
  return (typed) => watch(typed, context);
}

async function watch(typed: Typed, context: CliContext): Promise<number> {
  const query = queryOf(typed);
  if (typeof query === 'object') return printFault(query, context);
  const countMax = countOf(typed);
  if (typeof countMax === 'object') return printFault(countMax, context);
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const view = await viewOf(textOption(typed, 'output') ?? 'table', addressText(connection), context);
  const stop = new AbortController();
  let ending: number = exitCodes.ok;
  const press = view.press?.bind(view);
  const stopListening =
    context.keyboard === undefined || press === undefined
      ? () => {}
      : listenToKeys(context.keyboard, (key) => {
          if (key === 'interrupt') ending = interrupted;
          if (key === 'quit' || key === 'interrupt') stop.abort();
          else press(key);
        });
  try {
    const events = watchEvents(connection, `/api/v1/watch${query}`, undefined, stop.signal);
    return (await show(events, view, countMax, typed, context)) ?? ending;
  } finally {
    stop.abort();
    stopListening();
    view.stop();
  }
}

/** `form`: the value of `--output`; `url`: the server, for messages about the connection. */
async function viewOf(form: string, url: string, context: CliContext): Promise<WatchView> {
  const isDrawn = form === 'table' && context.terminal !== undefined && context.env['TERM'] !== 'dumb';
  if (isDrawn) return new (await import('../live-table.ts')).LiveTable(url, context);
  const { watchDocuments, watchLines } = await import('../watch-lines.ts');
  return form === 'table' ? watchLines(url, context) : watchDocuments(await streamDocument(form), url, context);
}

/** Undefined: it was ended from outside. */
async function show(
  followed: ReturnType<typeof watchEvents>,
  view: WatchView,
  countMax: number,
  typed: Typed,
  context: CliContext,
): Promise<number | undefined> {
  let [count, present] = [0, 0];
  for await (const item of followed) {
    if (item.kind === 'refused') return printFault(item, context);
    if (item.kind === 'event' && item.event === 'snapshot') present += fieldsList(item.data, 'instances').length;
    if (item.kind === 'event' && item.event === 'synced' && present === 0) {
      // Waiting for an app before its first instance is as right as a typing error is likely.
      const where = typed.args.length === 0 ? '' : ` as ${printable(typed.args.join(', '))}`;
      context.err(`Nothing of that kind is registered${where} yet; waiting.\n`);
    }
    const problem = view.show(item);
    if (problem !== undefined) return printFault({ problem, code: exitCodes.failed }, context);
    if (item.kind === 'event' && 'matches' in item.data && ++count >= countMax) return exitCodes.ok;
  }
  return undefined;
}

/** The query string, with its question mark. */
function queryOf(typed: Typed): string | CommandFault {
  const query = new URLSearchParams();
  for (const text of typed.args) {
    const scope = scopeOf(text ?? '', 'watch');
    if ('problem' in scope) return scope;
    if (scope.app === undefined) query.append('env', scope.env.toWellFormed());
    else query.append('app', scope.app.toWellFormed());
  }
  addSelection(query, typed);
  return query.size === 0 ? '' : `?${query.toString()}`;
}

function countOf(typed: Typed): number | CommandFault {
  const text = textOption(typed, 'count');
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  return usageFault(`--count: ${JSON.stringify(text)} is not a whole number above 0`);
}

const examples = `
Examples:
  rollcall watch                         everything, trouble first; arrows scroll, q or Ctrl-C ends it
  rollcall watch prod/orders prod/pay --status up
  rollcall watch prod | tee -a changes.log
  rollcall watch prod --output json | jq -r 'select(.event == "evicted") | .text'

In JSON each line is an event of the API: first "snapshot" of every app and "synced", then what changes. After a
connection is lost it goes on where it was; "gap" means that the server has forgotten what lies between.
`;
