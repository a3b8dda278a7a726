// `rollcall tls init`: a private authority, a certificate for the server and one for a client, to try TLS with. Made by the
// `openssl` program: nothing here knows how a certificate is encoded. What a company has for this (ACME, Vault, cert-manager)
// is better: here the authority's key lies beside what it signs.
// Limits: files that are there are never written over; all of it expires after --days.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { type Action, type CliContext, describeArguments, oneMore, textOption, textOptions } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { type CommandFault, usageFault } from '../fault.ts';

const daysMax = 825;

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'what to do: init');
  command.registeredArguments[0]?.choices(['init']);
  command
    .option('--dir <dir>', 'folder for the files (default: tls)')
    .option(
      '--host <name>',
      'name or IP address of the server; may be given again (default: localhost, 127.0.0.1, ::1 and this host)',
      oneMore,
    )
    .option('--client <name>', 'name in the client certificate (default: client)')
    .option('--days <days>', `how long they are valid, 1 to ${daysMax} (default: 30)`)
    .addHelpText('after', examples);
  return async (typed) => {
    const plan = planOf(typed);
    const outcome = 'problem' in plan ? plan : await make(plan);
    if ('problem' in outcome) {
      context.err(`${outcome.problem}\n`);
      return outcome.code;
    }
    context.out(nextSteps(outcome.dir));
    return exitCodes.ok;
  };
}

interface Plan {
  readonly dir: string;
  readonly hosts: readonly string[];
  readonly client: string;
  readonly days: number;
}

function planOf(typed: Parameters<Action>[0]): Plan | CommandFault {
  const dir = textOption(typed, 'dir') ?? 'tls';
  const given = textOptions(typed, 'host');
  const hosts = given.length > 0 ? given : [...new Set(['localhost', '127.0.0.1', '::1', hostname()])];
  const client = textOption(typed, 'client') ?? 'client';
  const days = Number(textOption(typed, 'days') ?? '30');
  const wrong = hosts.find((host) => isIP(host) === 0 && !/^[A-Za-z0-9*.-]{1,253}$/.test(host));
  if (wrong !== undefined)
    return usageFault(`--host: ${JSON.stringify(wrong)} is neither a host name nor an IP address`);
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(client))
    return usageFault(`--client: ${JSON.stringify(client)} is not a name of 1 to 64 of A-Z a-z 0-9 . _ -`);
  if (!Number.isInteger(days) || days < 1 || days > daysMax)
    return usageFault(
      `--days: ${JSON.stringify(textOption(typed, 'days'))} is not a whole number from 1 to ${daysMax}`,
    );
  return { dir, hosts, client, days };
}

const files = ['ca.pem', 'ca.key', 'server.pem', 'server.key', 'client.pem', 'client.key'];
const leftovers = ['server.csr', 'client.csr', 'server.ext', 'client.ext', 'ca.srl'];

async function make({ dir, hosts, client, days }: Plan): Promise<{ readonly dir: string } | CommandFault> {
  const there = files.find((file) => existsSync(join(dir, file)));
  if (there !== undefined) {
    return {
      problem: `Cannot make certificates: ${join(dir, there)} is there already; name another --dir`,
      code: exitCodes.failed,
    };
  }
  const names = hosts.map((host) => `${isIP(host) === 0 ? 'DNS' : 'IP'}:${host}`).join(',');
  const leaf = 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n';
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    await openssl(dir, [
      ...['req', '-x509', ...newKey, '-days', String(days), '-subj', '/CN=rollcall trial authority'],
      ...['-addext', 'basicConstraints=critical,CA:TRUE,pathlen:0', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
      ...['-keyout', 'ca.key', '-out', 'ca.pem'],
    ]);
    await sign(
      dir,
      'server',
      hosts[0] as string,
      `${leaf}extendedKeyUsage=serverAuth\nsubjectAltName=${names}\n`,
      days,
    );
    await sign(dir, 'client', client, `${leaf}extendedKeyUsage=clientAuth\n`, days);
    for (const file of leftovers) rmSync(join(dir, file), { force: true });
    return { dir };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT' ? 'the program openssl is not installed' : message.trim().replaceAll(/\s*\n\s*/g, '; ');
    return { problem: `Cannot make certificates in ${dir}: ${reason}`, code: exitCodes.failed };
  }
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

async function sign(dir: string, what: string, name: string, extensions: string, days: number): Promise<void> {
  writeFileSync(join(dir, `${what}.ext`), extensions);
  // A common name has at most 64 characters; a server is known by its other names.
  const subject = `/CN=${name.slice(0, 64)}`;
  await openssl(dir, ['req', ...newKey, '-subj', subject, '-keyout', `${what}.key`, '-out', `${what}.csr`]);
  await openssl(dir, [
    ...['x509', '-req', '-in', `${what}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-days', String(days), '-extfile', `${what}.ext`, '-out', `${what}.pem`],
  ]);
}

/** openssl creates keys with mode 0600. */
async function openssl(cwd: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)('openssl', args, { cwd, timeout: 30_000 });
}

function nextSteps(dir: string): string {
  const at = (file: string): string => join(dir, file);
  return `${files.map((file) => `${at(file)}\n`).join('')}
Start the server with them:
  rollcall serve --tls-cert ${at('server.pem')} --tls-key ${at('server.key')}
and call it:
  rollcall ls --url https://127.0.0.1:7171 --ca ${at('ca.pem')}
  curl --cacert ${at('ca.pem')} https://127.0.0.1:7171/api/v1/apps
To have clients show a certificate, set ROLLCALL_TLS_CLIENT_AUTH=required ROLLCALL_TLS_CLIENT_CA=${at('ca.pem')}, and call with
  --client-cert ${at('client.pem')} --client-key ${at('client.key')}
These are for trying it out: the holder of ${at('ca.key')} can sign for all that trust ${at('ca.pem')}.
`;
}

const examples = `
Examples:
  rollcall tls init
  rollcall tls init --host registry.example.org --host 10.0.0.5 --dir /etc/rollcall/tls
  rollcall tls init --client deploy --days 7

It runs the program openssl. The name in a client certificate is who has made a change, in events and in the log.
`;
