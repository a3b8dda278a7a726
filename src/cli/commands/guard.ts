// `rollcall guard`: self-protection as it is now: whether instances are evicted at the end of their lease, and if not, why
// and since when.

import type { Command } from 'commander';
import { callApi } from '../api-call.ts';
import type { Action, CliContext, Typed } from '../command.ts';
import { addConnectionFlags, connectionOf } from '../connection.ts';
import { type Fields, fieldsList, textField } from '../document-fields.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { printFault } from '../fault.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { painter } from '../terminal/style.ts';
import { tableText } from '../terminal/table.ts';

export function define(command: Command, context: CliContext): Action {
  addOutputFlag(addConnectionFlags(command)).addHelpText('after', examples);
  return (typed) => guard(typed, context);
}

async function guard(typed: Typed, context: CliContext): Promise<ExitCode> {
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const reply = await callApi(connection, { path: '/api/v1/guard?limit=1000' });
  if ('problem' in reply) return printFault(reply, context);
  const { document } = reply;
  await print(context, typed, document, () => inWords(document, context));
  return exitCodes.ok;
}

function inWords(document: Fields, context: CliContext): string {
  const say = (name: string): string => printable(textField(document, name));
  const paint = painter(context);
  const isHolding = document['holding'] === true;
  const head = isHolding ? paint('doubtful', `holding since ${say('since')}`) : paint('good', 'not holding');
  const budget = (document['evictionBudget'] ?? {}) as Fields;
  const perMinute = printable(textField(budget, 'perMinute'));
  const lines = [
    ['reason', say('reason')],
    ['instances', `${say('members')}; ${say('late')} late, ${say('suspects')} past their lease and kept (TTL 1)`],
    ['renewals', `${say('seenRenewalsPerMinute')} of ${say('expectedRenewalsPerMinute')} expected in the last minute`],
    ['rule', `below ${say('guardPercent')} % on time no instance is evicted, for at most ${say('ceilingSeconds')} s`],
    [
      'evicted',
      `${printable(textField(budget, 'lastMinute'))} in the last minute, at most ${perMinute === '' ? 'all' : perMinute}; ${printable(textField(budget, 'waiting'))} wait`,
    ],
  ] as const;
  const text = `${head}\n${lines.map(([name, value]) => `${name.padEnd(9)}  ${value}\n`).join('')}`;
  const apps = fieldsList(document, 'apps');
  if (apps.length === 0) return text;
  const columns = ['env', 'appid', 'members', 'late', 'suspects', 'since', 'reason'];
  const heads = columns.map((name) => name.toUpperCase());
  const table = tableText(
    heads,
    apps.map((app) => columns.map((name) => textField(app, name))),
    context,
    'sentence',
  );
  const more = Number(textField(document, 'moreApps'));
  return `${text}\n${table}${more > 0 ? `and ${more} more apps\n` : ''}`;
}

const examples = `
Examples:
  rollcall guard                         is anything held, and why
  rollcall guard --output json | jq -e '.holding == false'

docs/guard.md has the rules, and what was measured. "rollcall events --why evicted" lists evictions.
`;
