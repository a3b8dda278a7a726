// `rollcall export`: everything that is registered as one file, a JSON object a line, with bounded memory on both sides.
// The file appears complete or not at all: it is written beside its place and moved there when its last line has come.

import { createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { faultOf, linkTo } from '../api-call.ts';
import { type Action, type CliContext, describeArguments, type Typed } from '../command.ts';
import { addConnectionFlags, connectionOf } from '../connection.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type CommandFault, printFault } from '../fault.ts';
import { lastLineIsEnd } from '../transfer-file.ts';

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'the file to write; - is the standard output');
  addConnectionFlags(command).addHelpText('after', examples);
  return (typed) => exportAll(typed, context);
}

const headTimeoutMs = 60_000;

async function exportAll(typed: Typed, context: CliContext): Promise<ExitCode> {
  const [path = '-'] = typed.args;
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const stop = new AbortController();
  const opened = await linkTo(connection, headTimeoutMs).open('/api/v1/export', 'application/x-ndjson', stop.signal);
  if (opened.kind !== 'open') return printFault(faultOf(connection, opened), context);
  const fault = await (path === '-' ? written(opened.body, process.stdout) : writtenTo(path, opened.body));
  opened.close();
  if (fault !== undefined) return printFault(fault, context);
  if (path !== '-') context.err(`exported to ${path}\n`);
  return exitCodes.ok;
}

async function writtenTo(path: string, body: AsyncIterable<Uint8Array>): Promise<CommandFault | undefined> {
  const beside = `${path}.${process.pid}.part`;
  // Metadata may hold what other users of the machine must not read.
  const fault = await written(body, createWriteStream(beside, { flags: 'wx', mode: 0o600 }));
  try {
    if (fault === undefined) {
      const file = await open(beside, 'r');
      await file.sync();
      await file.close();
      await rename(beside, path);
      return undefined;
    }
    await rm(beside, { force: true });
    return fault;
  } catch (error) {
    return { problem: `Cannot write ${path}: ${(error as Error).message}.`, code: exitCodes.failed };
  }
}

/** The last line shows that nothing is missing. */
async function written(body: AsyncIterable<Uint8Array>, to: Writable): Promise<CommandFault | undefined> {
  let tail = '';
  const failed = (problem: string): CommandFault => ({ problem, code: exitCodes.failed });
  try {
    await pipeline(
      body,
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          tail = (tail + Buffer.from(chunk).toString('latin1')).slice(-1024);
          yield chunk;
        }
      },
      to,
      { end: to !== process.stdout },
    );
  } catch (error) {
    return failed(`The export broke off: ${(error as Error).message}.`);
  }
  return lastLineIsEnd(tail) ? undefined : failed('The export broke off: its last line did not come.');
}

const examples = `
Examples:
  rollcall export registry.jsonl --url http://10.0.0.5:7171
  rollcall export - | jq -r 'select(.kind == "instance") | [.env, .appid, .instance] | join("/")'

"rollcall import" registers what is in the file, at the same registry or another one. A token needs the right "operate".
`;
