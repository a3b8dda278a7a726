// `rollcall up`: the undo of a drain. The instance takes traffic again, unless its checks or its registrant keep it out;
// a hold that waits for an instance which is not registered at present is lifted as well.

import type { Command } from 'commander';
import { callApi } from '../api-call.ts';
import { type Action, type CliContext, describeArguments, type Typed } from '../command.ts';
import { addConnectionFlags, connectionOf } from '../connection.ts';
import { type Fields, textField } from '../document-fields.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { printFault } from '../fault.ts';
import { apiPathOf, pathText, typedInstanceOf } from '../instance-path.ts';
import { reasonQuery } from '../reason-query.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'the instance as ENV/APPID/INSTANCE, such as prod/orders/orders-1');
  command.option('--reason <text>', 'why: recorded, and shown by "rollcall events"');
  addOutputFlag(addConnectionFlags(command)).addHelpText('after', examples);
  return (typed) => up(typed, context);
}

async function up(typed: Typed, context: CliContext): Promise<ExitCode> {
  const path = typedInstanceOf(typed.args[0] ?? '', 'bring up');
  if ('problem' in path) return printFault(path, context);
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const reply = await callApi(connection, { method: 'POST', path: `${apiPathOf(path)}/up${reasonQuery(typed)}` });
  if ('problem' in reply) return printFault(reply, context);
  const { document } = reply;
  await print(context, typed, document, () => `${sentence(printable(pathText(path)), document)}\n`);
  return exitCodes.ok;
}

function sentence(name: string, document: Fields): string {
  const outcome = textField(document, 'outcome');
  if (outcome === 'released') return `${name} is not registered; the hold on it is lifted`;
  const isUp = textField(document, 'status') === 'up';
  const was = outcome === 'unchanged' ? 'was not drained' : 'is drained no more';
  if (isUp) return `${name} ${was}: it takes traffic`;
  return `${name} ${was}, and takes no traffic yet: rollcall show ${name} has its status and checks`;
}

const examples = `
Examples:
  rollcall up prod/orders/orders-1
  rollcall up prod/orders/orders-1 --reason 'disk is replaced'

It may be repeated. Exit code 4: it is not registered, and nothing holds it.
`;
