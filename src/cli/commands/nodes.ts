// `rollcall nodes`: the nodes of the cluster as one of them sees them; with --forget one that died is struck off. With
// several --url each of these is asked, so that it shows which of them is behind, or cannot be reached.

import type { Command } from 'commander';
import { callApi } from '../api-call.ts';
import type { Action, CliContext, Typed } from '../command.ts';
import { addConnectionFlags, addressText, connectionOf, type ServerConnection } from '../connection.ts';
import { type Fields, fieldsList, partField, textField } from '../document-fields.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type CommandFault, printFault } from '../fault.ts';
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
  const asked = await Promise.all(connection.urls.map((url) => askedOne({ ...connection, urls: [url] })));
  const document = asked.find((one) => !('problem' in one.reply))?.reply;
  const [first] = asked;
  if (document === undefined || 'problem' in document)
    return printFault((first as Asked).reply as CommandFault, context);
  const at = asked.length === 1 ? {} : { at: asked.map((one) => positionOf(one, asked)) };
  const all: Fields = { ...document, ...at };
  await print(context, typed, all, () => inWords(all, context));
  const isWhole = asked.every(({ reply }) => !('problem' in reply));
  return isWhole ? exitCodes.ok : exitCodes.failed;
}

interface Asked {
  readonly url: string;
  readonly reply: Fields | CommandFault;
}

async function askedOne(connection: ServerConnection): Promise<Asked> {
  const reply = await callApi(connection, { path: '/api/v1/nodes' });
  const url = addressText(connection);
  if (!('problem' in reply)) return { url, reply: reply.document };
  const problem = `${url} is a registry of its own, not a node of a cluster (setting clusterName).`;
  return { url, reply: reply.isUnknownCall === true ? { ...reply, problem } : reply };
}

/** Where a node is, and how many numbers behind the furthest of those asked. */
function positionOf({ url, reply }: Asked, all: readonly Asked[]): Fields {
  if ('problem' in reply) return { url, why: reply.problem };
  const revision = Number(reply['revision']);
  // Without etcd each node counts by itself.
  const isShared = reply['mode'] !== 'peers';
  const furthest = Math.max(...all.map((one) => ('problem' in one.reply ? 0 : Number(one.reply['revision']))));
  const { node, state, since, why, watchSilentSeconds, counts } = reply;
  const { pending } = partField({ counts }, 'counts');
  return {
    url,
    node,
    state,
    since,
    revision,
    ...(isShared ? { behind: furthest - revision } : {}),
    watchSilentSeconds,
    pending,
    why,
  };
}

function inWords(document: Fields, context: CliContext): string {
  const field = (name: string): string => printable(textField(document, name));
  const paint = painter(context);
  const isJoined = textField(document, 'state') === 'joined';
  const why = isJoined ? '' : `: ${field('why')}`;
  const head = paint(
    isJoined ? 'good' : 'doubtful',
    `${field('node')} is ${field('state')} since ${field('since')}${why}`,
  );
  const columns = ['node', 'state', 'owned', 'heardSecondsAgo', 'startedAt', 'version', 'missed', 'url'];
  const heads = ['NODE', 'STATE', 'OWNS', 'HEARD', 'STARTED', 'VERSION', 'MISSED', 'URL'];
  const rows = fieldsList(document, 'nodes').map((one) => columns.map((name) => textField(one, name)));
  const positions = fieldsList(document, 'at').map((one) => positionColumns.map((name) => textField(one, name)));
  const table = positions.length === 0 ? '' : `\n${tableText(positionHeads, positions, context)}`;
  return `${head}\n\n${tableText(heads, rows, context)}${table}${reasons(document)}`;
}

/** Sentences, which a table would show as one word each. */
function reasons(document: Fields): string {
  const lines = fieldsList(document, 'at')
    .filter((one) => textField(one, 'why') !== '')
    .map((one) => `${printable(textField(one, 'url'))}: ${printable(textField(one, 'why'))}`);
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`;
}

const positionColumns = ['url', 'node', 'state', 'since', 'revision', 'behind', 'watchSilentSeconds', 'pending'];
const positionHeads = ['ASKED', 'NODE', 'STATE', 'SINCE', 'REVISION', 'BEHIND', 'SILENT', 'PENDING'];

const examples = `
Examples:
  rollcall nodes                         who is in the cluster, and how many instances each runs
  rollcall nodes --url http://10.0.0.1:7171 --url http://10.0.0.2:7171    how far behind each of them is
  rollcall nodes --forget n3             n3 died and will not come back
  rollcall nodes --output json | jq -e '.state == "joined"'

docs/cluster.md has what each state means.
`;
