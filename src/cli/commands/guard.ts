// `rollcall guard`: self-protection as it is now: whether instances are evicted at the end of their lease, and if not, why
// and since when.

import type { Command } from 'commander';
import { callApi } from '../api-call.ts';
import type { Action, CliContext, Typed } from '../command.ts';
import { addConnectionFlags, connectionOf } from '../connection.ts';
import { appField, type Fields, fieldsList, partField, textField, timeUntil } from '../document-fields.ts';
import { durationText } from '../duration.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { printFault } from '../fault.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { painter } from '../terminal/style.ts';
import { type Column, tableText } from '../terminal/table.ts';

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
  const nowMs = Date.now();
  const field = (name: string): string => printable(textField(document, name));
  const paint = painter(context);
  const isHolding = document['holding'] === true;
  const head = isHolding
    ? paint('doubtful', `holding for ${sinceText(document, nowMs)}, since ${field('since')}`)
    : paint('good', 'not holding');
  const budget = partField(document, 'evictionBudget');
  const perMinute = printable(textField(budget, 'perMinute'));
  const ceiling = durationText(Number(textField(document, 'ceilingSeconds')) * 1000);
  const lines = [
    ['reason', field('reason')],
    [
      'instances',
      `${field('members')} registered, of these ${field('late')} late, ${field('suspects')} past their lease and kept`,
    ],
    [
      'renewals',
      `${field('seenRenewalsPerMinute')} in the last minute, ${field('expectedRenewalsPerMinute')} expected`,
    ],
    ['rule', `none is evicted while less than ${field('guardPercent')} % are on time, for ${ceiling} at most`],
    [
      'evicted',
      `${printable(textField(budget, 'lastMinute'))} in the last minute, ${perMinute === '' ? 'without limit' : `${perMinute} at most`}; ${printable(textField(budget, 'waiting'))} wait`,
    ],
  ] as const;
  const text = `${head}\n${lines.map(([name, value]) => `${name.padEnd(9)}  ${value}\n`).join('')}`;
  const apps = fieldsList(document, 'apps');
  if (apps.length === 0) return text;
  const rows = apps.map((app) => [
    appField(app),
    textField(app, 'late'),
    textField(app, 'suspects'),
    context.terminal === undefined ? textField(app, 'since') : sinceText(app, nowMs),
    textField(app, 'reason'),
  ]);
  const more = Number(textField(document, 'moreApps'));
  return `${text}\n${tableText(columns, rows, context)}${more > 0 ? `and ${more} more apps\n` : ''}`;
}

/** The only total is that of all instances, above: what an app has is in its reason. */
const columns: readonly Column[] = [
  { head: 'APP', shrinksTo: 20, keeps: 'ends' },
  { head: 'LATE' },
  { head: 'KEPT' },
  { head: 'SINCE' },
  { head: 'REASON', holds: 'sentence' },
];

function sinceText(held: Fields, nowMs: number): string {
  return timeUntil(held, 'since', nowMs).replace('-', '');
}

const examples = `
Examples:
  rollcall guard                         is anything held, and why
  rollcall guard --output json | jq -e '.holding == false'

docs/guard.md has the rules, and what was measured. "rollcall events --why evicted" lists evictions.
`;
