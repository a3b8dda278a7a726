// `rollcall events`: who changed what, when and why: the latest changes, the newest last, as one reads a log; with
// --follow also those to come.

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
import { type CommandFault, printFault, usageFault } from '../fault.ts';
import { scopeOf, typedPathOf } from '../instance-path.ts';
import { addOutputFlag, print, streamDocument } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { type Column, tableText } from '../terminal/table.ts';
import { watchEvents } from '../watch-events.ts';

/** Of one page of the API. */
const pageMax = 1000;
/** Held in memory and printed at once. */
const limitMax = 100_000;

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'ENV, ENV/APPID or ENV/APPID/INSTANCE (default: all)');
  command
    .option('--why <word>', 'registered, replaced, patched, drained, cancelled, evicted; may be given again', oneMore)
    .option('--from <time>', 'not before: -15m, -2h, or ISO 8601')
    .option('--to <time>', 'not after')
    .option('--limit <number>', 'the latest so many', '50')
    .option('--follow', 'go on with what happens, until stopped');
  addOutputFlag(addConnectionFlags(command)).addHelpText('after', examples);
  return (typed) => events(typed, context);
}

async function events(typed: Typed, context: CliContext): Promise<ExitCode> {
  const wanted = wantedOf(typed);
  if ('problem' in wanted) return printFault(wanted, context);
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const isFollowing = typed.options['follow'] === true;
  // Asked for first: what happens meanwhile is in both, and printed once.
  const start = isFollowing ? await callApi(connection, { path: '/api/v1/apps?limit=1' }) : undefined;
  if (start !== undefined && 'problem' in start) return printFault(start, context);
  const past = await readPast(connection, wanted);
  if ('problem' in past) return printFault(past, context);
  if (start === undefined) {
    const { env, app } = wanted;
    const appid = app?.slice(app.indexOf('/') + 1);
    const absent =
      past.events.length === 0 && env !== undefined ? await absence(connection, { env, appid }) : undefined;
    if (absent !== undefined) return printFault(absent, context);
    await print(context, typed, past.document, () => inWords(past, context));
    return exitCodes.ok;
  }
  const revisions = [start.document, past.events.at(-1) ?? {}].map((one) => Number(textField(one, 'revision')));
  return follow(connection, wanted, past.events, Math.max(...revisions), typed, context);
}

interface Wanted {
  /** As the API takes them, without limit and position of the page. */
  readonly query: URLSearchParams;
  readonly limit: number;
  readonly why: readonly string[];
  readonly env: string | undefined;
  readonly app: string | undefined;
  readonly instance: string | undefined;
}

function wantedOf(typed: Typed): Wanted | CommandFault {
  const [text] = typed.args;
  const path = text === undefined ? undefined : typedPathOf(text);
  const instance = path?.instance;
  const scope =
    text === undefined
      ? undefined
      : scopeOf(instance === undefined ? text : `${path?.env}/${path?.appid}`, 'list events of');
  if (scope !== undefined && 'problem' in scope) return scope;
  const limit = Number(textOption(typed, 'limit'));
  if (!Number.isInteger(limit) || limit < 0 || limit > limitMax) {
    return usageFault(
      `--limit: ${JSON.stringify(textOption(typed, 'limit'))} is not a whole number from 0 to ${limitMax}`,
    );
  }
  if (typed.options['follow'] === true && textOption(typed, 'to') !== undefined) {
    return usageFault('--to: cannot be given with --follow, which has no end');
  }
  const why = textOptions(typed, 'why').flatMap((words) => words.split(','));
  const query = new URLSearchParams();
  const [from, to] = [textOption(typed, 'from'), textOption(typed, 'to')];
  const given = { instance, from, to, why: why.length === 0 ? undefined : why.join(',') };
  const all = scope?.app === undefined ? { env: scope?.env, ...given } : { app: scope.app, ...given };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) query.set(name, value.toWellFormed());
  return { query, limit, why, env: scope?.env, app: scope?.app, instance };
}

interface Past {
  /** The newest last. */
  readonly events: readonly Fields[];
  /** The API's replies, its pages together. */
  readonly document: Fields;
  readonly isMore: boolean;
}

