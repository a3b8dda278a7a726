// `rollcall ls`: the catalogue, all its pages together.

import type { Command } from 'commander';
import { absence } from '../absence.ts';
import { callApi } from '../api-call.ts';
import { type Action, type CliContext, describeArguments, type Typed } from '../command.ts';
import { addConnectionFlags, connectionOf } from '../connection.ts';
import { appField, type Fields, fieldsList, textField } from '../document-fields.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { printFault, usageFault } from '../fault.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { type Column, tableText } from '../terminal/table.ts';

/** The catalogue of a full registry is longer; with that many apps one lists an env. */
const pagesMax = 200;

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'env to list, such as prod (default: all of them)');
  addOutputFlag(addConnectionFlags(command)).addHelpText('after', examples);
  return (typed) => list(typed, context);
}

async function list(typed: Typed, context: CliContext): Promise<ExitCode> {
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const [env] = typed.args;
  if (env?.includes('/') === true || env === '')
    return printFault(
      usageFault(`Cannot list ${JSON.stringify(env)}: name an env; an app is for "rollcall show".`),
      context,
    );
  const path = env === undefined ? '/api/v1/apps' : `/api/v1/apps/${encodeURIComponent(env.toWellFormed())}`;
  const apps: Fields[] = [];
  let after: string | undefined;
  let revision: unknown;
  for (let page = 0; page < pagesMax; page++) {
    const query = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
    const reply = await callApi(connection, { path: `${path}?limit=1000${query}` });
    if ('problem' in reply) return printFault(reply, context);
    apps.push(...fieldsList(reply.document, 'apps'));
    revision = reply.document['revision'];
    after = textField(reply.document, 'next');
    if (after === '') break;
  }
  const absent =
    apps.length === 0 && env !== undefined ? await absence(connection, { env, appid: undefined }) : undefined;
  if (absent !== undefined) return printFault(absent, context);
  await print(context, typed, { revision, apps }, () => {
    if (apps.length === 0 && context.terminal !== undefined)
      return 'Nothing is registered yet: see "rollcall register --help".\n';
    const rows = apps.map((app) => [appField(app), textField(app, 'instances'), textField(app, 'up')]);
    return tableText(columns, rows, context);
  });
  if (after === '') return exitCodes.ok;
  context.err(`The list is cut after ${apps.length} apps: name an env, as in "rollcall ls prod".\n`);
  return exitCodes.failed;
}

const columns: readonly Column[] = [
  { head: 'APP', shrinksTo: 30, keeps: 'ends' },
  { head: 'INSTANCES' },
  { head: 'UP', styleOf: (up, [, instances]) => (up === '0' ? 'bad' : up === instances ? 'good' : 'doubtful') },
];

const examples = `
Examples:
  rollcall ls                            every app of every env
  rollcall ls prod
  rollcall ls --output json | jq -r '.apps[] | select(.up == 0) | .appid'
  rollcall ls --url http://10.0.0.5:7171

Exit code 4: nothing is registered in that env.
`;
