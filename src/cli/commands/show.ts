// `rollcall show`: an app's instances as a table, those in trouble first and with the reason, or one instance with every
// field of the server's document.

import type { Command } from 'commander';
import { absence } from '../absence.ts';
import { callApi } from '../api-call.ts';
import { type Action, type CliContext, describeArguments, type Typed } from '../command.ts';
import { addConnectionFlags, connectionOf } from '../connection.ts';
import { type Fields, fieldsList, instanceField, partField, textField, timeUntil } from '../document-fields.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type CommandFault, printFault, usageFault } from '../fault.ts';
import { apiPathOf, pathText, type TypedPath, typedPathOf } from '../instance-path.ts';
import { byTrouble, stateCounts, stateOf, stateStyle, troubleOf } from '../instance-state.ts';
import { addSelection, addSelectionFlags } from '../selection-flags.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { painter } from '../terminal/style.ts';
import { type Column, tableText } from '../terminal/table.ts';

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'an app as ENV/APPID, or an instance as ENV/APPID/INSTANCE');
  addOutputFlag(addConnectionFlags(addSelectionFlags(command))).addHelpText('after', examples);
  return (typed) => show(typed, context);
}

async function show(typed: Typed, context: CliContext): Promise<ExitCode> {
  const path = pathOf(typed);
  if ('problem' in path) return printFault(path, context);
  const query = new URLSearchParams();
  addSelection(query, typed);
  if (path.instance !== undefined && query.size > 0) {
    const problem = `--${[...query.keys()][0]}: chooses among the instances of an app; ${pathText(path)} is one`;
    return printFault(usageFault(printable(problem)), context);
  }
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const reply = await callApi(connection, {
    path: `${apiPathOf(path)}${query.size === 0 ? '' : `?${query.toString()}`}`,
  });
  if ('problem' in reply) return printFault(reply, context);
  const { document } = reply;
  if (path.instance !== undefined) {
    await print(context, typed, document, () => details(document));
    return exitCodes.ok;
  }
  const instances = fieldsList(document, 'instances');
  if (instances.length > 0) {
    await print(context, typed, document, () => instancesText(instances, context));
    return exitCodes.ok;
  }
  const name = printable(pathText(path));
  const none =
    query.size > 0 ? `No instance of ${name} has this: ${queryText(query)}.` : `Nothing is registered as ${name}.`;
  return printFault((await absence(connection, path)) ?? { problem: none, code: exitCodes.missing }, context);
}

function queryText(query: URLSearchParams): string {
  return printable([...query].map(([name, value]) => `--${name} ${value}`).join(' '));
}

function pathOf({ args: [text = ''] }: Typed): TypedPath | CommandFault {
  const path = typedPathOf(text);
  if (path !== undefined) return path;
  return usageFault(`Cannot show ${JSON.stringify(text)}: an app is ENV/APPID, an instance ENV/APPID/INSTANCE.`);
}

const columns: readonly Column[] = [
  { head: 'INSTANCE', shrinksTo: 30, keeps: 'ends' },
  { head: 'STATUS', styleOf: stateStyle },
  { head: 'ADDRS', shrinksTo: 20, leaves: 1 },
  { head: 'VERSION', leaves: 2 },
  { head: 'ZONE', leaves: 3 },
  { head: 'GROUP', leaves: 4 },
  { head: 'TAGS', leaves: 5 },
  { head: 'WEIGHT', leaves: 6 },
  { head: 'LEASE-LEFT' },
];
const fields = ['addrs', 'version', 'zone', 'group', 'tags', 'weight'];

function instancesText(instances: readonly Fields[], context: CliContext): string {
  const nowMs = Date.now();
  const all = instances.map((one) => ({ one, name: instanceField(one), state: stateOf(one) })).sort(byTrouble);
  const rows = all.map(({ one, name, state }) => [
    name,
    state,
    ...fields.map((field) => textField(one, field)),
    // Those that rollcall checks itself have no lease: the verdict is shown instead.
    textField(partField(one, 'health'), 'verdict') || timeUntil(one, 'leaseEndsAt', nowMs),
  ]);
  const table = tableText(columns, rows, context);
  if (context.terminal === undefined) return table;
  const why = all.map(({ one, name }) => [name, troubleOf(one, nowMs)] as const).filter(([, text]) => text !== '');
  const reasons = tableText(
    [
      { head: 'INSTANCE', shrinksTo: 30, keeps: 'ends' },
      { head: 'WHY', holds: 'sentence' },
    ],
    why.slice(0, reasonsMax),
    context,
  );
  const more = why.length > reasonsMax ? `and ${why.length - reasonsMax} more\n` : '';
  const counts = painter(context)('faint', stateCounts(all.map(({ state }) => state)));
  return `${table}${why.length === 0 ? '' : `\n${reasons}${more}`}\n${counts}\n`;
}

/** The cause is the same for most: the first ones show it. */
const reasonsMax = 5;

/** A line for each field, in the server's order; below metadata one for each key. */
function details(document: Fields): string {
  const lines = Object.keys(document).flatMap((name) => {
    const value = document[name];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[name, textField(document, name)]];
    return Object.keys(value).map((key) => [`${name}.${key}`, textField(value as Fields, key)]);
  });
  const shown = lines.map(([name = '', value = '']) => [printable(name), printable(value)] as const);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value === '' ? '-' : value}\n`).join('');
}

const examples = `
Examples:
  rollcall show prod/orders              its instances, and how long their leases still run
  rollcall show prod/orders --tag canary --status up
  rollcall show prod/orders/orders-1     every field of one
  rollcall show prod/orders --output json | jq '.instances[].addrs'

On a terminal those that take no traffic come first, with the reason, and columns that do not fit are left out.
Exit code 4: nothing is registered by that name, or nothing of that kind.
`;
