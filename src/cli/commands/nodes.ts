// `rollcall nodes`: the nodes of the cluster as one of them sees them; with --forget one that died is struck off.

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
  addOutputFlag(addConnectionFlags(command))
    .option(
      '--forget <node>',
      'strike off a node that died and will not come back, so that drains need not wait for it',
    )
    .addHelpText('after', examples);
  return (typed) => nodes(typed, context);
}

async function nodes(typed: Typed, context: CliContext): Promise<ExitCode> {
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const { forget } = typed.options as { readonly forget?: string };
  if (forget !== undefined) {
    const path = `/api/v1/nodes/${encodeURIComponent(forget)}`;
    const struck = await callApi(connection, { method: 'DELETE', path });
    if ('problem' in struck) return printFault(struck, context);
  }
  const reply = await callApi(connection, { path: '/api/v1/nodes' });
  if ('problem' in reply) return printFault(reply, context);
  const { document } = reply;
  await print(context, typed, document, () => inWords(document, context));
  return exitCodes.ok;
}

function inWords(document: Fields, context: CliContext): string {
  const say = (name: string): string => printable(textField(document, name));
  const paint = painter(context);
  const isJoined = textField(document, 'state') === 'joined';
  const why = isJoined ? '' : `: ${say('why')}`;
  const head = paint(isJoined ? 'good' : 'doubtful', `${say('node')} is ${say('state')} since ${say('since')}${why}`);
  const columns = ['node', 'state', 'owned', 'heardSecondsAgo', 'startedAt', 'version', 'missed', 'url'];
  const heads = ['NODE', 'STATE', 'OWNS', 'HEARD', 'STARTED', 'VERSION', 'MISSED', 'URL'];
  const rows = fieldsList(document, 'nodes').map((one) => columns.map((name) => textField(one, name)));
  return `${head}\n\n${tableText(heads, rows, context)}`;
}

const examples = `
Examples:
  rollcall nodes                         who is in the cluster, and how many instances each runs
  rollcall nodes --forget n3             n3 died and will not come back
  rollcall nodes --output json | jq -e '.state == "joined"'

docs/cluster.md has what each state means.
`;
