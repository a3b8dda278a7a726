// `rollcall token new NAME`: a secret for a caller, printed once, and the entry for the token file, which has its SHA-256
// alone. `rollcall token check FILE`: whether a token file can be used, and who is in it; for a pipeline, before a server reads it.

import { hash, randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { readCredentials } from '../../config/credential-file.ts';
import type { Credential } from '../../model/credential.ts';
import { Right } from '../../model/principal.ts';
import { exposureOf } from '../../runtime/exposed-file.ts';
import { type Action, type CliContext, describeArguments, oneMore, textOption, textOptions } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { printFault, usageFault } from '../fault.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { type Column, tableText } from '../terminal/table.ts';

const secretOctets = 32;

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'what to do: new, check', 'new: the name of the caller; check: the token file');
  command.registeredArguments[0]?.choices(['new', 'check']);
  command
    .option('--right <right>', `new: ${Right.join(', ')}; may be given again (default: read)`, oneMore)
    .option('--env <pattern>', 'new: the envs in which it has them, * is any run of characters (default: all)')
    .option('--app <pattern>', 'new: the apps of these (default: all)')
    .option('--expires <time>', 'new: until when it counts, such as 2027-01-31');
  addOutputFlag(command).addHelpText('after', examples);
  return async (typed) => {
    const [action, subject] = typed.args as readonly [string, string];
    return action === 'check' ? check(subject, typed, context) : makeNew(subject, typed, context);
  };
}

type Typed = Parameters<Action>[0];

async function makeNew(name: string, typed: Typed, context: CliContext): Promise<ExitCode> {
  const secret = randomBytes(secretOctets).toString('base64url');
  const given = textOptions(typed, 'right');
  const [env, app, expires] = [textOption(typed, 'env'), textOption(typed, 'app'), textOption(typed, 'expires')];
  const grant = {
    rights: given.length === 0 ? ['read'] : [...given],
    ...(env === undefined ? {} : { env }),
    ...(app === undefined ? {} : { app }),
  };
  const entry = {
    name,
    sha256: hash('sha256', secret),
    allow: [grant],
    ...(expires === undefined ? {} : { expires }),
  };
  // A list of one, as it is pasted into the file.
  const text = stringify([entry], { lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' });
  const outcome = readCredentials(text, []);
  if ('problems' in outcome) {
    const sentences = outcome.problems.map((problem) => problem.replace(/^line \d+: (?:entry 1: |[a-z0-9_-]+: )?/, ''));
    return printFault(usageFault(`Cannot make a token: ${sentences.join('; ')}`), context);
  }
  await print(context, typed, { secret, entry }, () => `${secret}\n\n# for the token file:\n${text}`);
  return exitCodes.ok;
}

async function check(path: string, typed: Typed, context: CliContext): Promise<ExitCode> {
  const file = context.readFile(path);
  if (file.kind !== 'text') {
    const reason = file.kind === 'missing' ? 'there is no such file' : file.reason;
    context.err(`Cannot read ${JSON.stringify(path)}: ${reason}\n`);
    return exitCodes.failed;
  }
  const outcome = readCredentials(file.text, []);
  if ('problems' in outcome) {
    for (const problem of outcome.problems) context.err(`${path}: ${problem}\n`);
    return exitCodes.failed;
  }
  const exposure = exposureOf(path);
  if (exposure !== undefined) context.err(`${path} is not private: ${exposure.text}\n`);
  const { credentials } = outcome.value;
  const document = { entries: credentials.map(entryDocument) };
  await print(context, typed, document, () => {
    const rows = credentials.map((one) => [one.name, one.proof.kind, rightsText(one), endText(one)]);
    return tableText(columns, rows, context);
  });
  return exitCodes.ok;
}

function entryDocument(credential: Credential) {
  const { name, proof, grants, instancesMax } = credential;
  const end = endText(credential);
  return {
    name,
    kind: proof.kind,
    allow: grants,
    expires: end === '' ? null : end,
    instancesMax: instancesMax ?? null,
  };
}

function rightsText({ grants }: Credential): string {
  return grants.map(({ rights, env = '*', app = '*' }) => `${rights.join(' ')} ${env}/${app}`).join(', ');
}

function endText({ expiresAtMs }: Credential): string {
  return expiresAtMs === undefined ? '' : new Date(expiresAtMs).toISOString();
}

const columns: readonly Column[] = [
  { head: 'NAME' },
  { head: 'KIND' },
  { head: 'RIGHTS', holds: 'sentence' },
  { head: 'EXPIRES' },
];

const examples = `
Examples:
  rollcall token new deploy --right read --right register --env prod --app orders
  rollcall token new prometheus --right metrics --expires 2027-12-31
  rollcall token check /etc/rollcall/tokens.yaml

The secret is printed once and kept nowhere; the entry has its SHA-256. docs/security.md has the form of the file.
`;
