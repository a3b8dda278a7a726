// `rollcall show`: an app's instances as a table, or one instance with every field of the server's document.

import type { Command } from 'commander';
import { callApi } from '../api-call.ts';
import { type Action, type CliContext, describeArguments, type Typed } from '../command.ts';
import { addConnectionFlags, connectionOf } from '../connection.ts';
import { type Fields, fieldsList, secondsUntil, textField } from '../document-fields.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { printFault, usageFault } from '../fault.ts';
import { apiPathOf, pathText, type TypedPath, typedPathOf } from '../instance-path.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { tableText } from '../terminal/table.ts';

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'the app as ENV/APPID, or an instance as ENV/APPID/INSTANCE', 'one instance of the app');
  addOutputFlag(addConnectionFlags(command)).addHelpText('after', examples);
  return (typed) => show(typed, context);
}

async function show(typed: Typed, context: CliContext): Promise<ExitCode> {
  const [app = '', instance] = typed.args;
  const given = typedPathOf(app);
  if (given === undefined || (given.instance !== undefined && instance !== undefined)) {
    return printFault(
      usageFault(
        `Cannot show ${JSON.stringify(app)}: an app is ENV/APPID, an instance ENV/APPID INSTANCE or ENV/APPID/INSTANCE.`,
      ),
      context,
    );
  }
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const path: TypedPath = { ...given, instance: given.instance ?? instance };
  const reply = await callApi(connection, { path: apiPathOf(path) });
  if ('problem' in reply) return printFault(reply, context);
  const { document } = reply;
  if (path.instance !== undefined) {
    await print(context, typed, document, () => details(document));
    return exitCodes.ok;
  }
  const instances = fieldsList(document, 'instances');
  if (instances.length === 0) {
    const problem = `Nothing is registered as ${printable(pathText(path))}. "rollcall ls ${printable(path.env)}" lists what is.`;
    return printFault({ problem, code: exitCodes.missing }, context);
  }
  await print(context, typed, document, () => instancesTable(instances, context));
  return exitCodes.ok;
}

function instancesTable(instances: readonly Fields[], context: CliContext): string {
  const columns = ['instance', 'status', 'addrs', 'version', 'zone', 'group', 'tags', 'weight'];
  const nowMs = Date.now();
  // Those that rollcall checks itself have no lease: the verdict is shown instead.
  const rows = instances.map((one) => [
    ...columns.map((name) => textField(one, name)),
    verdictOf(one) ?? secondsUntil(one, 'leaseEndsAt', nowMs),
  ]);
  return tableText([...columns.map((name) => name.toUpperCase()), 'LEASE-LEFT'], rows, context);
}

function verdictOf({ health }: Fields): string | undefined {
  return typeof health === 'object' && health !== null ? textField(health as Fields, 'verdict') : undefined;
}

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
  rollcall show prod/orders orders-1     every field of one
  rollcall show prod/orders --output json | jq '.instances[].addrs'

Exit code 4: nothing is registered by that name.
`;
