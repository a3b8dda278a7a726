// `rollcall restore`: registers again what was removed by mistake. Without --yes it only prints what it would do: one
// mistake has just been made in a hurry.
// The server restores at most a thousand a call; they are asked for one after the other until none is left.

import type { Command } from 'commander';
import { absence } from '../absence.ts';
import { callApi } from '../api-call.ts';
import {
  type Action,
  type CliContext,
  describeArguments,
  oneMore,
  type Typed,
  textOption,
  textOptions,
} from '../command.ts';
import { addConnectionFlags, connectionOf, type ServerConnection } from '../connection.ts';
import { type Fields, fieldsList, instanceField, textField } from '../document-fields.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type CommandFault, printFault } from '../fault.ts';
import { type Scope, scopeOf } from '../instance-path.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { type Column, tableText } from '../terminal/table.ts';

/** A million instances, which is the most that a registry holds. */
const callsMax = 1000;
/** A plan over a long record reads a lot of it. */
const timeoutMs = 60_000;

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'an env or an app, as ENV or ENV/APPID (default: all)');
  command
    .requiredOption('--from <time>', 'removed since then: -15m, -2h, or ISO 8601')
    .option('--to <time>', 'removed until then (default: now)')
    .option('--why <word>', 'cancelled (default), drained or evicted; may be given again', oneMore)
    .option('--by-address <ip>', 'only what this address removed')
    .option('--by-token <name>', 'only what the holder of this token removed')
    .option('--yes', 'do it; without this only what would be done is printed');
  addOutputFlag(addConnectionFlags(command)).addHelpText('after', examples);
  return (typed) => restore(typed, context);
}

async function restore(typed: Typed, context: CliContext): Promise<ExitCode> {
  const wish = wishOf(typed);
  if ('problem' in wish) return printFault(wish, context);
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const isDryRun = typed.options['yes'] !== true;
  const done = await callUntilNothingIsLeft(connection, { ...wish.body, dryRun: isDryRun });
  if ('problem' in done) return printFault(done, context);
  const [scope, isNothing] = [wish.scope, isEmpty(done.document)];
  const appid = scope?.app?.slice(scope.env.length + 1);
  const absent = isNothing && scope !== undefined ? await absence(connection, { env: scope.env, appid }) : undefined;
  if (absent !== undefined) return printFault(absent, context);
  await print(context, typed, done.document, () => inWords(done.document, isDryRun, context));
  return done.fault === undefined ? exitCodes.ok : printFault(done.fault, context);
}

function isEmpty(document: Fields): boolean {
  return [...fieldsList(document, 'restored'), ...fieldsList(document, 'skipped')].length === 0;
}

/** The body of the call, but for `dryRun`. */
function wishOf(typed: Typed): { readonly body: Fields; readonly scope: Scope | undefined } | CommandFault {
  const [text] = typed.args;
  const scope = text === undefined ? undefined : scopeOf(text, 'restore');
  if (scope !== undefined && 'problem' in scope) return scope;
  const [from, to, address, token] = ['from', 'to', 'byAddress', 'byToken'].map((name) => textOption(typed, name));
  const why = textOptions(typed, 'why').flatMap((words) => words.split(','));
  const by = { ...(address === undefined ? {} : { address }), ...(token === undefined ? {} : { token }) };
  const body = {
    ...(scope === undefined ? {} : scope.app === undefined ? { env: scope.env } : { app: scope.app }),
    from,
    ...(to === undefined ? {} : { to }),
    ...(why.length === 0 ? {} : { why }),
    ...(Object.keys(by).length === 0 ? {} : { by }),
  };
  return { body, scope };
}

interface Done {
  /** The replies as one. */
  readonly document: Fields;
  /** What stopped it before the end. */
  readonly fault?: CommandFault;
}

async function callUntilNothingIsLeft(connection: ServerConnection, wish: Fields): Promise<Done | CommandFault> {
  const restored: Fields[] = [];
  const skipped: Fields[] = [];
  const back = new Set<unknown>();
  let [last, to] = [{} as Fields, wish['to']];
  for (let call = 0; call < callsMax; call++) {
    const body = to === undefined ? wish : { ...wish, to };
    const reply = await callApi(connection, { method: 'POST', path: '/api/v1/restore', body, timeoutMs });
    const document = (): Fields => ({ ...last, restored, skipped, skippedCount: skipped.length });
    if ('problem' in reply) return call === 0 ? reply : { document: document(), fault: reply };
    last = reply.document;
    const restoredNow = fieldsList(last, 'restored');
    restored.push(...restoredNow);
    for (const { revision } of restoredNow) back.add(revision);
    const isMoreOfTheSame = wish['dryRun'] === false && Number(textField(last, 'left')) > 0 && restoredNow.length > 0;
    // What is restored is listed as skipped by the calls that follow: only the last one of a span lists the others.
    if (!isMoreOfTheSame) skipped.push(...fieldsList(last, 'skipped').filter(({ revision }) => !back.has(revision)));
    if (isMoreOfTheSame) continue;
    if (last['scannedTo'] === undefined || last['scannedTo'] === to) return { document: document() };
    to = last['scannedTo'];
  }
  const problem = `Stopped after ${callsMax} calls: give a shorter span with --from and --to.`;
  return { document: { ...last, restored, skipped }, fault: { problem, code: exitCodes.failed } };
}

function inWords(document: Fields, isDryRun: boolean, context: CliContext): string {
  const [restored, skipped] = [fieldsList(document, 'restored'), fieldsList(document, 'skipped')];
  const rows = [
    ...restored.map((one) => [...cells(one), isDryRun ? 'would be restored' : 'restored']),
    ...skipped.map((one) => [...cells(one), `left: ${textField(one, 'reason')}`]),
  ];
  const table = rows.length === 0 ? '' : tableText(columns, rows, context);
  const left = Number(textField(document, 'left'));
  const count = `${restored.length + (isDryRun ? left : 0)} ${isDryRun ? 'would be restored' : 'restored'}, ${skipped.length} left as they are`;
  const since = `the record goes back to ${printable(textField(document, 'completeSince'))}`;
  const next = isDryRun && restored.length > 0 ? '. With --yes it is done' : '';
  return `${table}${count}; ${since}${next}.\n`;
}

const columns: readonly Column[] = [
  { head: 'INSTANCE', shrinksTo: 30, keeps: 'ends' },
  { head: 'WAS' },
  { head: 'AT', leaves: 1 },
  { head: 'NOW', holds: 'sentence' },
];

function cells(one: Fields): string[] {
  return [instanceField(one), textField(one, 'why'), textField(one, 'at')];
}

const examples = `
Examples:
  rollcall restore --from -15m                 what was cancelled in the last quarter of an hour; a dry run
  rollcall restore prod/orders --from -15m --by-address 10.0.0.9 --yes
  rollcall restore prod --from -1h --why cancelled,drained --yes

What is restored has a fresh lease, and is evicted if it is not renewed. Nothing that is registered is touched.
"rollcall events --why cancelled" lists who removed what.
`;
