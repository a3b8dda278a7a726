// `rollcall drain`: out of every answer, but still registered. With --wait it stays until no resolver can hold the
// address any more, so that `rollcall drain … --wait && systemctl stop …` loses no request.
// The server decides when that is; the seconds counted down on a terminal are only for its reader.

import type { Command } from 'commander';
import type { DoneReply } from '../../client/registry/reply.ts';
import { callApi } from '../api-call.ts';
import { type Action, type CliContext, describeArguments, type Typed, textOption } from '../command.ts';
import { addConnectionFlags, connectionOf, type ServerConnection } from '../connection.ts';
import { type Fields, textField, timeUntil } from '../document-fields.ts';
import { durationMs, durationText } from '../duration.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type CommandFault, printFault } from '../fault.ts';
import { apiPathOf, pathText, typedInstanceOf } from '../instance-path.ts';
import { countDown } from '../terminal/count-down.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';

/** As long as the server allows, and longer than the longest TTL of a sensible configuration. */
const waitMsMax = 300_000;
/** As the server has it: a longer one should be looked at again. */
const holdMsMax = 7 * 24 * 3_600_000;

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'the instance as ENV/APPID/INSTANCE, such as prod/orders/orders-1');
  command
    .option('--wait [duration]', 'stay until it is safe to stop it, or so long: 30s, 2m (default: 5m)')
    .option('--hold <duration>', 'keep it out for so long whatever is registered: 30m, 2h, at most 7d; "up" ends it')
    .option('--reason <text>', 'why: recorded, and shown by "rollcall events"');
  addOutputFlag(addConnectionFlags(command)).addHelpText('after', examples);
  return (typed) => drain(typed, context);
}

async function drain(typed: Typed, context: CliContext): Promise<ExitCode> {
  const path = typedInstanceOf(typed.args[0] ?? '', 'drain');
  if ('problem' in path) return printFault(path, context);
  const waitMs = waitOf(typed);
  if (typeof waitMs === 'object') return printFault(waitMs, context);
  const holdMs = holdOf(typed);
  if (typeof holdMs === 'object') return printFault(holdMs, context);
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const isTable = textOption(typed, 'output') === 'table';
  const called: Call = { connection, path: `${apiPathOf(path)}/drain`, holdMs, reason: textOption(typed, 'reason') };
  const reply = await post(called, undefined);
  if ('problem' in reply) return printFault(reply, context);
  const first = reply.document;
  const name = printable(pathText(path));
  if (isTable) context.out(`${firstWords(name, first, waitMs !== undefined, holdMs)}\n`);
  if (waitMs === undefined || isSafe(first)) {
    await print(context, typed, first, () => (isSafe(first) ? `${safeWords(first)}\n` : ''));
    return exitCodes.ok;
  }
  const stop = isTable ? countDown('waiting', Number(textField(first, 'safeInSeconds')), context) : () => {};
  // The hold is there already: it would begin anew.
  const ending = await post({ ...called, holdMs: undefined }, waitMs);
  stop();
  if ('problem' in ending) return printFault(ending, context);
  const last = ending.document;
  await print(context, typed, last, () => (isSafe(last) ? `${safeWords(last)}\n` : ''));
  if (isSafe(last)) return exitCodes.ok;
  const left = `safe at ${printable(textField(last, 'safeToStopAt'))} (${timeUntil(last, 'safeToStopAt', Date.now())})`;
  return printFault({ problem: `Not safe to stop ${name} yet: ${left}.`, code: exitCodes.failed }, context);
}

function isSafe({ safe }: Fields): boolean {
  return safe === true || safe === 'assumed';
}

/** A node that died without a word is named: it may answer resolvers still, if it did not die. */
function safeWords({ safe, assumedDead }: Fields): string {
  if (safe !== 'assumed' || !Array.isArray(assumedDead)) return safeNow;
  return `${safeNow}, unless ${printable(assumedDead.join(', '))} is not dead (rollcall nodes)`;
}

const safeNow = 'safe to stop: no resolver can hold it any more';

interface Call {
  readonly connection: ServerConnection;
  readonly path: string;
  readonly holdMs: number | undefined;
  readonly reason: string | undefined;
}

/** The reply; `waitMs` undefined: at once. */
async function post(
  { connection, path, holdMs, reason }: Call,
  waitMs: number | undefined,
): Promise<DoneReply | CommandFault> {
  const query = new URLSearchParams({
    ...(waitMs === undefined ? {} : { wait: `${waitMs}ms` }),
    ...(holdMs === undefined ? {} : { hold: `${holdMs}ms` }),
    ...(reason === undefined ? {} : { reason: reason.toWellFormed() }),
  });
  return callApi(connection, { method: 'POST', path: `${path}?${query.toString()}`, serverWaitMs: waitMs ?? 0 });
}

function firstWords(name: string, document: Fields, isWaiting: boolean, holdMs: number | undefined): string {
  const is = textField(document, 'outcome') === 'unchanged' ? 'was drained before' : 'is drained';
  const held =
    holdMs === undefined
      ? ''
      : `\nheld for ${durationText(holdMs)}, whatever is registered; ends earlier with: rollcall up ${name}`;
  const out = `${name} ${is}: registered, and in no answer any more${held}`;
  if (isSafe(document)) return out;
  const until = printable(textField(document, 'safeToStopAt'));
  const left = timeUntil(document, 'safeToStopAt', Date.now());
  return `${out}\nresolvers may still hold it until ${until} (${left})${isWaiting ? '' : ': stop it then'}`;
}

function waitOf({ options }: Typed): number | undefined | CommandFault {
  const value = options['wait'];
  if (value === undefined) return undefined;
  return typeof value === 'string' ? durationMs('--wait', value, waitMsMax) : waitMsMax;
}

function holdOf(typed: Typed): number | undefined | CommandFault {
  const text = textOption(typed, 'hold');
  return text === undefined ? undefined : durationMs('--hold', text, holdMsMax);
}

const examples = `
Examples:
  rollcall drain prod/orders/orders-1 --wait && systemctl stop orders
  rollcall drain prod/orders/orders-1 --wait 30s --reason 'deploy of 1.4.3'
  rollcall drain prod/orders/orders-1 --hold 2h --reason 'disk is being replaced'
  rollcall drain prod/orders/orders-1 --output json | jq -r .safeToStopAt

It takes traffic again with "rollcall up", or, without --hold, when it is registered as up.
Exit code 1: --wait was over before it was safe, or the instance was registered as up meanwhile; 4: it is not
registered.
`;
