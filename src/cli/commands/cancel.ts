// `rollcall cancel`: out of every answer at once. What resolvers already hold they hold for a while: the reply has
// until when, and a deploy waits for that.

import type { Command } from 'commander';
import { callApi } from '../api-call.ts';
import { type Action, type CliContext, describeArguments, type Typed } from '../command.ts';
import { addConnectionFlags, connectionOf } from '../connection.ts';
import { textField, timeUntil } from '../document-fields.ts';
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
  return (typed) => cancel(typed, context);
}

async function cancel(typed: Typed, context: CliContext): Promise<ExitCode> {
  const [text = ''] = typed.args;
  const path = typedInstanceOf(text, 'cancel');
  if ('problem' in path) return printFault(path, context);
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const reply = await callApi(connection, { method: 'DELETE', path: apiPathOf(path) + reasonQuery(typed) });
  if ('problem' in reply) return printFault(reply, context);
  const { document } = reply;
  await print(context, typed, document, () => {
    const until = printable(textField(document, 'safeToStopAt'));
    const left = timeUntil(document, 'safeToStopAt', Date.now());
    return `cancelled ${printable(pathText(path))}: no answer names it any more\nresolvers may still hold it until ${until} (${left}): stop it then\n`;
  });
  return exitCodes.ok;
}

const examples = `
Examples:
  rollcall cancel prod/orders/orders-1 --reason 'deploy of 1.4.3'
  rollcall cancel prod/orders/orders-1 --output json | jq -r .safeToStopAt

Exit code 4: it was not registered.
`;