async function readPast(connection: ServerConnection, { query, limit }: Wanted): Promise<Past | CommandFault> {
  const found: Fields[] = [];
  let document: Fields = {};
  let next = '';
  do {
    const page = new URLSearchParams(query);
    page.set('limit', String(Math.min(Math.max(limit - found.length, 1), pageMax)));
    if (next !== '') page.set('before', next);
    const reply = await callApi(connection, { path: `/api/v1/events?${page.toString()}`, timeoutMs: 60_000 });
    if ('problem' in reply) return reply;
    document = reply.document;
    found.push(...fieldsList(document, 'events'));
    next = textField(document, 'next');
  } while (next !== '' && found.length < limit);
  const events = found.slice(0, limit).reverse();
  return { events, document: { ...document, events }, isMore: next !== '' };
}

const columns: readonly Column[] = [
  { head: 'AT' },
  { head: 'INSTANCE', shrinksTo: 30, keeps: 'ends' },
  {
    head: 'WHY',
    leaves: 1,
    styleOf: (why) => (why === 'evicted' ? 'bad' : why === 'cancelled' ? 'doubtful' : undefined),
  },
  { head: 'WHAT', holds: 'sentence' },
];

/** On a terminal the time is short: what is recorded is of the last days. */
function rowOf(event: Fields, { terminal }: CliContext): string[] {
  const [changed, text, at] = ['changed', 'text', 'at'].map((name) => textField(event, name)) as [
    string,
    string,
    string,
  ];
  return [
    terminal === undefined ? at : at.replace(/^\d+-(\d\d-\d\d)T(.{8}).*Z$/, '$1 $2Z'),
    instanceField(event),
    textField(event, 'why'),
    changed === '' ? text : `${text} (${changed})`,
  ];
}

function inWords({ events: listed, document, isMore }: Past, context: CliContext): string {
  const table = tableText(
    columns,
    listed.map((event) => rowOf(event, context)),
    context,
  );
  if (context.terminal === undefined) return table;
  const since = `The record goes back to ${printable(textField(document, 'completeSince'))}.`;
  const undo = listed.some((event) => textField(event, 'why') === 'cancelled')
    ? 'What was cancelled by mistake comes back with: rollcall restore --from -15m\n'
    : '';
  return `${table}${isMore ? 'There are older ones: see --limit, --from and --to. ' : ''}${since}\n${undo}`;
}

async function follow(
  connection: ServerConnection,
  { why, env, app, instance, limit }: Wanted,
  past: readonly Fields[],
  revision: number,
  typed: Typed,
  context: CliContext,
): Promise<ExitCode> {
  const form = textOption(typed, 'output') ?? 'table';
  const textOf = form === 'table' ? (event: Fields) => lineOf(event, context) : await streamDocument(form);
  for (const event of limit === 0 ? [] : past) context.out(textOf(event));
  const scope =
    app === undefined
      ? env === undefined
        ? ''
        : `?env=${encodeURIComponent(env)}`
      : `?app=${encodeURIComponent(app)}`;
  const stop = new AbortController();
  try {
    for await (const item of watchEvents(connection, `/api/v1/watch${scope}`, String(revision), stop.signal)) {
      if (item.kind === 'refused') return printFault(item, context);
      if (item.kind === 'disconnected') context.err(`Lost the stream: ${item.reason}; trying again.\n`);
      if (item.kind !== 'event') continue;
      if (item.event === 'gap') context.err('Some changes are not known here any more: "rollcall events" has them.\n');
      const { data } = item;
      if (!('matches' in data)) continue;
      if (why.length > 0 && !why.includes(textField(data, 'why'))) continue;
      if (instance !== undefined && textField(data, 'instance') !== instance) continue;
      const { kind: _kind, matches: _matches, ...event } = data;
      context.out(textOf(event));
    }
  } finally {
    stop.abort();
  }
  return exitCodes.ok;
}

/** One line, whose columns cannot know how wide later ones are. */
function lineOf(event: Fields, context: CliContext): string {
  const [, ...text] = tableText(columns, [rowOf(event, context)], context).split('\n');
  return text.join('\n');
}

const examples = `
Examples:
  rollcall events prod/orders                who changed what, the newest last
  rollcall events prod/orders/orders-1 --from -2h
  rollcall events --why cancelled,evicted --limit 1000 --output json | jq -r '.events[].text'
  rollcall events prod --follow              and what happens from now on; with --output json a document a line

"rollcall restore" registers again what was cancelled by mistake.
`;
