// `rollcall register`: registers an instance, and prints what comes next: the names it is found by, and the renewal without
// which it is gone at the end of its lease. Values go to the server as they are: it names everything wrong with them.

import type { Command } from 'commander';
import { callApi } from '../api-call.ts';
import { type Action, type CliContext, describeArguments, type Typed } from '../command.ts';
import { addConnectionFlags, connectionOf } from '../connection.ts';
import { type Fields, partField, textField, textList } from '../document-fields.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { printFault, usageFault } from '../fault.ts';
import { apiPathOf, pathText, typedInstanceOf } from '../instance-path.ts';
import { troubleOf } from '../instance-state.ts';
import { reasonQuery } from '../reason-query.ts';
import { addRegistrationFlags, registrationBody } from '../registration-flags.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'the instance as ENV/APPID/INSTANCE, such as prod/orders/orders-1');
  addRegistrationFlags(command)
    .option('--status <status>', 'up, or waiting: registered without traffic')
    .option('--reason <text>', 'why: recorded, and shown by "rollcall events"')
    .option('--if-absent', 'fail where the instance is registered already');
  addOutputFlag(addConnectionFlags(command)).addHelpText('after', examples);
  return (typed) => register(typed, context);
}

async function register(typed: Typed, context: CliContext): Promise<ExitCode> {
  const [text = ''] = typed.args;
  const path = typedInstanceOf(text, 'register');
  const body = registrationBody(typed);
  if ('problem' in path) return printFault(path, context);
  if ('problem' in body) return printFault(usageFault(String(body['problem'])), context);
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const headers = typed.options['ifAbsent'] === true ? { 'if-none-match': '*' } : {};
  const reply = await callApi(connection, {
    method: 'PUT',
    path: apiPathOf(path) + reasonQuery(typed),
    body,
    headers,
  });
  if ('problem' in reply) return printFault(reply, context);
  await print(context, typed, reply.document, () => nextSteps(printable(pathText(path)), reply.document, context.env));
  return exitCodes.ok;
}

function nextSteps(path: string, document: Fields, env: CliContext['env']): string {
  const field = (name: string): string => printable(textField(document, name));
  const names = textList(document, 'dnsNames').map(printable);
  return [
    `${field('outcome')} ${path}: ${field('addrs')}, status ${field('status')}`,
    ...heldText(path, document),
    '',
    'It is found as:',
    ...names.map((name) => `  ${name}`),
    `such as with: rollcall resolve ${names[0] ?? ''} SRV`,
    '',
    `Its lease of ${field('leaseSeconds')} s ends at ${field('renewBefore')}. Renew it every ${field('renewEverySeconds')} s with:`,
    `  ${field('renewWith')}`,
    // A token that came from a file is not where that command looks for it.
    ...(field('renewWith').includes('$ROLLCALL_TOKEN') && (env['ROLLCALL_TOKEN'] ?? '') === ''
      ? [
          'ROLLCALL_TOKEN has to hold the token then: export ROLLCALL_TOKEN="$(cat FILE)", with the token alone in FILE.',
        ]
      : []),
    '',
  ].join('\n');
}

/** A hold outlives a registration as up. */
function heldText(path: string, document: Fields): string[] {
  const trouble = troubleOf(document, Date.now());
  const isHeld = textField(partField(document, 'override'), 'until') !== '';
  if (trouble === '') return [];
  return [`It takes no traffic: ${printable(trouble)}${isHeld ? `. End it with: rollcall up ${path}` : ''}`];
}

const examples = `
Examples:
  rollcall register prod/orders/orders-1 --addr http://127.0.0.1:8080
  rollcall register prod/orders/orders-2 --addr http://10.0.0.8:8080 --addr grpc://10.0.0.8:9090 \\
    --version 1.4.2 --zone eu-1a --tag canary --metadata team=checkout
  rollcall register prod/pay/pay-1 --addr http://10.0.0.9:80 --lease-seconds 3600 --if-absent

The reply names the command that renews the lease. Without renewals the instance is evicted when its lease ends.
`;
