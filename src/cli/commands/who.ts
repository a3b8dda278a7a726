// `rollcall who`: who asks DNS for a name, an app or an instance; without one, what is asked most. With `--missing`, names
// that do not exist and are asked for again and again; with `--unasked`, apps without queries.

import type { Command } from 'commander';
import { callApi } from '../api-call.ts';
import { type Action, type CliContext, describeArguments, type Typed, textOption } from '../command.ts';
import { addConnectionFlags, connectionOf, type ServerConnection } from '../connection.ts';
import { appField, type Fields, fieldsList, textField, textList, timeUntil } from '../document-fields.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type CommandFault, printFault, usageFault } from '../fault.ts';
import { pathText, typedPathOf } from '../instance-path.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { type Column, tableText } from '../terminal/table.ts';

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'a DNS name with all below it, an app as ENV/APPID, or an instance as ENV/APPID/INSTANCE');
  command
    .option('--type <type>', 'queries of this record type')
    .option('--client <address>', 'queries of this client')
    .option('--missing', 'names that do not exist, with registered names that are close')
    .option('--unasked [time]', 'apps without queries within this time (default: 7d)')
    .option('--limit <rows>', 'at most so many rows (default: 20)');
  addOutputFlag(addConnectionFlags(command)).addHelpText('after', examples);
  return (typed) => who(typed, context);
}

async function who(typed: Typed, context: CliContext): Promise<ExitCode> {
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const within = typed.options['unasked'];
  if (within !== undefined && within !== false) return unasked(connection, typed, context);
  const query = queryOf(typed);
  if ('problem' in query) return printFault(query, context);
  const reply = await callApi(connection, { path: `/api/v1/queries?${query.toString()}` });
  if ('problem' in reply) return printFault(reply, context);
  const { document } = reply;
  const isOne = typed.args[0] !== undefined && typed.options['missing'] !== true;
  await print(context, typed, document, () => inWords(document, isOne ? clientColumns : nameColumns, isOne, context));
  return exitCodes.ok;
}

async function unasked(connection: ServerConnection, typed: Typed, context: CliContext): Promise<ExitCode> {
  if (typed.args[0] !== undefined)
    return printFault(usageFault('--unasked: is about all apps; leave the name out.'), context);
  const query = new URLSearchParams({ limit: textOption(typed, 'limit') ?? '20' });
  const within = typed.options['unasked'];
  if (typeof within === 'string') query.set('within', within);
  const reply = await callApi(connection, { path: `/api/v1/queries/unasked?${query.toString()}` });
  if ('problem' in reply) return printFault(reply, context);
  const { document } = reply;
  await print(context, typed, document, () => {
    const rows = fieldsList(document, 'apps').map((app) => [appField(app), agoText(app)]);
    const since = `Queries are counted since ${printable(textField(document, 'since'))}.\n`;
    return rows.length === 0
      ? `Every app was asked for.\n${since}`
      : `${tableText(unaskedColumns, rows, context)}\n${since}`;
  });
  return exitCodes.ok;
}

function queryOf(typed: Typed): URLSearchParams | CommandFault {
  const [text] = typed.args;
  const query = new URLSearchParams({ limit: textOption(typed, 'limit') ?? '20', order: 'hour' });
  for (const name of ['type', 'client']) {
    const value = textOption(typed, name);
    if (value !== undefined) query.set(name, value);
  }
  const isMissing = typed.options['missing'] === true;
  if (isMissing) query.set('rcode', 'NXDOMAIN');
  query.set('by', text === undefined || isMissing ? 'question' : 'none');
  if (text === undefined) return query;
  const path = text.includes('/') ? typedPathOf(text) : undefined;
  if (path === undefined) {
    if (text.includes('/')) return usageFault(`Cannot look up ${JSON.stringify(text)}: an app is ENV/APPID.`);
    query.set('name', text);
  } else if (path.instance === undefined) query.set('app', `${path.env}/${path.appid}`);
  else query.set('instance', pathText(path));
  return query;
}

function inWords(document: Fields, columns: readonly Column[], isOne: boolean, context: CliContext): string {
  const list = fieldsList(document, 'queries');
  const since = printable(textField(document, 'since'));
  if (list.length === 0) return `No queries since ${since}.\n`;
  const rows = list.map((one) => {
    const question = [textField(one, 'name'), textField(one, 'type'), textField(one, 'rcode')];
    const counts = [textField(one, 'lastMinute'), textField(one, 'lastHour'), textField(one, 'count'), agoText(one)];
    if (isOne) return [textField(one, 'client'), textField(one, 'transport'), ...question, ...counts];
    return [...question, ...counts, textField(one, 'clients'), textList(one, 'closeTo').join(',')];
  });
  const more = Number(textField(document, 'total')) - list.length;
  const unlisted = Number(textField(document, 'unlisted') || '0');
  const notes = [
    more > 0 ? `and ${more} more rows` : '',
    unlisted > 0 ? `${unlisted} queries are in no row: there was no room` : '',
    `counted since ${since}`,
  ].filter((note) => note !== '');
  return `${tableText(columns, rows, context)}\n${notes.join('; ')}\n`;
}

function agoText(fields: Fields): string {
  return textField(fields, 'lastSeen') === '' ? 'never' : timeUntil(fields, 'lastSeen', Date.now()).replace('-', '');
}

const counts: readonly Column[] = [{ head: 'MINUTE' }, { head: 'HOUR' }, { head: 'ALL' }, { head: 'LAST' }];
const question: readonly Column[] = [
  { head: 'NAME', shrinksTo: 24, keeps: 'ends' },
  { head: 'TYPE' },
  { head: 'RCODE' },
];
const clientColumns: readonly Column[] = [{ head: 'CLIENT' }, { head: 'OVER', leaves: 1 }, ...question, ...counts];
const nameColumns: readonly Column[] = [...question, ...counts, { head: 'CLIENTS' }, { head: 'CLOSE TO', leaves: 1 }];
const unaskedColumns: readonly Column[] = [{ head: 'APP', shrinksTo: 20, keeps: 'ends' }, { head: 'LAST ASKED' }];

const examples = `
Examples:
  rollcall who                           what is asked most
  rollcall who prod/shop                 who asks for an app
  rollcall who prod/shop/shop-1          who still asks for one instance by its own name
  rollcall who --missing                 names that do not exist, and what may have been meant
  rollcall who --unasked 30d             apps without queries

docs/queries.md has what is counted, and how to keep less of clients (queryStatistics).
`;
