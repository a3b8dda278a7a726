// `rollcall whoami`: who the server takes the caller for, and what that may do.

import type { Command } from 'commander';
import { callApi } from '../api-call.ts';
import type { Action, CliContext, Typed } from '../command.ts';
import { addConnectionFlags, connectionOf } from '../connection.ts';
import { type Fields, fieldsList, textField, textList } from '../document-fields.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { printFault } from '../fault.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { type Column, tableText } from '../terminal/table.ts';

export function define(command: Command, context: CliContext): Action {
  addOutputFlag(addConnectionFlags(command)).addHelpText('after', examples);
  return (typed) => whoami(typed, context);
}

async function whoami(typed: Typed, context: CliContext): Promise<ExitCode> {
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const reply = await callApi(connection, { path: '/api/v1/whoami' });
  if ('problem' in reply) return printFault(reply, context);
  const { document } = reply;
  await print(context, typed, document, () => inWords(document, context));
  return exitCodes.ok;
}

function inWords(document: Fields, context: CliContext): string {
  const field = (name: string): string => printable(textField(document, name));
  const limits = [
    field('expiresAt') === '' ? '' : `until ${field('expiresAt')}`,
    field('instancesMax') === '' ? '' : `${field('instances')} of at most ${field('instancesMax')} instances`,
  ].filter((text) => text !== '');
  const head = [`${field('kind')} ${field('name')}`.trim(), ...limits].join(', ');
  const rows = fieldsList(document, 'allow').map((grant) => [
    textField(grant, 'env'),
    textField(grant, 'app'),
    textList(grant, 'rights').join(' '),
  ]);
  return rows.length === 0 ? `${head}\nno rights\n` : `${head}\n\n${tableText(columns, rows, context)}`;
}

const columns: readonly Column[] = [{ head: 'ENV' }, { head: 'APP' }, { head: 'RIGHTS', holds: 'sentence' }];

const examples = `
Examples:
  rollcall whoami                        with the token that the other commands use
  rollcall whoami --output json | jq -r '.allow[].rights[]'

docs/security.md has the rights. A server without tokens has anonymous callers that may do all.
`;
