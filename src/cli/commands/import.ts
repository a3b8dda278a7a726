// `rollcall import`: registers what an export has. Without --yes it only prints what it would do. What is newer in the
// registry stays, so a second import, or one that goes on after a failure, does no harm.

import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import type { RegistryLink } from '../../client/registry/registry-link.ts';
import { faultOf, linkTo } from '../api-call.ts';
import { type Action, type CliContext, describeArguments, type Typed } from '../command.ts';
import { addConnectionFlags, connectionOf, type ServerConnection } from '../connection.ts';
import { type Fields, fieldsList, instanceField, textField } from '../document-fields.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type CommandFault, printFault } from '../fault.ts';
import { printable } from '../terminal/printable.ts';
import { headProblem, lineCharactersMax, linesOf } from '../transfer-file.ts';

/** A call's body stays well below what the server takes, also where each character is four octets. */
const batchMax = { lines: 200, octets: lineCharactersMax } as const;
const timeoutMs = 60_000;

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'a file that "rollcall export" has written; - is the standard input');
  command.option('--yes', 'do it; without this only what would be done is printed');
  addConnectionFlags(command).addHelpText('after', examples);
  return (typed) => importAll(typed, context);
}

async function importAll(typed: Typed, context: CliContext): Promise<ExitCode> {
  const [path = '-'] = typed.args;
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const isDryRun = typed.options['yes'] !== true;
  const run = new Import(connection, isDryRun, context);
  const fault = await run.all(path);
  context.out(run.summary());
  if (fault !== undefined) return printFault(fault, context);
  return run.hasFailed ? exitCodes.failed : exitCodes.ok;
}

class Import {
  readonly #connection: ServerConnection;
  readonly #link: RegistryLink;
  readonly #isDryRun: boolean;
  readonly #context: CliContext;
  readonly #counts = new Map<string, number>();
  #batch: unknown[] = [];
  #octets = 0;

  constructor(connection: ServerConnection, isDryRun: boolean, context: CliContext) {
    this.#connection = connection;
    this.#link = linkTo(connection, timeoutMs);
    this.#isDryRun = isDryRun;
    this.#context = context;
  }

  get hasFailed(): boolean {
    return this.#counts.has('failed');
  }

  async all(path: string): Promise<CommandFault | undefined> {
    const from = printable(path === '-' ? 'the standard input' : path);
    let [number, hasEnded] = [0, false];
    try {
      const input = path === '-' ? process.stdin : createReadStream(path);
      for await (const line of linesOf(input.setEncoding('utf8') as AsyncIterable<string>)) {
        number++;
        if (line.trim() === '') continue;
        const value: unknown = JSON.parse(line);
        const head = number === 1 ? headProblem(value) : undefined;
        if (head !== undefined) return faultIn(from, head);
        hasEnded = kindOf(value) === 'end';
        const isEntry = number > 1 && !hasEnded;
        const fault = isEntry ? await this.#take(value, Buffer.byteLength(line)) : undefined;
        if (fault !== undefined) return fault;
      }
    } catch (error) {
      return (await this.#send()) ?? faultIn(from, `line ${number}: ${(error as Error).message}`);
    }
    const fault = await this.#send();
    if (fault !== undefined || hasEnded) return fault;
    return faultIn(from, 'its last line is missing: it is not complete. What it has was read');
  }

  summary(): string {
    const counts = [...this.#counts].map(([outcome, count]) => `${count} ${outcome}`);
    const text = counts.length === 0 ? 'nothing' : counts.join(', ');
    return this.#isDryRun ? `would be: ${text}. With --yes it is done\n` : `${text}\n`;
  }

  async #take(line: unknown, octets: number): Promise<CommandFault | undefined> {
    const isFull = this.#batch.length >= batchMax.lines || this.#octets + octets > batchMax.octets;
    const fault = isFull ? await this.#send() : undefined;
    this.#batch.push(line);
    this.#octets += octets;
    return fault;
  }

  async #send(): Promise<CommandFault | undefined> {
    const lines = this.#batch;
    this.#batch = [];
    this.#octets = 0;
    if (lines.length === 0) return undefined;
    const path = `/api/v1/import?dryRun=${this.#isDryRun}`;
    const never = new AbortController().signal;
    const reply = await this.#link.call({ method: 'POST', path, body: { lines } }, never);
    if (reply.kind !== 'done') return faultOf(this.#connection, reply);
    for (const result of fieldsList(reply.document, 'results')) this.#report(result);
    return undefined;
  }

  /** What went as it should is counted, the rest is named. */
  #report(result: Fields): void {
    const outcome = textField(result, 'outcome');
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
    const [reason, label] = [textField(result, 'reason'), textField(result, 'label')];
    const name = printable(instanceField(result));
    if (reason !== '') this.#context.out(`${name}: ${outcome}: ${printable(reason)}\n`);
    if (label !== '') this.#context.out(`${name}: its label in DNS is ${printable(label)} here\n`);
  }
}

function kindOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as Fields)['kind'] : undefined;
}

function faultIn(from: string, what: string): CommandFault {
  return { problem: `Cannot import ${from}: ${printable(what)}.`, code: exitCodes.failed };
}

const examples = `
Examples:
  rollcall import registry.jsonl                          a dry run
  rollcall import registry.jsonl --yes --url http://10.0.0.5:7171 --url http://10.0.0.6:7171
  rollcall export - --url http://old:7171 | rollcall import - --yes --url http://new:7171

Leases start afresh: what is not renewed leaves again. A token needs the right "operate". docs/backup.md has more.
`;
